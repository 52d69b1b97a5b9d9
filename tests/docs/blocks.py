"""What stands in the blocks of a page is done, in the page's own folder, and what is shown must come of it.

An invisible comment before a block says what a reader need not know:

- `setup: zoo ner`: what the page begins with (`scratch`), in a new folder; lines behind it are typed
- `by hand: COMMAND`: what a reader does here that is no command
- `exit: 1`: the exit status of the commands, of all, or one each; else 0
- `varies: 0.70, 62d259b`: what is otherwise each time
- `instead: COMMAND -- reason`: what is typed in the place of the block's first command
- `file: PATH`: the block is this file; so is one whose first line is a comment with its path
- `row: ner.small`: the block's keys are added to this table of the models file; without a name to its top
- `append: PATH`: the block is added to this file
- `not run: reason`: the block is only read
"""

import json
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from sybil import Document, Example, Region
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, FencedCodeBlockLexer

from swapgate.core.faults import Fault
from swapgate.project.cases import cases_of
from swapgate.project.manifest import read_manifest

from .commands import ROOT, surroundings, typed
from .scratch import BEGINNINGS, MODELS

DIRECTIVES = ("setup", "by hand", "exit", "varies", "instead", "file", "row", "append", "not run")
NAMED = re.compile(r"^# ([\w./-]+\.(?:toml|ini|py|yml))(?=$|[,;:])", re.MULTILINE)
ASSIGNMENT = re.compile(r"""^(\$ \w+=(?:"[^"]*"|\S+))\n\$ """, re.MULTILINE)
COMMAND = re.compile(r"^\$ (.+)$", re.MULTILINE)


class State:
    """What the blocks of a page share: its folder, what comments said of the next block, what was said last."""

    def __init__(self, folder: Path):
        self.folder, self.place = folder, folder
        self.told: dict[str, str] = {}
        self.said = ""
        self.unrun: list[tuple[int, str]] = []
        self.begun = 0
        self.environment = surroundings(folder / "kept")


def parse(path: Path) -> Document:
    """Read a page: its comments and blocks in their order."""
    return Document.parse(str(path), *(told_of(name) for name in DIRECTIVES), fenced)


def told_of(name: str) -> Callable[[Document], Iterator[Region]]:
    """Return what finds the comments of a name."""

    def find(document: Document) -> Iterator[Region]:
        for region in DirectiveInHTMLCommentLexer(name)(document):
            region.parsed, region.evaluator = (name, region.lexemes), tell
            yield region

    return find


def fenced(document: Document) -> Iterator[Region]:
    """Find the blocks; each must say of which language it is."""
    for region in FencedCodeBlockLexer(r"[^`\n]*?")(document):
        region.parsed, region.evaluator = (region.lexemes["language"], region.lexemes["source"].text), done
        yield region


def evaluate(path: Path, folder: Path) -> State:
    """Do all that a page says. Raises AssertionError, with the line of the block."""
    document = parse(path)
    state = document.namespace["state"] = State(folder)
    for example in document.examples():
        try:
            example.evaluate()
        except (AssertionError, Fault, LookupError, OSError, ValueError) as error:
            raise AssertionError(f"{path.relative_to(ROOT)}:{example.line}: {error}") from error
    assert not state.told, f"{path.relative_to(ROOT)}: no block follows {state.told}"
    return state


def tell(example: Example) -> None:
    """Note what a comment says of the block behind it; a set-up is done at once."""
    state: State = example.namespace["state"]
    name, lexemes = example.parsed
    lines = textwrap.dedent(lexemes["source"].text).splitlines()
    if name == "setup":
        state.begun += 1
        state.place = state.folder / f"folder{state.begun}"
        state.place.mkdir()
        begin, *rest = lexemes["arguments"].split()
        BEGINNINGS[begin](state.place, *rest)
    elif name == "by hand":
        lines.insert(0, lexemes["arguments"])
    else:
        state.told[name] = f"{lexemes['arguments']} {lexemes['source'].text}".strip()
        return
    for line in lines:
        status, said = typed(line, state.place, state.environment) if line.strip() else (0, "")
        assert status == 0, f"{line}: {said}"


