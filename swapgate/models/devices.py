"""Where models run: whether this machine has a device, waiting until it is done, and how many cores there are."""

import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
LIMITS = "OMP_NUM_THREADS"
"""The environment variable by which a person or a scheduler limits threads."""
WAITING = "OMP_WAIT_POLICY"
"""That by which threads of OpenMP know whether to spin while they wait for others."""


def check_device(device: str, asked: str) -> None:
    """Make sure that this machine has a device; torch is imported for what is no CPU. Raises InputFault."""
    if device == "cpu":
        return
    import torch

    is_there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not is_there:
        raise InputFault(
            f"{asked}: torch {torch.__version__} finds no {device} device here; run where there is one, with a torch"
            " that is built for it, or give --device cpu"
        )


def wait_idly() -> None:
    """Let threads that wait leave the cores to others, if nobody said otherwise: on a busy machine those that spin take
    100 times as long. Of no use once torch is imported.
    """
    os.environ.setdefault(WAITING, "PASSIVE")


def synchronizer(loaded: Any) -> Callable[[], object]:
    """Return what waits until the device of a model has done all that it was told; a CPU has nothing to wait for."""
    import torch

    device = loaded.model.device.type
    return (lambda: None) if device == "cpu" else getattr(torch, device).synchronize


def device_settings(device: str) -> dict[str, str]:
    """Return which device this is, and what of torch's settings for it changes a result. Imports torch."""
    import torch

    found = {
        "device": device,
        "precision": torch.get_float32_matmul_precision(),
        "mkldnn": str(torch.backends.mkldnn.enabled),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
    }
    if device == "cuda":
        flags = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.version())
        found |= {"name": torch.cuda.get_device_name(), "cuda": str(torch.version.cuda), "flags": str(flags)}
    return found


def cores() -> int:
    """Return how many cores this process may use: those it is bound to, as far as its group has time on them, and no
    more than OMP_NUM_THREADS says.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = os.environ.get(LIMITS, "").partition(",")[0].strip()
    return max(1, min(bound, _quota(), int(said) if said.isdecimal() and int(said) else bound))


def _quota() -> int:
    """Return how many cores' time the control groups of this process allow, rounded up; many where none limits it."""
    least = math.inf
    for folder in _groups():
        with suppress(OSError, ValueError):
            share, _, period = (folder / "cpu.max").read_text("ascii").partition(" ")  # version 2
            least = min(least, math.inf if share == "max" else int(share) / int(period))
        with suppress(OSError, ValueError):
            spent = int((folder / "cpu.cfs_quota_us").read_text("ascii"))  # version 1; -1 is no limit
            period_us = int((folder / "cpu.cfs_period_us").read_text("ascii"))
            least = min(least, spent / period_us if spent > 0 else math.inf)
    return sys.maxsize if least == math.inf else max(1, math.ceil(least))


def _groups() -> Iterator[Path]:
    """Yield the folders of the groups that this process is in, and those above them."""
    try:
        lines = OWN_CGROUP.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        match = re.fullmatch(r"\d+:([^:]*):(/.*)", line)
        if match and ("cpu" in match[1].split(",") or not match[1]):
            top = CGROUPS / match[1] if match[1] else CGROUPS
            inner = top / match[2].lstrip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))
            yield top


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Let torch compute with so many threads for a while; where nothing has loaded torch, nothing computes with it."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else threads
    if torch is None or before == threads:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def free_memory(device: str) -> None:
    """Give back what torch keeps of a device's memory for later."""
    torch = sys.modules.get("torch")
    if torch is not None and device != "cpu":
        getattr(torch, device).empty_cache()
