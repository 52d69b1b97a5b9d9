"""The cases file of a suite: hand-written inputs, each with what is right."""

import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, create_model

from swapgate.core.faults import InputFault
from swapgate.core.tables import NonEmptyStr, Table, read_toml, validated
from swapgate.core.words import nearest
from swapgate.inputs.downloads import Download
from swapgate.project.manifest import Manifest
from swapgate.tasks.case import Case, CaseShape, Files, Quarantine, one_set
from swapgate.tasks.task import Task

FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]


class DownloadTable(Table):
    """A file of inputs that is to be fetched."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Cases:
    """A cases file."""

    path: Path
    cases: tuple[Case, ...]
    latency: Case
    """The case on which latency is measured."""
    evaluation: Path | None = None
    """The file of the suite's evaluation set."""
    downloads: tuple[Download, ...] = ()
    """The files of inputs that are to be fetched."""

    def find(self, name: str) -> Case | None:
        """Return the case of an id; None where there is none."""
        place = self._positions.get(name)
        return None if place is None else self.cases[place]

    def position(self, case: Case) -> int:
        """Return where in the file a case stands, from 0."""
        return self._positions[case.id]

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {case.id: place for place, case in enumerate(self.cases)}


def cases_of(manifest: Manifest, root: Path, suite: str, label_set: str | None, thorough: bool = True) -> Cases:
    """Read the cases by which a models file judges a suite's tiers of one set of labels. Raises InputFault."""
    return read_cases(manifest.cases_path(root, suite), manifest.tasks[suite], label_set, manifest.option, thorough)


def read_cases(
    path: Path, task: Task, label_set: str | None = None, models: str = "embedded", thorough: bool = True
) -> Cases:
    """Read and check a cases file, for tiers whose labels are those of `label_set`.

    `models` is the models file, for the command that fetches inputs; not `thorough`: what takes long to see is not
    looked for. Raises InputFault that names file, case and key.
    """
    shape: Any = task.case
    rows: Any = (Annotated[list[shape], Field(min_length=1)], ...)
    keys: dict[str, Any] = {"latency": (str, ...), "evaluation": (NonEmptyStr | None, None), "case": rows}
    keys["download"] = dict[FileName, DownloadTable], {}
    file: Any = validated(create_model("File", __base__=Table, **keys), read_toml(path), path)
    downloads = {name: Download(name, one.url, one.sha256, models) for name, one in file.download.items()}
    files = Files(path.parent, downloads)
    cases: dict[str, Case] = {}
    if label_set is not None and not any(isinstance(row.expected, dict) for row in file.case):
        raise InputFault(f"{path}: no case has several sets of labels; remove label_set = {label_set!r} of its rows")
    for row in file.case:
        where = f"{path}: case {row.id!r}"
        if row.id in cases:
            raise InputFault(f"{where} stands twice; give one of them another id")
        case = task.case_of(one_set(row, label_set, where), files, where, thorough)
        if isinstance(row, CaseShape):
            quarantine = Quarantine(row.quarantine, row.expires) if row.quarantine and row.expires else None
            case = replace(case, critical=row.critical, quarantine=quarantine)
        cases[row.id] = case
    if file.latency not in cases:
        raise InputFault(f"{path}: latency = {file.latency!r} is no case{nearest(file.latency, cases)}")
    evaluation = None if file.evaluation is None else Path(os.path.normpath(path.parent / file.evaluation))
    return Cases(path, tuple(cases.values()), cases[file.latency], evaluation, tuple(downloads.values()))
