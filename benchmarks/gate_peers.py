"""What people use today to compare predictions with those before, each as its documentation says."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from syrupy.extensions.amber.serializer import AmberDataSerializer

Said = dict[str, Any]

TESTS = '''"""Numbers of predictions, compared by num_regression."""

import json
from pathlib import Path

import pytest

DATA = json.loads(Path(__file__).with_name("data.json").read_text())


@pytest.mark.parametrize("number", range(len(DATA["rows"])))
@pytest.mark.parametrize("tolerance", ["default", "1e-3"])
def test_numbers(number, tolerance, num_regression):
    row = DATA["rows"][number]
    options = {} if tolerance == "default" else {"default_tolerance": {"atol": 1e-3, "rtol": 0}}
    num_regression.check(row["now"], basename=row["golden"], **options)
'''
REGRESSIONS = {"pytest-regressions": "default", "pytest-regressions at 1e-3": "1e-3"}


def syrupy_plain(before: Said, now: Said) -> bool:
    """Return whether syrupy's text of both is the same."""
    return bool(AmberDataSerializer.serialize(before) == AmberDataSerializer.serialize(now))


def rounded(before: Said, now: Said) -> bool:
    """Return whether syrupy's text of both is the same, once numbers are rounded to four digits."""
    return syrupy_plain(_rounded(before), _rounded(now))


def approx(before: Said, now: Said) -> bool:
    """Return whether both are the same but for what pytest.approx tolerates of numbers."""
    return _near(before, now)


def labels_alone(before: Said, now: Said) -> bool:
    """Return whether both name the same: the leading label, entities, the answer or text, objects' labels, passages."""
    return {case: _labels(one) for case, one in before.items()} == {case: _labels(one) for case, one in now.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _near(before: Any, now: Any) -> bool:
    if isinstance(before, float) and isinstance(now, float | int):
        return bool(now == pytest.approx(before))
    if isinstance(before, dict) and isinstance(now, dict):
        return before.keys() == now.keys() and all(_near(one, now[key]) for key, one in before.items())
    if isinstance(before, list | tuple) and isinstance(now, list | tuple):
        return len(before) == len(now) and all(_near(*pair) for pair in zip(before, now, strict=True))
    return bool(before == now)


def _labels(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    if "scores" in said:
        return said["scores"][0]["label"]
    if "entities" in said:
        return [(one["start"], one["end"], one["label"]) for one in said["entities"]]
    if "objects" in said:
        return sorted(one["label"] for one in said["objects"] if one["score"] >= said["threshold"])
    if "hits" in said:
        return [one["id"] for one in said["hits"]]
    return said["text"]


def _numbers(said: Any) -> Iterator[float]:
    if isinstance(said, float | int) and not isinstance(said, bool):
        yield float(said)
    elif isinstance(said, dict | list | tuple):
        for one in said.values() if isinstance(said, dict) else said:
            yield from _numbers(one)


DIRECT: dict[str, Callable[[Said, Said], bool]] = {
    "syrupy": syrupy_plain,
    "rounded to 4 digits": rounded,
    "pytest.approx": approx,
    "labels alone": labels_alone,
}
PEERS = ("syrupy", "rounded to 4 digits", "pytest.approx", *REGRESSIONS, "labels alone")


def compared(before: Said, now: Said) -> dict[str, bool]:
    """Tell which of them are red."""
    return {name: not same(before, now) for name, same in DIRECT.items()}


def compared_by_regressions(saids: list[tuple[dict[str, Any], Said, Said]]) -> None:
    """Add to `peers` of each row whether num_regression is red; all in one run of pytest."""
    rows, goldens = [], {}
    for row, before, now in saids:
        if not now:  # the model could not be loaded: a test that cannot run is red
            row["peers"] |= dict.fromkeys(REGRESSIONS, True)
            continue
        golden = f"{row['task']}-{row['tier']}"
        columns = {case: list(_numbers(one)) for case, one in before.items()}
        goldens[golden] = {case: numbers for case, numbers in columns.items() if numbers}
        found = {case: list(_numbers(one)) for case, one in now.items()}
        rows.append((row, {case: numbers for case, numbers in found.items() if numbers}, golden))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_numbers.py").write_text(TESTS)
        (folder / "pytest.ini").write_text("[pytest]\n")
        record = [{"golden": golden, "now": numbers} for golden, numbers in goldens.items()]
        (folder / "data.json").write_text(json.dumps({"rows": record}))
        _pytest(folder, "--force-regen")
        (folder / "data.json").write_text(json.dumps({"rows": [{"golden": g, "now": now} for _, now, g in rows]}))
        red = _pytest(folder)
    for number, (row, numbers, _) in enumerate(rows):
        for peer, tolerance in REGRESSIONS.items():
            row["peers"][peer] = not numbers or f"test_numbers[{tolerance}-{number}]" in red


def _pytest(folder: Path, *options: str) -> set[str]:
    """Run the tests and give the names of those that are red."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return {line[1].partition("::")[2] for line in lines}
