"""How long the rows of an evaluation set take, beside the best bare loop: ``python benchmarks/evaluation_speed.py``.

Models have the shape of real ones and random weights: BERT base (86 million and the words) on texts of 5 to 120 words,
MobileNetV2 on photos of 640 × 480 pixels, a small wav2vec 2.0 on sounds of 1 to 6 seconds. Each is asked by the suite
(without its cache), by a bare loop of torch with the same threads, batches and order of length, and texts also by a
plain `pipeline` with `batch_size=32`. All are loaded once and run in turn in one process, first of each pair
alternating; what is told are ratios of each pair, their median and range.

`--memory` (or `--only memory`) tells besides how much memory a process takes at most with a tiny model on 1,000 and on
100,000 rows. Writes evaluation_speed.json and .md beside this file; what a run leaves out stays there as an earlier one
found it, with its command. Run it alone on the machine.
"""

import argparse
import functools
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the plugin has it

from swapgate.models.devices import computing, cores
from swapgate.models.loading import surroundings
from swapgate.project.cases import read_cases
from swapgate.project.evaluation import EvaluationSet, find_set
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.trials.evaluating import WINDOW, batch_of, tally_of
from swapgate.trials.plan import find
from swapgate.trials.running import Model

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "fixtures" / "zoo"
SEED = 2026
WORDS = (5, 120)
"""The fewest and most of a text."""
VOCABULARY = ("the", "film", "was", "a", "long", "and", "very", "good", "story", "of", "nobody", "people", "laugh")
AIMS = {"texts beside bare": 1.05, "texts beside pipeline": 0.6, "pictures beside bare": 1.1, "sounds beside bare": 1.1}
LABELS = ("negative", "positive")
PARTS = ("texts", "pictures", "sounds", "memory")
"""What a run may be of."""
Loop = Callable[[], object]


