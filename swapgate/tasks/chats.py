"""Chats as a model's chat template writes them, for a fixed day and within limits: it is code of the model's."""

import functools
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.words import first_line

SECONDS = 5
"""Of the processor, that a template may take."""
MOST_LETTERS = 1_000_000
"""That it may write, or ten times those of the chat."""
NOW = "strftime_now"
TODAY = {
    **{"%Y": "2025", "%y": "25", "%m": "01", "%d": "01", "%B": "January", "%b": "Jan", "%A": "Wednesday", "%a": "Wed"},
    **{"%H": "12", "%I": "12", "%M": "00", "%S": "00", "%p": "PM", "%j": "001", "%-d": "1", "%e": " 1"},
}
"""What a chat template takes for today, by the parts of a date: an answer must not depend on the day."""
FIXED_DAY = (
    f"{{% macro {NOW}(format) %}}{{{{ format"
    + "".join(f"|replace({part!r}, {value!r})" for part, value in TODAY.items())
    + " }}{% endmacro %}"
)
"""Stands before a template that asks for the time, and answers in its place."""


def written(reader: Any, chat: Sequence[Mapping[str, str]]) -> str:
    """Return a chat as the chat template of a tokenizer writes it; where the assistant has begun to answer it goes on.

    Raises SurroundingsFault where the template refuses it, takes too long or writes too much.
    """
    own = chat[-1]["role"] == "assistant"
    options = {"tokenize": False, "add_generation_prompt": not own, "continue_final_message": own}
    most = max(MOST_LETTERS, 10 * sum(len(one["content"]) for one in chat))
    try:
        template = reader.get_chat_template()
        if _has_powers(template):
            raise ValueError("it has powers (**), which may take for ever")
        template = FIXED_DAY + template if NOW in template else template
        with _within(SECONDS, template):
            text = str(reader.apply_chat_template([dict(one) for one in chat], chat_template=template, **options))
        if len(text) > most:
            raise ValueError(f"it writes {len(text):,} letters, and may write {most:,}")
    except Exception as error:  # whatever a template raises; it runs in transformers' sandbox
        raise SurroundingsFault(
            f"its chat template does not take a chat of {', '.join(one['role'] for one in chat)}"
            f" ({type(error).__name__}: {first_line(error)}); say what it takes"
        ) from error
    return text


@functools.lru_cache(maxsize=8)
def _has_powers(template: str) -> bool:
    """Return whether a template reckons powers; Python reckons large ones without a look at anything else."""
    from jinja2 import Environment

    return any(what == ("operator", "**") for _, *pair in Environment().lex(template) if (what := tuple(pair)))  # noqa: S701


_endless: set[str] = set()
"""Templates that took too long once, and are not tried with each chat anew."""


@contextmanager
def _within(seconds: float, template: str) -> Iterator[None]:
    """End the code of a template in this thread by a TimeoutError once it took so many seconds of the processor."""
    end, before = time.thread_time() + seconds * (template not in _endless), sys.gettrace()

    def traced(frame: Any, _event: str, _: Any) -> Any:
        if time.thread_time() > end:
            _endless.add(template)
            raise TimeoutError(f"it took more than {seconds:g} s")
        return traced if frame.f_code.co_filename == "<template>" else None

    sys.settrace(traced)
    try:
        yield
    finally:
        sys.settrace(before)
