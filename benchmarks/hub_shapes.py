"""Load the public architectures in full size: ``python benchmarks/hub_shapes.py [MODEL…]``, all some ten minutes.

Each model of fixtures/models/hub.toml is made with random weights of its published size (public_shapes.py) in a folder
that is then removed, loaded by the engine as its row says, and asked once, on one thread, in a process of its own; the
smallest first. What was measured goes into hub_shapes.json, by version of transformers, and hub_shapes.md; models that
were not asked for keep their figures. Exit status 1 where one fails or takes more than 12 GB of memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

from public_readers import texts
from public_shapes import architectures

from swapgate.backends.transformers import load
from swapgate.inputs.given import Question, Sound
from swapgate.models.loading import Source
from swapgate.project.manifest import Row, read_manifest
from swapgate.tasks import find_task

HERE = Path(__file__).parent
RESULTS = Path(__file__).with_suffix(".json")
MODELS = HERE.parent / "fixtures" / "models" / "hub.toml"
MOST = 12_000_000_000
"""Bytes of memory that a process may take."""
SECONDS, SOUND_RATE = 13, 22_050
WIDTH, HEIGHT = 640, 480
HEAD = """# The public models in full size, with random weights

Written by `python benchmarks/hub_shapes.py` (`tox -e hub-shapes`). **No published weights were used**: these are models
of the published architectures (public_shapes.toml) whose numbers are random. What they say means nothing; what it takes
to load and to ask them is what the published ones will take. Detectors have a ResNet of transformers' own in place of
timm's; tokenizers are our own, with about as many tokens a text.

Load: seconds from files in the disk's cache to a model in memory, as the engine does it, its checks included. Memory:
the most that the process had resident, the libraries (some 0.5 GB) and pages of the weight file included. Call:
seconds of the second call for one input on one thread: a text of hub.toml, 13 s of noise, a picture of 640×480;
summaries have 8 to 32 tokens, transcripts of Whisper 40.
"""


def rows() -> dict[str, tuple[str, Row]]:
    """Return the first row of each public model with its task, by id."""
    found: dict[str, tuple[str, Row]] = {}
    for task, tiers in read_manifest(MODELS).rows.items():
        for row in tiers.values():
            found.setdefault(row.model, (task, row))
    return found


def example(task: str) -> Any:
    """Return one input of a task; sounds and pictures are noise."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(8)
    if task == "question-answering":
        return Question("What is the capital of China?", " ".join(list(texts())[:3]))
    if task in ("audio-classification", "speech-recognition"):
        return Sound(noise.uniform(-0.5, 0.5, SECONDS * SOUND_RATE).astype(np.float32), SOUND_RATE)
    if task in ("image-classification", "object-detection"):
        return Image.fromarray(noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    return max(texts(), key=len) if task == "summarization" else "Hugging Face is a French company in New York City."


def measure(model: str, folder: Path) -> dict[str, Any]:
    """Load a model, ask it twice, and give what that took; in a process that does nothing else."""
    from swapgate.core.faults import ModelFault

    task, row = rows()[model]
    row = row.model_copy(update={"dtype": architectures()[model].get("dtype", "float32")})
    source, given = Source(row, folder, model), example(task)
    loaded = load(find_task(task), source)
    for _ in range(2):
        start = time.perf_counter()
        (said,) = find_task(task).predict(loaded, [given], row)
        seconds = time.perf_counter() - start
        if isinstance(said, ModelFault):
            sys.exit(f"{model}: {said}")
    return {
        "task": task,
        "dtype": row.dtype,
        "parameters": source.parameters,
        "file_bytes": source.bytes,
        "load_seconds": round(loaded.seconds, 2),
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "call_seconds": round(seconds, 3),
    }


def tried(model: str) -> dict[str, Any] | None:
    """Make a model, measure it in a process of its own and remove it; None where that failed, which is told."""
    with tempfile.TemporaryDirectory(prefix="swapgate-") as folder:
        for command in (
            [sys.executable, str(HERE / "public_shapes.py"), "--full", folder, model],
            [sys.executable, __file__, "--one", str(Path(folder) / model), model],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{model}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}", flush=True)
                return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def by_size(models: list[str]) -> list[str]:
    """Put models in an order in which smaller ones come first, by a rough count."""
    table = architectures()

    def count(model: str) -> int:
        sizes = table[model]["sizes"]
        layers = [value for name, value in sizes.items() if "layers" in name]
        return prod([sum(layers), max(sizes.get(name, 0) for name in ("dim", "hidden_size", "d_model")) ** 2])

    return sorted(models, key=count)


def table(results: dict[str, dict[str, Any]]) -> str:
    """Word the results as Markdown."""
    parts = [HEAD]
    for name, models in sorted(results.items(), reverse=True):
        parts.append(f"## {name}\n")
        parts.append("| model | task | type | parameters | file, GB | load, s | memory, GB | call, s |")
        parts.append("|---|---|---|---|---|---|---|---|")
        for model, found in sorted(models.items(), key=lambda entry: entry[1]["parameters"]):
            sizes = f"{found['file_bytes'] / 1e9:.2f} | {found['load_seconds']:.1f} | {found['memory_bytes'] / 1e9:.2f}"
            what = f"| {model} | {found['task']} | {found['dtype']} | {found['parameters'] / 1e6:,.1f} M"
            parts.append(f"{what} | {sizes} | {found['call_seconds']:.2f} |")
        missing = sorted(rows().keys() - models.keys())
        parts.append(f"\nNot run: {', '.join(missing)}." if missing else f"\nAll {len(models)} models of the 26 rows.")
        parts.append("")
    return "\n".join(parts)


def main() -> int:
    """Measure what is asked for and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="ids of public models; all unless said")
    parser.add_argument("--one", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.models[0], asked.one)))
        return 0
    unknown = {*asked.models} - rows().keys()
    if unknown:
        parser.error(f"no model of {MODELS.name}: {', '.join(sorted(unknown))}")
    failed = 0
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    surroundings = f"transformers {version('transformers')}, torch {version('torch')}"
    for model in by_size(asked.models or [*rows()]):
        found = tried(model)
        if found is None:
            failed = 1
            continue
        print(f"{model}: {found}", flush=True)
        if found["memory_bytes"] > MOST:
            print(f"{model}: took {found['memory_bytes']:,} bytes of memory, allowed are {MOST:,}", flush=True)
            failed = 1
        results.setdefault(surroundings, {})[model] = found
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        RESULTS.with_suffix(".md").write_text(table(results), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
