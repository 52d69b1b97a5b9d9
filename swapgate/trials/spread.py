"""Rows of evaluation sets computed by Ray: an actor a worker, each with a copy of the model that is asked.

The process that judges cuts the rows into the same batches as without Ray, sends them to whichever actor is free, and
counts the answers in the order of the rows: figures and verdicts are those of one process. Where an actor dies another
one takes its batch. ray is imported here, and only where it is asked for.
"""

import os
import queue
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from swapgate.core.extras import lack
from swapgate.core.faults import Fault, InputFault, ModelFault, SurroundingsFault, Unable
from swapgate.core.words import first_line
from swapgate.inputs.given import Input
from swapgate.models.devices import computing, cores
from swapgate.models.loading import Source
from swapgate.project.manifest import Row, row_type
from swapgate.tasks import discover, find_task, modules
from swapgate.trials.asking import Asking, OutOfMemory, or_raise
from swapgate.trials.remembered import PROCESSOR, Said, computed_by

LOCAL = "local"
"""Stands for the cores of this machine, in processes of their own that end with the run."""
TRIES = 2
"""How many actors may die of the same rows until that is a fault."""
ANSWERS_WITHIN = 10
"""Seconds in which a cluster must take a connection."""
PATIENCE = 300
"""Seconds until which actors must have started."""
FAULTS: Mapping[str, type[Fault]] = {
    kind.__name__: kind for kind in (OutOfMemory, Unable, SurroundingsFault, ModelFault)
}
"""What an actor tells of a batch that it has no answers to, the most special first."""

T = TypeVar("T")


class Ask(NamedTuple):
    """What an actor must know of a model; rows go as data, for their classes are made while a process runs."""

    task: str
    modules: tuple[list[str], str | None]
    source: Any
    """A `Source` without its row."""
    rows: tuple[dict[str, Any], ...]
    """Of the source and of those that it is built upon."""
    judging: dict[str, Any]
    """The row that judges."""
    changes: dict[str, Any]
    """To the row by which it is asked."""
    threads: int
    digest: str
    """Of its files, as the process that judges has them."""


class Worker:
    """An actor: it loads the model that it is asked for, and holds one at a time."""

    def __init__(self) -> None:
        self._known: Ask | None = None
        self._asking: Asking | None = None

    def computed_by(self) -> dict[str, Any]:
        """Return what its numbers depend on besides the model."""
        return computed_by()

    def answers(self, known: Ask, inputs: Sequence[Input], ids: Sequence[str]) -> list[Said] | tuple[str, tuple[str]]:
        """Return the answers to a batch, or what kind of fault there is and its lines."""
        try:
            asking = self._asking if self._asking and known == self._known else self._take(known)
            with computing(known.threads):
                said = [or_raise(found) for found in asking.predict(inputs, ids, **known.changes)]
            return [*map(Said, said, asking.left_out(inputs))]
        except Fault as fault:
            return next(name for name, kind in FAULTS.items() if isinstance(fault, kind)), fault.args

    def _take(self, known: Ask) -> Asking:
        """Load a model in the place of the one before. Raises Unable where that fails."""
        if self._asking is not None:
            self._asking.release()
            self._asking = None
        discover(*known.modules)
        task = find_task(known.task)
        row = row_type(task).model_validate
        source = _with_rows(known.source, (row(one, strict=False) for one in known.rows))
        asking = Asking(task, source, row(known.judging, strict=False), ())
        try:
            if source.files_digest != known.digest:
                raise SurroundingsFault(f"it has another {source.name} at {source.folder}")
            asking.load()
        except SurroundingsFault as fault:
            raise Unable(f"a worker of Ray: {fault}; give each machine the same files") from fault
        self._known, self._asking = known, asking
        return asking


