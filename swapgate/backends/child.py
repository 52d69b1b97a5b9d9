"""The process of a Python predictor: python -P child.py reads requests, a line each, and answers so.

It is run by its path and imports nothing of swapgate. Each request has a number, which its answer has too. The first
names a folder, a module in it and its factory.
What the predictor prints goes to standard error.
"""

import base64
import importlib
import json
import os
import signal
import sys
from typing import Any, TextIO


def to_json(given: Any) -> Any:
    """Return an input as JSON: a text, a question by its parts, a sound as its samples, a picture as its pixels."""
    if hasattr(given, "as_json"):
        return given.as_json()
    if hasattr(given, "samples"):
        return {"float32": _written(given.samples.astype("<f4").tobytes()), "rate": given.rate}
    if hasattr(given, "tobytes"):
        return {"rgb": _written(given.tobytes()), "size": given.size}
    return given


def _written(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def from_json(said: Any) -> Any:
    """Return an input as pipelines of transformers take it: a text, a dict, a sound as array and rate, a picture."""
    if isinstance(said, dict) and said.keys() == {"float32", "rate"}:
        import numpy as np

        samples = np.frombuffer(base64.b64decode(said["float32"]), dtype="<f4")
        return {"raw": samples.copy(), "sampling_rate": said["rate"]}
    if isinstance(said, dict) and said.keys() == {"rgb", "size"}:
        from PIL import Image

        return Image.frombytes("RGB", said["size"], base64.b64decode(said["rgb"]))
    return said


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a number or array of numpy or torch, or of an object of a client."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__dict__"):
        return vars(value)
    raise TypeError(f"a {type(value).__name__} is nothing that JSON can hold")


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"


def _answer(predictor: Any, asked: list[Any]) -> dict[str, Any]:
    """Ask for a batch: what it says of each input, or what it raised."""
    try:
        said = list(predictor([from_json(one) for one in asked]))
        return {"said": json.loads(json.dumps(said, default=_plain))}
    except Exception as error:  # whatever somebody's code does
        return {"raised": _told(error)}


def _start(request: dict[str, Any]) -> Any:
    """Make the predictor."""
    sys.path.insert(0, request["root"])
    return getattr(importlib.import_module(request["module"]), request["factory"])()


def main() -> None:
    """Answer requests until there are no more."""
    asked, answers = _pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is interrupted too, and lets this end
    own = os.getpid()

    def answer(number: int, words: dict[str, Any]) -> None:
        if os.getpid() != own:  # a copy that the project's code has forked, and let return, answers nothing
            os._exit(0)
        print(json.dumps({"id": number, **words}), file=answers, flush=True)

    request = json.loads(asked.readline())
    try:
        predictor = _start(request["asked"])
        if not callable(predictor):
            raise TypeError(f"the factory made a {type(predictor).__name__}, which cannot be called with inputs")
    except BaseException as error:
        answer(request["id"], {"failed": _told(error)})
        return
    answer(request["id"], {"ready": True})
    try:
        for line in asked:
            request = json.loads(line)
            answer(request["id"], _answer(predictor, request["asked"]))
    finally:
        if os.getpid() == own and callable(close := getattr(predictor, "close", None)):
            close()


def _pipes() -> tuple[TextIO, TextIO]:
    """Take standard input and output for requests and answers, so that nothing else is read or written there."""
    asked, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return asked, answers


if __name__ == "__main__":
    main()
