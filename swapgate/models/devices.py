"""Where models run: whether this machine has a device, and waiting until it is done."""

from collections.abc import Callable
from typing import Any

from swapgate.core.faults import InputFault


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


def synchronizer(loaded: Any) -> Callable[[], object]:
    """Return what waits until the device of a model has done all that it was told; a CPU has nothing to wait for."""
    import torch

    device = loaded.model.device.type
    return (lambda: None) if device == "cpu" else getattr(torch, device).synchronize