def done(example: Example) -> None:
    """Do what a block says."""
    state: State = example.namespace["state"]
    language, text = example.parsed
    told, state.told = state.told, {}
    assert language, "no language stands behind the block's ```"
    if "not run" in told:
        state.unrun.append((example.line, told["not run"]))
        assert len(told["not run"].split()) >= 3, "a reason must stand behind `not run:`"
        return
    HANDLERS[language](state, text, told)


def console(state: State, text: str, told: dict[str, str]) -> None:
    """Type the commands of a block, and compare what they say with what stands below them."""
    text = ASSIGNMENT.sub(r"\1; ", text)
    begins = [found.start() for found in COMMAND.finditer(text)]
    assert begins[:1] == [0], "a console block begins with a command: $ …"
    parts = [text[start:end].partition("\n") for start, end in zip(begins, [*begins[1:], len(text)], strict=True)]
    statuses = [int(status) for status in told.get("exit", "0").split(",")]
    statuses = statuses * len(parts) if len(statuses) == 1 else statuses
    lines = [line.removeprefix("$ ") for line, _, _ in parts]
    if "instead" in told:
        lines[0], _, reason = told["instead"].partition(" -- ")
        assert len(reason.split()) >= 3, "a reason must stand behind `instead: COMMAND -- `"
    for command, (_, _, shown), wanted in zip(lines, parts, statuses, strict=True):
        status, state.said = typed(command, state.place, state.environment)
        assert status == wanted, f"{command}\nended with {status}, not {wanted}:\n{state.said[-6000:]}"
        compare(shown, state.said, told)


def compare(shown: str, said: str, told: dict[str, str]) -> None:
    """Hold what a page shows to what was said: lines in their order, any of them where … stands alone."""
    if not shown.strip():
        return
    parts = ["" if line == "…" else f"{pattern(line, told.get('varies', ''))}\n" for line in plain(shown)]
    wanted = "".join(part or "(?:.*\n)*?" for part in parts)
    got = "".join(f"{line}\n" for line in plain(said))
    assert re.search(f"^{wanted}", got, re.MULTILINE), f"a page shows\n{shown}\nand this was said:\n{said[-8000:]}"


def plain(text: str) -> list[str]:
    """Return the lines that say something, however wide columns and rulers are, and whatever earlier runs have kept."""
    lines = [re.sub("={3,}", "===", " ".join(line.split())) for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("note answers taken from earlier runs")]


def pattern(line: str, varies: str) -> str:
    """Return what a line may be: … is any text, and so is what varies."""
    wild = ["…", *filter(None, (part.strip() for part in varies.split(",")))]
    parts = re.split(f"({'|'.join(map(re.escape, sorted(wild, key=len, reverse=True)))})", line)
    return "".join(".*?" if part in wild else re.escape(part) for part in parts).replace(r"\ .*?", ".*?")


def shown(state: State, text: str, told: dict[str, str]) -> None:
    """Compare a block of text with what the command before it said."""
    if "file" in told:
        written(state, text, told)
    else:
        assert state.said, "no command before this text"
        compare(text, state.said, told)


def path_of(state: State, text: str, told: dict[str, str]) -> Path | None:
    """Return which file a block is; None where it is none."""
    found = NAMED.match(text)
    name = told.get("file") or (found.group(1) if found else None)
    assert name is None or ".." not in Path(name).parts
    return state.place / name if name else None


def written(state: State, text: str, told: dict[str, str]) -> Path:
    """Write a block into its file, or behind what is there."""
    path = state.place / told["append"] if "append" in told else path_of(state, text, told)
    assert path, "which file is it? a comment in its first line, or <!-- file: PATH --> before it, says so"
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") + "\n" if "append" in told else ""
    path.write_text(before + text, encoding="utf-8")
    return path


