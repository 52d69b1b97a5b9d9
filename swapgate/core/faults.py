"""The ways in which something other than an assertion can go wrong; each message ends with the next step."""

from typing import Self

from swapgate.core.words import plain


class Fault(Exception):
    """A problem that is reported as its message alone, without a traceback; each argument is a line of it.

    What a model, a hub or a file said may be part of it: no letter of that breaks a line or reaches a terminal raw.
    """

    def __str__(self) -> str:
        return "\n".join(plain(str(line)) for line in self.args)

    def behind(self, words: str) -> Self:
        """Return the same fault with words before each line."""
        return type(self)(*(f"{words}{line}" for line in self.args))


class InputFault(Fault):
    """A file or an option is wrong; found before a model runs, ends with exit status 4."""


class SurroundingsFault(Fault):
    """Something around the model failed (an unloadable file, no disk): verdict ERROR, not a word on the model."""


class Unable(SurroundingsFault):
    """Something around the model failed whatever it is given: of no case or row in particular."""


class AbsentFault(Fault):
    """Something is to be fetched first (a file of inputs, a model): the verdict is INCOMPLETE until it is here."""


class ModelFault(Fault):
    """The model itself misbehaved (NaN scores, a crash on an input, a swap that did not take place): FAIL."""
