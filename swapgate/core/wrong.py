"""What is wrong with data that somebody wrote, as a person would say it: what pydantic found, and what json did."""

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

MISSING = ("missing", "missing_argument")
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""Types of pydantic's errors: of a key that is not there, and of one that nobody knows."""
TEXT, WHOLE, NUMBER, YES, LIST, TABLE, DAY = (
    *("must be a text", "must be a whole number", "must be a number", "must be true or false"),
    *("must be a list", "must be a table", "must be a day, such as 2027-03-31"),
)
WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(MISSING, "missing"),
        **dict.fromkeys(UNKNOWN, "unknown key"),
        **dict.fromkeys(("string_type", "none_required"), TEXT),
        "string_unicode": "must be a text of whole letters",
        **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE),
        **dict.fromkeys(("float_type", "float_parsing"), NUMBER),
        "finite_number": "must be a finite number",
        **dict.fromkeys(("bool_type", "bool_parsing"), YES),
        **dict.fromkeys(("list_type", "tuple_type"), LIST),
        **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), TABLE),
        **dict.fromkeys(("dataclass_type", "dataclass_exact_type", "mapping_type"), TABLE),
        **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), DAY),
        "literal_error": "must be {expected}",
        "greater_than": "must be above {gt:g}",
        "greater_than_equal": "must be {ge:g} or more",
        "less_than": "must be below {lt:g}",
        "less_than_equal": "must be {le:g} or less",
        "string_too_short": "must have {min_length} letters or more",
        "too_short": "must have {min_length} parts or more",
        "too_long": "must have {max_length} parts or fewer",
        "string_pattern_mismatch": "must be of the form {pattern}",
        "value_error": "{error}",
    }
)
"""By the type of an error, with what it says of it (pydantic's documentation, "Validation Errors")."""
JSON: Sequence[tuple[str, str]] = (
    ("eof|unterminated", "it ends too early"),
    ("expecting value|expected value|expected ident", "no value stands where one must"),
    ("expecting property|key must", "no name in double quotes stands where one must"),
    ("extra data|trailing char", "something stands behind its end"),
    ("illegal trailing comma|trailing comma", "a comma has nothing behind it"),
    ("expecting ',|expected `,`", "a comma is missing"),
    ("expecting ':|expected `:`", "a colon is missing"),
    ("control", "a line break or the like stands inside a text"),
    ("escape", "a backslash in a text is followed by what it cannot be"),
    ("recursion", "it is nested too deeply"),
    ("unicode|surrogate|codec", "it holds what is no letter of UTF-8"),
    ("invalid number|number out of range", "a number is none"),
)
"""What readers of JSON say (json's and jiter's), and what it means."""


def wrong(error: ValidationError, whole: str = "the file") -> str:
    """Return the first thing that is wrong, behind where: "cases.ada.input: missing"; `whole` stands for no place."""
    detail = error.errors(include_url=False)[0]
    is_number = detail["type"] == "string_type" and isinstance(detail["input"], int | float)
    found = f", found {json.dumps(detail['input'])}" if is_number else ""
    return f"{place(detail['loc']) or whole}: {words_of(detail)}{found}"


def place(location: Sequence[Any]) -> str:
    """Write where something is wrong with dots, without the marks that pydantic puts there of a choice of shapes."""
    return ".".join(str(part) for part in location if not str(part).startswith("["))


def words_of(detail: ErrorDetails) -> str:
    """Return what is wrong with one value."""
    context: dict[str, Any] = detail.get("ctx") or {}
    if detail["type"] == "json_invalid":
        return f"no JSON ({json_words(str(context['error']))})"
    if context.get("min_length") == 1:
        return "is empty"
    template = WORDS.get(detail["type"])
    return template.format_map(context) if template else f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def no_json(error: Exception) -> str:
    """Return what an exception means that reading and decoding a JSON text raised; others say what they say."""
    if isinstance(error, ValidationError):
        return wrong(error)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return json_words(str(error))
    return str(getattr(error, "strerror", None) or error)


def json_words(said: str) -> str:
    """Return what a reader of JSON says in other words, with line and column where it has them."""
    found = re.search(r"line (\d+),? column (\d+)", said)
    where = f" (line {found[1]}, column {found[2]})" if found else ""
    return next((words for pattern, words in JSON if re.search(pattern, said, re.IGNORECASE)), said) + where
