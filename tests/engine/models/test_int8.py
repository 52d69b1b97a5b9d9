"""Layers of 8 bits compute the same to the last bit, whichever product the CPU is good at."""

import subprocess
import sys

import pytest
import torch

from swapgate.models import int8

WIDTHS = (1, 64, 384, 1_040, 1_041, 3_072)


def exact(tokens: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply in float64, which counts to 2^53, and round once."""
    return (tokens.double() @ weight.double().t()).float()


@pytest.mark.parametrize("integers", [False, True], ids=["float32", "integers"])
@pytest.mark.parametrize("width", WIDTHS)
def test_product(monkeypatch: pytest.MonkeyPatch, width: int, integers: bool) -> None:
    """Both products are exact, also where all numbers are as large as can be and sums go beyond 2^24."""
    if integers and not int8.has_integer_product():
        pytest.skip("this CPU has no fast integer product")
    monkeypatch.setattr(int8, "has_integer_product", lambda: integers)
    made = torch.Generator().manual_seed(width)
    for low in (-127, 126):
        tokens = torch.randint(low, 128, (5, width), generator=made).float()
        weight = torch.randint(low, 128, (7, width), generator=made).to(torch.int8)
        assert torch.equal(int8.product(tokens, weight), exact(tokens, weight))


def test_sums_that_float32_cannot_hold() -> None:
    """MOST_TERMS is the largest number of products that stay below 2^24."""
    assert int8.MOST_TERMS * 127**2 < 2**24 <= (int8.MOST_TERMS + 1) * 127**2


LAYER = """
import sys, torch
from swapgate.models import int8
torch.manual_seed(1)
exact, given = torch.nn.Linear(96, 32), torch.randn(2, 12, 96)
torch.save(int8.layer(exact, "dynamic")(given).detach(), sys.argv[1])
print(int8.has_integer_product())
"""


def test_other_cpus(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where instructions are hidden, as on an older CPU, torch's product cuts sums off and is not used."""
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    found = []
    for isa in ("DEFAULT", "AVX2"):
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)
        path = tmp_path / isa
        done = subprocess.run([sys.executable, "-c", LAYER, path], capture_output=True, text=True, check=True)
        found.append((done.stdout.strip(), torch.load(path)))
    assert found[1][0] == "False"
    assert torch.equal(found[0][1], found[1][1])
