"""A copy of a model whose weights are rounded to a number of bits: ``python benchmarks/rounded.py SOURCE TARGET BITS``.

Each tensor is rounded to multiples of its largest value over 2^(BITS - 1). For trying out how a swap is judged.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def main() -> None:
    """Copy the folder and round its weights."""
    source, target, bits = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    shutil.copytree(source, target)
    weights = load_file(source / "model.safetensors")
    for name, values in weights.items():
        step = np.abs(values).max() / 2 ** (bits - 1) or 1
        weights[name] = (np.round(values / step) * step).astype(values.dtype)
    save_file(weights, target / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