def toml(state: State, text: str, told: dict[str, str]) -> None:
    """Write a file or add keys to the models file, and read it as pytest does."""
    tomllib.loads(text)
    models = state.place / MODELS
    if "row" in told:
        models.write_text(with_keys(models.read_text(encoding="utf-8"), told["row"], text), encoding="utf-8")
        read_manifest(models)
        return
    path = written(state, text, told)
    if path.parent == models.parent:
        read_manifest(path)
    elif path.name == "cases.toml" and models.is_file():
        manifest = read_manifest(models)
        for row in manifest.rows[path.parent.name].values():
            cases_of(manifest, state.place, path.parent.name, row.label_set)


def with_keys(before: str, name: str, keys: str) -> str:
    """Return a models file with keys in a table, in the place of those that it has there; without a name at its top."""
    if not name:
        return f"{keys}\n{before}"
    above, header, rest = before.partition(f"[{name}]\n")
    assert header, f"there is no table [{name}]"
    own, mark, below = rest.partition("\n[")
    new = tuple(f"{key} =" for key in re.findall(r"^([\w.]+) =", keys, re.MULTILINE))
    kept = [line for line in own.splitlines() if not line.startswith(new)]
    return "".join([above, header, keys, *(f"{line}\n" for line in kept), mark, below])


def python(state: State, text: str, told: dict[str, str]) -> None:
    """Write a module, or run what is none."""
    compile(text, "block", "exec")
    if path_of(state, text, told):
        written(state, text, told)
        return
    (state.place / "block.py").write_text(text, encoding="utf-8")
    status, state.said = typed("python block.py", state.place, state.environment)
    (state.place / "block.py").unlink()
    assert status == 0, state.said[-6000:]


def data(state: State, text: str, told: dict[str, str]) -> None:
    """Read JSON, one value or one a line, and write it where it is a file."""
    try:
        json.loads(text)
    except ValueError:
        for line in text.splitlines():
            json.loads(line)
    written(state, text, told)


def steps(state: State, text: str, told: dict[str, str]) -> None:
    """Read YAML; what it gives an Action of this repository must be among the Action's inputs."""
    known = set(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"])
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for one in found_in(yaml.safe_load(text)):
        if "/swapgate@" in str(one.get("uses")):
            assert set(one.get("with", {})) <= known, f"no inputs: {set(one['with']) - known}"
        if str(one.get("repo")).endswith("/swapgate"):
            assert {hook["id"] for hook in one["hooks"]} <= {hook["id"] for hook in hooks}
        if "/swapgate/" in str(one.get("remote")):
            assert (ROOT / one["remote"].partition("/main/")[2]).is_file()
    if path_of(state, text, told):
        written(state, text, told)


def found_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the tables that stand in a value."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from found_in(one)


def edit(state: State, text: str, told: dict[str, str]) -> None:
    """Make an edit of the models file, or of another, that stands as a diff; a hunk is found behind the one before."""
    path = state.place / told.get("file", MODELS)
    before, after = path.read_text(encoding="utf-8"), ""
    for number, hunk in enumerate(re.split(r"^@@.*\n", text, flags=re.MULTILINE)):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        assert before.count(old) == 1 or (number and old in before), f"stands {before.count(old)} times:\n{old}"
        skipped, _, before = before.partition(old)
        after += skipped + "".join(line[1:] for line in lines if line[0] in " +")
    path.write_text(after + before, encoding="utf-8")


HANDLERS: dict[str, Callable[[State, str, dict[str, str]], object]] = {
    "console": console,
    "csv": written,
    "diff": edit,
    "ini": written,
    "json": data,
    "python": python,
    "text": shown,
    "toml": toml,
    "yaml": steps,
}
