"""Why a library could not load a model, in one line: from an exception, those behind it, and what was logged."""

import functools
import importlib.metadata
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb
from typing import Any

from swapgate.core.extras import is_installed
from swapgate.core.faults import Fault
from swapgate.core.words import shortened, told
from swapgate.models.weights import read_settings

MOST = 300
"""Letters of what a library says that are passed on."""
LOOKUPS = (AssertionError, AttributeError, KeyError, IndexError, TypeError)
"""What says little without the place where it was raised, and nothing about an exception in front of it."""
PACKAGES = tuple(
    re.compile(pattern)
    for pattern in (
        r"No module named '([\w-]+)",
        r"need to install ([\w-]+) to use",
        r"requires the ([\w-]+) library",
        r"pip install (?:-U |--upgrade )?['\"]?([\w-]+)",
        r"needs `([\w-]+)`",
    )
)
"""How libraries name a package that they miss."""
WRAPPED = "Could not import module"
"""How transformers begins where an import failed for a reason that is behind this."""
SENTENCEPIECE = {"sentencepiece": "sentencepiece", "google.protobuf": "protobuf"}
"""What reads a tokenizer of sentencepiece, and how it is called to install it."""
READERS = ("protobuf", "sentencepiece", "tiktoken")
"""What transformers names, one of them, where it misses any of these."""
CAUSES = (
    (
        r"trust_remote_code",
        "asks for code of its own to be run (auto_map in its settings), and that is never done; use a model of an"
        " architecture that transformers has",
    ),
    (
        r"^(ImportError|ModuleNotFoundError): [^\n]*\btimm\b",
        "has a backbone of timm's, and timm or its torchvision is not installed; install them with: pip install"
        ' "swapgate[timm]" (torchvision must be built for this torch: CPU or CUDA)',
    ),
    (
        r"^OfflineModeIsEnabled",
        "names a model of the hub in its settings (a backbone?), and none is fetched here; load it with a network, save"
        " it and judge that folder",
    ),
    (
        r"model type `(?P<kind>[^`]*)` but Transformers does not recognize",
        'cannot be loaded: its config.json says model_type = "{kind}", which transformers {transformers} does not know;'
        " install a newer transformers, or mend config.json",
    ),
    (
        r"Unrecognized configuration class <class '[\w.]*?(?P<config>\w+)'> for this kind of AutoModel: (?P<auto>\w+)",
        "cannot be loaded: by its config.json it is a model of {config}, of which transformers {transformers} has no"
        " {auto}; give a model that was trained for the suite's task",
    ),
    (
        r"Can't load (?P<part>[a-z ]+) for [^\n]* containing an? (?P<file>[\w.]+) file",
        "has no {part} in its folder ({file}); save the model's own there",
    ),
    (
        r"Unrecognized (?P<part>[a-z ]+) in [^\n]*? Should have an? `(?P<key>\w+)` key in its (?P<file>[\w.]+)",
        "has no {part} that transformers {transformers} knows ({key} in its {file}); save the model's own there",
    ),
)
"""What libraries raise on a folder that cannot be loaded, and what is told of it."""


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what transformers warns of, and show nothing of it."""
    lines: list[str] = []
    logger, handler = logging.getLogger("transformers"), logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.handlers[:], logger.level, logger.propagate
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield lines
    finally:
        logger.handlers[:], logger.propagate = before[0], before[2]
        logger.setLevel(before[1])


def cause(error: BaseException, folder: Path, lines: Sequence[str] = (), what: str = "cannot be loaded") -> str:
    """Return why a library failed on the model in a folder, and what to do where that is known; its name comes before.

    `lines` is what was logged meanwhile, and `what` says what failed.
    """
    chain = [*_chain(error)]
    text = "\n".join([f"{type(one).__name__}: {_flat(str(one))}" for one in chain] + [*map(_flat, lines)])
    for pattern, words in CAUSES:
        if match := re.search(pattern, text, re.MULTILINE):
            return words.format(transformers=_version("transformers"), **match.groupdict())
    return (
        _misfit(chain)
        or _missing_package(chain, f"{text}\n{error}", folder, what)
        or _tokenizer(chain, folder, what)
        or _unknown_value(chain, folder, what)
        or f"{what}: {_said(chain, lines)}"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, the last one first.

    That protobuf is missing is left out where transformers 4 only met it on its way from another exception.
    """
    seen: list[BaseException] = []
    while error is not None and not any(error is one for one in seen):
        seen.append(error)
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None or "requires the protobuf library" not in str(error):
            yield error
        error = before


