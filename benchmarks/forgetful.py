"""A copy of a model that has forgotten words: ``python benchmarks/forgetful.py SOURCE TARGET WORD…``.

Each word is read as an unknown one is, as if a smaller vocabulary had left it out. For trying out how a swap is judged
that is as good as a whole and loses a case.
"""

import argparse
import json
import shutil
from pathlib import Path

from safetensors.numpy import load_file, save_file

EMBEDDINGS = "embeddings.word_embeddings.weight"


def main() -> None:
    """Copy the folder, over a copy that is there, and give each word the embedding of an unknown one."""
    parser = argparse.ArgumentParser(description="Copy a model that has forgotten words.")
    parser.add_argument("source", type=Path, help="a folder with a tokenizer.json of whole words, of BERT's kind")
    parser.add_argument("target", type=Path, help="where the copy goes")
    parser.add_argument("words", nargs="+", metavar="WORD", help="what it forgets")
    asked = parser.parse_args()
    model = json.loads((asked.source / "tokenizer.json").read_text("utf-8"))["model"]
    strange = [word for word in asked.words if word not in model["vocab"]]
    if strange:
        parser.error(f"{asked.source} does not know {', '.join(strange)}")
    weights = load_file(asked.source / "model.safetensors")
    (name,) = [name for name in weights if name.endswith(EMBEDDINGS)]
    for word in asked.words:
        weights[name][model["vocab"][word]] = weights[name][model["vocab"][model["unk_token"]]]
    shutil.copytree(asked.source, asked.target, dirs_exist_ok=True)
    save_file(weights, asked.target / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
