"""The process that tries regular expressions and JSON schemas: python -P checker_child.py reads requests, a line each.

It is run by its path and imports nothing of swapgate. Each request is what is to be done, how many seconds of the
processor it may take, and texts; a line answers with words that say what is wrong, empty where nothing is, and with
the package that is missing. One that takes longer ends the process.
"""

import difflib
import functools
import json
import math
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

MOST_MEMORY = 4 << 30
"""Bytes of addresses that it may use."""
NEVER_CHECKED = {"dependencies", "$recursiveRef", "$recursiveAnchor"}
"""Keywords of older drafts that draft 2020-12 names and asks nothing by."""
TRIED: tuple[Any, ...] = (None, True, 0, 0.5, "", "a", [], {})
"""Values by which a schema is tried."""


def pattern(text: str) -> str:
    """Return why a text is no regular expression."""
    import regex

    try:
        regex.search(text, "")
    except Exception as error:  # regex.error, and what too much of something makes it stumble over
        return _told(error)
    return ""


def matches(text: str, said: str) -> str:
    """Return why a regular expression is not found in a text."""
    import regex

    try:
        return "" if regex.search(text, said) else f"{text!r} is not found in it"
    except Exception as error:
        return _told(error)


def schema(text: str) -> str:
    """Return why a text is no JSON schema of draft 2020-12 by which everything can be judged."""
    whole = json.loads(text)
    try:
        return next(_faults(whole), "") or _tried(text)
    except Exception as error:  # jsonschema's SchemaError, and whatever a schema makes it stumble over
        return _told(error)


def is_of(text: str, said: str) -> str:
    """Return why a text is no JSON of a schema."""
    try:
        value = json.loads(said, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return f"it is no JSON ({error})"
    try:
        wrong = next(iter(_validator(text).iter_errors(value)), None)
    except Exception as error:  # numbers too large to be divided, values too deep, references that lead nowhere
        return f"its JSON schema cannot judge it ({_told(error)})"
    place = "".join(f"[{part!r}]" for part in wrong.absolute_path) if wrong else ""
    return f"it is not of its JSON schema: {place}{': ' if place else ''}{wrong.message}" if wrong else ""


@functools.lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(json.loads(text), registry=Registry())  # nothing it refers to is fetched


def _tried(text: str) -> str:
    for value in TRIED:
        for _ in _validator(text).iter_errors(value):
            pass
    return ""


def _faults(whole: Any) -> Iterator[str]:
    """Yield what is wrong with a schema, with the parts of it and what these refer to. Raises what jsonschema does."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    draft = Draft202012Validator.META_SCHEMA["$id"]
    known, seen = _keywords(), set[int]()
    waiting = [(whole, Registry().resolver_with_root(DRAFT202012.create_resource(whole)), "")]
    while waiting:
        one, resolver, ref = waiting.pop()
        if id(one) in seen or isinstance(one, bool):
            continue
        seen.add(id(one))
        if not isinstance(one, dict):
            yield f"{ref!r} refers to what is no schema"
            continue
        if one is whole or ref:
            Draft202012Validator.check_schema(one)
        if one.get("$schema", draft).rstrip("#") != draft:
            yield f"$schema is {one['$schema']!r}, and schemas are read by {draft}"
        for key in one.keys() - known:
            near = difflib.get_close_matches(key, known, 1)
            if not key.startswith("x-"):
                yield f"no keyword is called {key!r}" + (f", did you mean {near[0]!r}?" if near else "")
        for key in {"$ref", "$dynamicRef"} & one.keys():
            found = resolver.lookup(one[key])
            waiting.append((found.contents, found.resolver, one[key]))
        for part in DRAFT202012.create_resource(one).subresources():
            waiting.append((part.contents, resolver.in_subresource(part), ""))


@functools.cache
def _keywords() -> frozenset[str]:
    """Return the keywords by which draft 2020-12 asks or tells something."""
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY

    draft = Draft202012Validator.META_SCHEMA
    parts = [REGISTRY.contents(urljoin(draft["$id"], one["$ref"])) for one in draft["allOf"]]
    return frozenset(key for one in (draft, *parts) for key in one["properties"]) - NEVER_CHECKED


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _finite(number: str) -> float:
    if not math.isfinite(found := float(number)):
        raise ValueError(f"{number} is larger than the numbers that readers of JSON have")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found


def _told(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep, or refers to itself without end"
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"


DONE: dict[str, tuple[Callable[..., str], str]] = {
    "pattern": (pattern, "regex"),
    "matches": (matches, "regex"),
    "schema": (schema, "jsonschema"),
    "is_of": (is_of, "jsonschema"),
}
"""What is done, and the package that it needs."""


def main() -> None:
    """Answer each line."""
    with suppress(ValueError, OSError):  # a system without this limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    for line in sys.stdin:
        what, seconds, *texts = json.loads(line)
        done, package = DONE[what]
        try:
            __import__(package)
        except ImportError:
            answer = "", package
        else:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            answer = done(*texts), ""
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