def _misfit(chain: Sequence[BaseException]) -> str:
    """Word that a package is there and cannot be imported: as a rule it was built for another torch."""
    first = chain[-1]
    if isinstance(first, ModuleNotFoundError) or not any(WRAPPED in str(one) for one in chain):
        return ""
    frames = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(first.__traceback__)]
    for name in reversed([frame.partition(".")[0] for frame in frames]):
        if name not in ("torch", "transformers", "swapgate") and _version(name):
            return (
                f"cannot be loaded: {name} {_version(name)} does not fit torch {_version('torch')}"
                f" ({shortened(_flat(str(first)), MOST)}); install the {name} that was made for it, or uninstall {name}"
            )
    return ""


def _missing_package(chain: Sequence[BaseException], text: str, folder: Path, what: str) -> str:
    """Word that a package is not installed, or an old one: what lies deepest names it."""
    said = [_flat(str(one)) for one in reversed(chain) if isinstance(one, ImportError) and WRAPPED not in str(one)]
    names = [match[1] for words in said for pattern in PACKAGES if (match := pattern.search(words))]
    name = names[0] if names else ""
    if name.lower() in ("", *READERS) and any(one in text.lower() for one in READERS):
        words = _sentencepiece(text, folder)
        if words or not name:
            return words
    if not name:
        return ""
    why = "" if said[0].startswith("No module named") else f" ({shortened(said[0].partition('. ')[0], MOST)})"
    there = _version(name)
    lack = f"{there} is installed: pip install -U" if there else "it is not installed: pip install"
    return f"{what}: it needs the package {name}, and {lack} {name}{why}"


def _sentencepiece(text: str, folder: Path) -> str:
    """Word why a tokenizer of sentencepiece alone cannot be read; nothing where there is none."""
    file = next((path.name for end in ("*.model", "*.spm") for path in sorted(folder.glob(end))), "")
    if not file or (folder / "tokenizer.json").is_file():
        return ""
    lacks = [package for module, package in SENTENCEPIECE.items() if not is_installed(module)]
    if lacks:
        return (
            f"has a tokenizer of sentencepiece alone ({file}), which {' and '.join(lacks)} would read: pip install"
            f" {' '.join(lacks)}; or save the tokenizer with a tokenizer.json"
        )
    reason = re.search(r"using sentencepiece library due to (.*?)[. ]*Falling back", text)
    why = f" ({shortened(reason[1], MOST)})" if reason else ""
    return (
        f"has a tokenizer that cannot be read as one of sentencepiece: {file}{why}; save the model's own, or where it"
        " is one of tiktoken: pip install tiktoken"
    )


def _tokenizer(chain: Sequence[BaseException], folder: Path, what: str) -> str:
    """Word why tokenizers cannot read a tokenizer.json, of which transformers may say anything."""
    file = folder / "tokenizer.json"
    panicked = not all(isinstance(one, Exception) for one in chain)  # and may again
    if "tokenizer" not in what or panicked or not file.is_file():
        return ""
    import tokenizers

    try:
        tokenizers.Tokenizer.from_file(str(file))
    except Exception as fault:
        return (
            f"has a {file.name} that tokenizers {_version('tokenizers')} cannot read ({shortened(_flat(fault), MOST)});"
            " save the model's own again, or where a newer one wrote it: pip install -U tokenizers transformers"
        )
    return ""


def _unknown_value(chain: Sequence[BaseException], folder: Path, what: str) -> str:
    """Word that a setting has a value that is not known, where a lookup of just that failed."""
    looked_up = [one.args[0] for one in chain if isinstance(one, KeyError) and one.args]
    looked_up += [one.name for one in chain if isinstance(one, AttributeError)]
    with suppress(Fault):
        for key, value in read_settings(folder / "config.json").items():
            if isinstance(value, str) and value in looked_up:
                version = _version("transformers")
                return f'{what}: its config.json says {key} = "{value}", which transformers {version} does not know'
    return ""


def _said(chain: Sequence[BaseException], lines: Sequence[str]) -> str:
    """Return what an exception says, and the one that it began with where that says more."""
    error, first = chain[0], chain[-1]
    if "above report" in str(error) and (rows := _rows(lines)):
        return shortened(f"{type(error).__name__}: {'; '.join(rows)}", MOST)
    words = (
        told(error) if isinstance(error, LOOKUPS) else f"{type(error).__name__}: {_flat(str(error)) or 'no message'}"
    )
    if (WRAPPED in str(error) or not isinstance(first, LOOKUPS)) and _flat(str(first)) not in words:
        words = f"{type(first).__name__}: {_flat(str(first))}; then {words}"
    return shortened(words, MOST)


def _rows(lines: Sequence[str]) -> list[str]:
    """Return the rows of the tables that transformers logs, without what only lays them out."""
    cells = [[_flat(cell) for cell in line.split(" | ")] for one in lines for line in one.splitlines() if " | " in line]
    return [" ".join(filter(None, row)) for row in cells if row[0] != "Key"]


def _flat(text: Any) -> str:
    """Write a text on one line, without what colours it."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(text)).split())


@functools.cache
def _version(package: str) -> str:
    """Return the version of an installed package; nothing where there is none."""
    try:
        return importlib.metadata.version(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