def bert(folder: Path) -> str:
    """Write a BERT of the base shape with random weights and the tokenizer of the zoo; gives its task."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(ZOO / "sentiment" / "original")
    config = transformers.BertConfig(vocab_size=len(tokenizer), id2label=dict(enumerate(LABELS)))
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    return "text-classification"


def mobilenet(folder: Path) -> str:
    """Write a MobileNetV2 with random weights; gives its task."""
    import transformers

    config = transformers.MobileNetV2Config(id2label=dict(enumerate(LABELS)))
    transformers.MobileNetV2ForImageClassification(config).eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_processor_type": "MobileNetV2ImageProcessor", "size": {"shortest_edge": 256}})
    )
    return "image-classification"


def wav2vec(folder: Path) -> str:
    """Write a wav2vec 2.0 of six layers with random weights; gives its task."""
    import transformers

    config = transformers.Wav2Vec2Config(
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=6,
        intermediate_size=1536,
        id2label=dict(enumerate(LABELS)),
    )
    transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)
    return "audio-classification"


def texts(_folder: Path, rows: int, draw: random.Random, longest: int = WORDS[1]) -> Iterator[dict[str, Any]]:
    """Yield rows of texts."""
    for number in range(rows):
        yield {"text": " ".join(draw.choices(VOCABULARY, k=draw.randint(WORDS[0], longest))) + f" {number}"}


def pictures(folder: Path, rows: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Write photos, and yield their rows."""
    import numpy as np
    from PIL import Image

    for number in range(rows):
        noise = np.random.default_rng(draw.randrange(2**32)).integers(0, 256, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((640, 480)).save(folder / f"{number}.jpg")
        yield {"image": f"{number}.jpg"}


def sounds(folder: Path, rows: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Write sounds, and yield their rows."""
    import numpy as np
    import soundfile

    for number in range(rows):
        samples = np.random.default_rng(number).normal(0, 0.1, draw.randint(1, 6) * 16_000).astype(np.float32)
        soundfile.write(folder / f"{number}.wav", samples, 16_000)
        yield {"audio": f"{number}.wav"}


def prepared(
    folder: Path, write: Callable[[Path], str], inputs: Callable[..., Iterator[dict[str, Any]]], rows: int
) -> tuple[Model, EvaluationSet]:
    """Write a model and its set, row by row; gives both."""
    folder.mkdir()
    task = find_task(write(folder / "model"))
    with (folder / "set.jsonl").open("w") as file:
        for at, row in enumerate(inputs(folder, rows, draw())):
            file.write(f"{json.dumps({'id': str(at), 'expected': LABELS[0], **row})}\n")
    case = {key: value for key, value in next(rows_in(folder)).items() if key not in ("id", "expected")}
    lines = [f"{key} = {json.dumps(value)}" for key, value in case.items()]
    (folder / "cases.toml").write_text(
        'latency = "one"\n[[case]]\nid = "one"\nexpected = "negative"\n' + "\n".join(lines)
    )
    row = row_type(task)(model="model", labels={str(number): label for number, label in enumerate(LABELS)})
    source = find(row, folder, folder)
    model = Model(
        "suite", "tier", task, source, source, read_cases(folder / "cases.toml", task), folder / "golden.json"
    )
    return model, find_set(folder / "set.jsonl", task, frozenset(LABELS))


def rows_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a set."""
    with (folder / "set.jsonl").open() as file:
        yield from map(json.loads, file)


def draw() -> random.Random:
    """Return what draws the same each time."""
    return random.Random(SEED)  # noqa: S311


def suite(model: Model, evaluation: EvaluationSet, threads: int) -> Loop:
    """Return the suite's loop."""

    def run() -> None:
        model.tally = None
        tally_of(model, evaluation, threads=threads)

    return run


def bare(model: Model, given: Sequence[Mapping[str, Any]], folder: Path, threads: int) -> Loop:
    """Return the best loop by hand: rows of like length together, each batch made and computed once."""
    import soundfile
    import torch
    from PIL import Image

    loaded, batch = model.asked.load(), batch_of(model)
    inner, reader = loaded.model, loaded.reader

    def made(rows: Sequence[Mapping[str, Any]]) -> Any:
        if "text" in rows[0]:
            return reader([row["text"] for row in rows], padding=True, return_tensors="pt")
        if "image" in rows[0]:
            opened = [Image.open(folder / row["image"]).convert("RGB") for row in rows]
            return reader(opened, return_tensors="pt")
        heard = [soundfile.read(folder / row["audio"], dtype="float32")[0] for row in rows]
        return reader(heard, sampling_rate=16_000, return_tensors="pt")

    def size(row: Mapping[str, Any]) -> int:
        return len(row["text"]) if "text" in row else (folder / row["audio"]).stat().st_size if "audio" in row else 0

    def batches() -> Iterator[Sequence[Mapping[str, Any]]]:
        for start in range(0, len(given), WINDOW):
            window = sorted(given[start : start + WINDOW], key=size, reverse=True)
            while window:
                alike = len(window) if "audio" not in window[0] else sum(size(row) == size(window[0]) for row in window)
                taken = min(batch, alike)
                yield window[:taken]
                del window[:taken]

    def run() -> None:
        with computing(threads), torch.inference_mode():
            for rows in batches():
                inner(**made(rows)).logits.softmax(-1).tolist()

    return run


def pipeline(model: Model, given: Sequence[Mapping[str, Any]], threads: int) -> Loop:
    """Return a plain pipeline over the texts in their order."""
    import transformers

    loaded = model.asked.load()
    pipe = transformers.pipeline("text-classification", model=loaded.model, tokenizer=loaded.reader, device="cpu")

    def run() -> None:
        with computing(threads):
            list(pipe([row["text"] for row in given], batch_size=32, top_k=None))

    return run


def seconds(loop: Loop) -> float:
    """Return how long a loop takes."""
    start = time.perf_counter()
    loop()
    return time.perf_counter() - start


def beside(loops: Mapping[str, Loop], pairs: int) -> dict[str, Any]:
    """Run loops in turn; gives seconds, and the suite's ratio to each other one."""
    runs: list[dict[str, float]] = []
    for pair in range(-1, pairs):  # the first warms up
        names = [*loops] if pair % 2 else [*reversed(loops)]
        found = {name: seconds(loops[name]) for name in names}
        runs += [found] if pair >= 0 else []
    told: dict[str, Any] = {f"{name} seconds": round(statistics.median(run[name] for run in runs), 2) for name in loops}
    for name in [name for name in loops if name != "suite"]:
        ratios = sorted(run["suite"] / run[name] for run in runs)
        told[f"beside {name}"] = [round(one, 3) for one in (statistics.median(ratios), ratios[0], ratios[-1])]
    return told


def peak(rows: int) -> int:
    """Return how many bytes a process takes at most that evaluates so many rows with a tiny model."""
    with tempfile.TemporaryDirectory() as name:

        def tiny(folder: Path) -> str:
            shutil.copytree(ZOO / "sentiment" / "small", folder)
            return "text-classification"

        folder = Path(name) / "one"
        model, evaluation = prepared(folder, tiny, functools.partial(texts, longest=40), rows)
        tally_of(model, evaluation)
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="texts; of pictures and sounds a fifth as many")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(""), help="path without its ending")
    asked = parser.parse_args()
    if asked.peak:
        print(peak(asked.peak))
        return
    found: dict[str, Any] = {}
    command = " ".join(["python", "benchmarks/evaluation_speed.py", *sys.argv[1:]])
    kinds = {
        "texts": (bert, texts, asked.rows),
        "pictures": (mobilenet, pictures, max(1, asked.rows // 5)),
        "sounds": (wav2vec, sounds, max(1, asked.rows // 5)),
    }
    for kind, (write, inputs, rows) in kinds.items():
        if asked.only in (None, kind):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name) / kind
                model, evaluation = prepared(folder, write, inputs, rows)
                given = [*rows_in(folder)]
                loops = {"suite": suite(model, evaluation, asked.threads)}
                loops["bare"] = bare(model, given, folder, asked.threads)
                loops |= {"pipeline": pipeline(model, given, asked.threads)} if kind == "texts" else {}
                found[kind] = {
                    "command": command,
                    "rows": rows,
                    "batch": batch_of(model),
                    "threads": asked.threads,
                    "pairs": asked.pairs,
                    **beside(loops, asked.pairs),
                }
                print(kind, found[kind], flush=True)
    if asked.memory or asked.only == "memory":
        found["memory"] = {"command": command}
        for rows in (1_000, 100_000):
            again = [sys.executable, __file__, "--peak", str(rows)]
            said = subprocess.run(again, check=True, capture_output=True, text=True).stdout
            found["memory"][f"peak MB with {rows:,} rows"] = round(int(said) / 1e6, 1)
    print(written(found, asked.output))


def written(found: Mapping[str, Any], output: Path) -> str:
    """Write what a run came to, and beside it what an earlier one did of parts that it has not; gives the table."""
    before: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        before = json.loads(output.with_suffix(".json").read_text("utf-8"))
    result = {
        "aims": AIMS,
        **{part: {**before, **found}[part] for part in PARTS if part in found or part in before},
        "surroundings": {**surroundings(), "processor": platform.machine(), "cores": cores()},
    }
    output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    output.with_suffix(".md").write_text(table(result), "utf-8")
    return table(result)


def table(result: Mapping[str, Any]) -> str:
    """Return what came of it as Markdown."""
    lines = [
        "`python benchmarks/evaluation_speed.py`: median of so many pairs (lowest to highest)",
        "",
        "| | rows | pairs | threads | beside | seconds, suite and other | ratio | aim |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in PARTS:
        for key, (middle, low, high) in ((k, v) for k, v in result.get(kind, {}).items() if k.startswith("beside")):
            other, took = key.partition(" ")[2], result[kind]
            how = f"{took['rows']:,} | {took['pairs']} | {took['threads']}"
            cells = f"{took['suite seconds']:g} and {took[f'{other} seconds']:g} | {middle:g} ({low:g} to {high:g})"
            lines.append(f"| {kind} | {how} | {other} | {cells} | {AIMS[f'{kind} {key}']:g} |")
    lines += ["", *(f"{key}: {value:,}" for key, value in result.get("memory", {}).items() if key != "command")]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