@dataclass(eq=False)
class Spread:
    """The actors of one run; they begin when the first rows are asked."""

    address: str
    """Of a cluster, or LOCAL."""
    alike: bool = field(default=True, init=False)
    """Whether all actors compute as this process does, to the last digit, so that answers may be kept for it."""
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)
    """One thread an actor, which waits for it."""
    _free: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue, init=False)
    _actors: list[Any] = field(default_factory=list, init=False)
    _needs: tuple[str, int] | None = field(default=None, init=False)
    """Device and threads of the actors."""
    _broken: str = field(default="", init=False)
    """Why there are none."""

    def known(self, asking: Asking, threads: int, changes: Mapping[str, Any]) -> Any:
        """Return a reference of Ray to what actors must know of a model, asked by its row with some changes, with so
        many threads an actor.

        Raises SurroundingsFault where the cluster cannot be had, has no room, or is not like this machine.
        """
        if self._broken:
            raise Unable(self._broken)
        ray = _ray()
        needs = asking.source.row.device, threads
        try:
            if needs != self._needs:
                self._end()
                self._begin(ray, *needs)
        except Unable as fault:
            self._broken = str(fault)
            raise
        return ray.put(_told(asking, threads, changes))

    def submit(self, work: Callable[..., T], *given: Any) -> "Future[T]":
        """Let a thread do some work, of as many at once as there are actors."""
        assert self._pool is not None
        return self._pool.submit(work, *given)

    def answers(self, known: Any, inputs: Sequence[Input], ids: Sequence[str]) -> list[Said]:
        """Return the answers of whichever actor is free. Raises Fault, also where each that was given them died."""
        ray = _ray()
        for _ in range(TRIES):
            actor = self._free.get()
            try:
                said = ray.get(actor.answers.remote(known, [*inputs], [*ids]))
            except ray.exceptions.RayActorError:
                if self._needs is None:
                    raise  # the run is over
                actor = self._actor(ray, *self._needs)
            else:
                return _or_raise(said)
            finally:
                self._free.put(actor)
        what = "it was" if len(inputs) == 1 else f"these {len(inputs)} rows were"
        raise SurroundingsFault(
            f"{TRIES} workers of Ray died while {what} computed; see Ray's logs, or leave out --ray"
        )

    def close(self) -> None:
        """Let go of the actors, and of the cluster; one of this machine ends."""
        self._end()
        if (ray := sys.modules.get("ray")) and ray.is_initialized():
            ray.shutdown()

    def _begin(self, ray: Any, device: str, threads: int) -> None:
        """Start as many actors as the cluster has room for. Raises Unable."""
        if not ray.is_initialized():
            _connect(ray, self.address)
        has = ray.cluster_resources()
        count = int(has.get("GPU", 0)) if device != "cpu" else int(has.get("CPU", 0) // threads)
        if not count:
            room = "a GPU" if device != "cpu" else f"{threads} cores on one machine"
            raise Unable(f"--ray {self.address}: no worker has {room}; add one, or leave out --ray")
        self._needs, self._free = (device, threads), queue.SimpleQueue()
        for _ in range(count):
            self._free.put(self._actor(ray, device, threads))
        self._pool = ThreadPoolExecutor(count, "swapgate waits for ray")
        try:
            found = ray.get([actor.computed_by.remote() for actor in self._actors], timeout=PATIENCE)
        except ray.exceptions.RayError as error:
            raise Unable(
                f"--ray {self.address}: its workers do not start: {first_line(error)}; mend the cluster"
            ) from error
        own = computed_by()
        for theirs in found:
            differing = [key for key in own if key != PROCESSOR and theirs.get(key) != own[key]]
            if differing:
                raise Unable(
                    f"--ray {self.address}: a worker has another {differing[0]} ({theirs.get(differing[0])}, here"
                    f" {own[differing[0]]}); install the same on each machine"
                )
        self.alike = all(theirs == own for theirs in found)

    def _actor(self, ray: Any, device: str, threads: int) -> Any:
        actor = ray.remote(Worker).options(num_cpus=threads, num_gpus=int(device != "cpu")).remote()
        self._actors.append(actor)
        return actor

    def _end(self) -> None:
        self._needs = None
        ray = sys.modules.get("ray")
        for actor in self._actors:
            with suppress(Exception):  # one that is dead, or whose cluster is
                ray.kill(actor)  # type: ignore[union-attr]
        self._actors.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def check_installed() -> None:
    """Make sure that Ray is there. Raises InputFault."""
    if words := lack(["ray"]):
        raise InputFault(f"--ray {words}")


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers of each run
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    import ray
    import ray.exceptions

    return ray


def _connect(ray: Any, address: str) -> None:
    """Find a cluster, or begin one of this machine. Raises Unable."""
    own: dict[str, Any] = {"num_cpus": cores(), "include_dashboard": False} if address == LOCAL else {}
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # else Ray goes on asking for many minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWERS_WITHIN).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except Exception as error:  # it raises whatever its transports do
        raise Unable(
            f"--ray {address}: no cluster answers: {first_line(error)}; start one, or give its address"
        ) from error


def _told(asking: Asking, threads: int, changes: Mapping[str, Any]) -> Ask:
    """Return what an actor must know of a model. Raises SurroundingsFault where its files cannot be read."""
    source = asking.source
    return Ask(
        asking.task.name,
        modules(),
        _without_rows(source),
        tuple(_dumped(one.row) for one in _chain(source)),
        _dumped(asking.judging),
        {**changes},
        threads,
        source.files_digest,
    )


def _chain(source: Source) -> Iterator[Source]:
    """Yield a source and those that it is built upon."""
    yield source
    if source.around is not None:
        yield from _chain(source.around)


def _dumped(row: Row) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude_none=True)


def _without_rows(source: Any) -> Any:
    return replace(source, row=None, around=source.around and _without_rows(source.around))


def _with_rows(source: Source, rows: Iterator[Row]) -> Source:
    return replace(source, row=next(rows), around=source.around and _with_rows(source.around, rows))


def _or_raise(said: list[Said] | tuple[str, tuple[str]]) -> list[Said]:
    """Return answers; what an actor told of a fault in their place is raised."""
    if isinstance(said, tuple):
        name, lines = said
        raise FAULTS[name](*lines)
    return said
