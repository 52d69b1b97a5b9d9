"""Make models with the architectures of the public ones and random weights: ``python benchmarks/public_shapes.py OUT``.

Each becomes a folder OUT/ORGANISATION/NAME that transformers loads: small ones unless ``--full`` asks for the published
sizes (public_shapes.toml). MODEL… makes only those. They know nothing: they show that a row can be loaded and judged.
"""

import argparse
import tomllib
from pathlib import Path
from typing import Any

from public_readers import save_reader

TABLE = Path(__file__).with_suffix(".toml")
SEED = 8
SMALL_BACKBONE = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}


def architectures() -> dict[str, dict[str, Any]]:
    """Return what is known of each public model, by its id, with what holds for its model type put in."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    types = table.pop("types")
    return {
        model: {**one, "small": types[one["model_type"]]["small"], "settings": _settings(one, types)}
        for model, one in table.items()
    }


def _settings(one: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    return {**types[one["model_type"]].get("settings", {}), **one.get("settings", {})}


def label_names(labels: list[str] | dict[str, Any]) -> list[str]:
    """Return the names of a model's labels: all listed, or counted, and those that the cases speak of named."""
    if isinstance(labels, list):
        return labels
    return [labels["names"].get(str(number), f"label {number}") for number in range(labels["count"])]


def make(model: str, folder: Path, small: bool = True) -> int:
    """Write a model with random weights into a new folder; give how many parameters it has."""
    import torch
    import transformers

    one = architectures()[model]
    folder.mkdir(parents=True)
    read = save_reader(one["reader"], one["model_type"], folder, small)
    generation = {**read.pop("generation", {}), **one.get("generation", {})}
    sizes = {**one["sizes"], **one["small"], **_only(read, "vocab_size")} if small else one["sizes"]
    known = {name: value for name, value in read.items() if name != "vocab_size"}
    names = label_names(one.get("labels", []))
    if names:
        known |= {"id2label": dict(enumerate(names)), "label2id": {name: index for index, name in enumerate(names)}}
    if "backbone" in one:
        known |= {"use_timm_backbone": False, "backbone": None, "use_pretrained_backbone": False}
        known["backbone_config"] = transformers.ResNetConfig(
            out_features=["stage4"], **(SMALL_BACKBONE if small else one["backbone"])
        )
    config = transformers.AutoConfig.for_model(one["model_type"], **known, **one["settings"], **sizes)
    dtype = torch.float32 if small else getattr(torch, one.get("dtype", "float32"))
    torch.manual_seed(SEED)
    made = getattr(transformers, f"AutoModelFor{one['task']}").from_config(config, dtype=dtype)
    if made.can_generate():
        made.generation_config.update(**generation)
    made.save_pretrained(folder)
    return sum(parameter.numel() for parameter in made.parameters())


def _only(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: values[name]} if name in values else {}


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="all unless said")
    parser.add_argument("--full", action="store_true", help="the published sizes")
    asked = parser.parse_args()
    for model in asked.models or architectures():
        print(f"{model}: {make(model, asked.out / model, not asked.full):,} parameters", flush=True)


if __name__ == "__main__":
    main()
