"""A copy of a model whose weights are rounded to a number of bits: ``python benchmarks/rounded.py SOURCE TARGET BITS``.

Each tensor is rounded to multiples of its largest value over 2^(BITS - 1). For trying out how a swap is judged.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def main() -> None:
    """Copy the folder, over a copy that is there, and round its weights."""
    parser = argparse.ArgumentParser(description="Copy a model with its weights rounded.")
    parser.add_argument("source", type=Path, help="a folder with a model.safetensors")
    parser.add_argument("target", type=Path, help="where the copy goes")
    parser.add_argument("bits", type=int, choices=range(2, 17), metavar="BITS", help="2 to 16")
    asked = parser.parse_args()
    if not (asked.source / "model.safetensors").is_file():
        parser.error(f"{asked.source} has no model.safetensors")
    weights = load_file(asked.source / "model.safetensors")
    shutil.copytree(asked.source, asked.target, dirs_exist_ok=True)
    for name, values in weights.items():
        step = np.abs(values).max() / 2 ** (asked.bits - 1) or 1
        weights[name] = (np.round(values / step) * step).astype(values.dtype)
    save_file(weights, asked.target / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
