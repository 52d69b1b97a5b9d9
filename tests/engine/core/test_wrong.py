"""What is wrong with data, as a person would say it: no words of pydantic's or json's reach anybody."""

import json
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from swapgate.core.wrong import no_json, wrong


class Shape(BaseModel):
    """Some of what a table can hold."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    text: Annotated[str, Field(min_length=1, pattern="^[a-z]+$")] = "a"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    on: bool = True
    kind: Literal["one", "two"] = "one"
    pair: Annotated[list[int], Field(min_length=2, max_length=2)] = [1, 2]
    some: Annotated[dict[str, int], Field(min_length=1)] = {"a": 1}
    until: date | None = None
    inner: "Shape | None" = None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"text": 3}, "text: must be a text, found 3"),
        ({"text": ""}, "text: is empty"),
        ({"text": "A"}, "text: must be of the form ^[a-z]+$"),
        ({"count": 1.5}, "count: must be a whole number"),
        ({"count": 0}, "count: must be 1 or more"),
        ({"count": 10}, "count: must be 9 or less"),
        ({"share": "1"}, "share: must be a number"),
        ({"share": 0.0}, "share: must be above 0"),
        ({"share": 1.0}, "share: must be below 1"),
        ({"share": float("nan")}, "share: must be a finite number"),
        ({"on": 1}, "on: must be true or false"),
        ({"kind": "three"}, "kind: must be 'one' or 'two'"),
        ({"pair": 1}, "pair: must be a list"),
        ({"pair": [1]}, "pair: must have 2 parts or more"),
        ({"pair": [1, 2, 3]}, "pair: must have 2 parts or fewer"),
        ({"some": {}}, "some: is empty"),
        ({"some": 1}, "some: must be a table"),
        ({"until": 3}, "until: must be a day, such as 2027-03-31"),
        ({"inner": {"count": "x"}}, "inner.count: must be a whole number"),
        ({"inner": 3}, "inner: must be a table"),
        ({"strange": 1}, "strange: unknown key"),
        (3, "the file: must be a table"),
    ],
)
def test_shapes(data, words):
    """What does not fit a shape is named with its place, and with what it must be."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Shape).validate_python(data)
    assert wrong(raised.value) == words


READERS: list[Any] = [json.loads, TypeAdapter(dict[str, Any]).validate_json]


@pytest.mark.parametrize("read", READERS, ids=["json", "pydantic"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no value stands where one must|it ends too early"),
        ("Ada", "no value stands where one must"),
        ('{"a": ', "no value stands where one must|it ends too early"),
        ("{a: 1}", "no name in double quotes stands where one must"),
        ('{"a": 1} 2', "something stands behind its end"),
        ('{"a": [1 2]}', "a comma is missing"),
        ('{"a" 1}', "a colon is missing"),
        ('{"a": "b', "it ends too early"),
        ('{"a": "b\n"}', "a line break or the like stands inside a text"),
        ('{"a": "\\q"}', "a backslash in a text is followed by what it cannot be"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_json(read, text, words):
    """What is no JSON is told alike, whoever read it, with line and column where these are known."""
    with pytest.raises((ValueError, RecursionError)) as raised:
        read(text)
    assert any(one in no_json(raised.value) for one in words.split("|"))
    assert "xpect" not in no_json(raised.value)


def test_letters():
    """Bytes that are no text, and files that are not there, are told too."""
    with pytest.raises(UnicodeDecodeError) as raised:
        b"\xff".decode()
    assert no_json(raised.value) == "it holds what is no letter of UTF-8"
    assert no_json(FileNotFoundError(2, "No such file or directory")) == "No such file or directory"
    assert no_json(ValueError("its own words")) == "its own words"
