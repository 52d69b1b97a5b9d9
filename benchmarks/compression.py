"""What each compressed variant costs and saves, task by task: ``python benchmarks/compression.py``.

Every variant of each task's `original` model is judged by pytest as a swap for it (expected, golden, properties,
quality, size and parameters), and measured: the task's figures on its evaluation set, bytes on disk, bytes of the
tensors in memory, parameters, and those that are not zero. The small tier (distilled or trained small) and the large
one stand beside them, each judged as the tier it is. Then each is timed in pairs with the uncompressed model. Times
judge nothing here, so that a second run gives the same table but for them: ``--check`` compares it with what is there.

Writes compression.json, compression.md and a plot a task, compression_TASK.svg, beside this file.
"""

import argparse
import functools
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["CI"] = "true"  # nothing is written into the repository, and hypothesis tries the same examples each time

import gate_quality
from gate_quality import MODELS, ROOT, SUITES, Judge

from swapgate.core.extras import lack
from swapgate.models import int8
from swapgate.models.loading import SEED, Source, surroundings
from swapgate.statistics.latency import compare
from swapgate.tasks import find_task
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.running import Model
from swapgate.trials.timing import Work, ratio

HERE = Path(__file__)
VARIANTS = (
    "int8",
    "int8w",
    "bf16",
    "fp16",
    "prune10",
    "prune30",
    "prune60",
    "prune90",
    "drop1",
    "drop2",
    "prune30+int8",
)
BASE, BESIDE = "original", ("small", "large")
WIDTHS, TOKENS = (64, 96, 192, 384, 768, 3072), (12, 128)
"""Of a Linear layer that is timed alone: the zoo's are the first two widths, MiniLM's 384 and BERT's 768."""
PRODUCTS = {"int8, VNNI": ("dynamic", True), "int8, no VNNI": ("dynamic", False), "int8w": ("weights", False)}
"""From a column of that table to the kind of a layer, and whether it computes with torch's product of whole numbers."""
BUDGET = 'budget.quality = { against = "incumbent", margin = 0.02, metric = "right" }'
CHECKS = "not latency and not memory"
BY_CLASS = ("recall ", "precision ", "F1 ", "mAP ")
"""How the names of figures begin that are of one label; its recall is its accuracy."""

Row = dict[str, Any]


def models_file(folder: Path) -> Path:
    """Write the embedded models file with a quality budget of rows that are right, which few that differ decide too."""
    text = MODELS.read_text("utf-8").replace("../zoo", str(ROOT / "fixtures" / "zoo"))
    for task in SUITES:
        if task != "summarization":  # whose texts are not right or wrong as a whole
            text = text.replace(f"[{task}.{BASE}]\n", f"[{task}.{BASE}]\n{BUDGET}\n")
    path = folder / MODELS.name
    path.write_text(text, "utf-8")
    return path


def models(file: Path, tasks: list[str], variants: list[str]) -> Iterator[tuple[str, str, Plan, Model, list[str]]]:
    """Return what is studied: task, name, plan, model, and the options that judge it."""
    asked = f"--models={file}"
    for task in tasks:
        for tier in (BASE, *BESIDE):
            plan = make_plan(ROOT, file, [], [], ROOT)
            yield task, tier, plan, plan.models[task, tier], [asked]
        for variant in variants:
            swap = f"{task}.{BASE}={plan.models[task, BASE].source.folder}+{variant}"
            plan = make_plan(ROOT, file, [swap], [], ROOT)
            yield task, variant, plan, plan.models[task, BASE], [asked, f"--swap={swap}"]


def judged(judge: Judge, task: str, name: str, model: Model, options: list[str]) -> Row:
    """Judge a model and measure all that is the same each time."""
    found = judge.run(task, model.tier, *options)
    report = judge.folder / "verdict.json"
    (tier,) = json.loads(report.read_text("utf-8"))["tiers"] if report.exists() else [None]
    quality = tier["figures"]["quality"] if tier else None
    row: Row = {
        "task": task,
        "name": name,
        "model": model.source.name,
        "verdict": found["verdict"],
        "why": found["why"].replace(f"{ROOT}/", ""),
        "counts": tier["counts"] if tier else {},
        "figures": {key: round(value, 4) for key, value in quality["figures"].items()} if quality else {},
        "seed": SEED,
    }
    return row | (sizes(model.source, model) if found["verdict"] != "ERROR" else {})


def sizes(source: Source, model: Model) -> Row:
    """Return what a model takes."""
    from safetensors.torch import load_file

    weights = model.weights
    held = {one.data_ptr(): one.nbytes for one in (*weights.parameters(), *weights.buffers())}
    tensors = [one for path in source.weights_folder.glob("*.safetensors") for one in load_file(path).items()]
    stored = [tensor for name, tensor in tensors if not name.endswith(int8.SCALE)]
    return {
        "bytes": source.bytes,
        "bytes in memory": sum(held.values()),
        "parameters": source.parameters,
        "not zero": sum(int(tensor.count_nonzero()) for tensor in stored),
    }


def timed(task: str, name: str, plan: Plan, model: Model) -> Row:
    """Time a model in pairs with the uncompressed original."""
    reference = plan.incumbents.get((task, BASE), plan.models[task, BASE])
    if reference is model:
        return {"ratio": 1.0, "low": 1.0, "high": 1.0, "pairs": 0}
    found = ratio(model, reference, Work(model.cases.latency), 1.0)  # until it is known which of the two is faster
    high = None if found.high == float("inf") else round(found.high, 3)
    return {"ratio": round(found.median, 3), "low": round(found.low, 3), "high": high, "pairs": found.pairs}


def layers() -> list[Row]:
    """Time one Linear layer of several widths in 8 bits, in pairs with float32."""
    import torch

    found = []
    for width, tokens in itertools.product(WIDTHS, TOKENS):
        exact, given = torch.nn.Linear(width, width), torch.randn(1, tokens, width)
        row: Row = {"width": width, "tokens": tokens}
        for name, (kind, integers) in PRODUCTS.items():
            if integers and not int8.has_integer_product():
                continue
            layer = int8.layer(exact, kind)
            with mock.patch.object(int8, "has_integer_product", return_value=integers), torch.inference_mode():
                ratio_of = compare(functools.partial(layer, given), functools.partial(exact, given), 1.0)
            row[name] = round(ratio_of.median, 3)
        found.append(row)
    return found


def front(rows: list[Row], metric: str, cost: Any) -> list[Row]:
    """Return the rows than which none is better and costs no more."""
    sign = -1 if rows and metric in find_task(rows[0]["task"]).output.less_is_better else 1
    found: list[Row] = []
    for row in sorted(rows, key=lambda one: (cost(one), -sign * one["figures"][metric])):
        ahead = sign * row["figures"][metric] - sign * found[-1]["figures"][metric] if found else 1
        if ahead > 0 or (ahead == 0 and cost(row) == cost(found[-1])):
            found.append(row)
    return found


def size_of(row: Row) -> float:
    """Return the bytes of a row's file."""
    return float(row["bytes"])


def time_of(row: Row) -> float:
    """Return how long a row takes beside the original."""
    return float(row["latency"]["ratio"])


def plot(task: str, rows: list[Row], path: Path) -> None:
    """Draw quality against size and against time."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "swapgate", "svg.fonttype": "none", "font.size": 8})
    from matplotlib import pyplot

    colours = {"PASS": "#2a7f3f", "FAIL": "#b3261e", "INCOMPLETE": "#b08000", "ERROR": "#777777"}
    metric = find_task(task).figures[0]
    figure, sides = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for side, cost, words in zip(
        sides, (size_of, time_of), ("bytes on disk", "seconds a call, original = 1"), strict=True
    ):
        best = front(rows, metric, cost)
        side.plot([cost(one) for one in best], [one["figures"][metric] for one in best], "--", color="#999999", lw=1)
        for row in rows:
            at = cost(row), row["figures"][metric]
            side.plot(*at, "D" if row["name"] in (BASE, *BESIDE) else "o", color=colours[row["verdict"]], ms=4)
            weight = "bold" if row in best else "normal"
            side.annotate(row["name"], at, xytext=(3, 3), textcoords="offset points", fontsize=6.5, weight=weight)
        side.set_xlabel(words)
    if metric in find_task(task).output.less_is_better:
        sides[0].invert_yaxis()
    sides[0].set_ylabel(metric)
    figure.suptitle(f"{task}: dashed and bold the Pareto front; green PASS, red FAIL, amber INCOMPLETE; ◆ tiers")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    path.write_text("\n".join(line.rstrip() for line in path.read_text("utf-8").splitlines()) + "\n", "utf-8")


def shown(row: Row, base: Row) -> list[str]:
    """Return the cells of a row of a task's table."""
    metrics = find_task(row["task"]).figures
    figures = [f"{row['figures'][name]:.4f}" if row["figures"] else "–" for name in metrics]
    if "bytes" not in row:
        return [row["name"], *figures, *["–"] * 5, row["verdict"]]
    time = row["latency"]
    interval = f" ({time['low']:.2f} to {'∞' if time['high'] is None else format(time['high'], '.2f')})"
    return [
        row["name"],
        *figures,
        f"{row['bytes']:,} ({row['bytes'] / base['bytes']:.2f})",
        f"{row['bytes in memory']:,}",
        f"{row['parameters']:,}",
        f"{row['not zero']:,}",
        f"{time['ratio']:.2f}{interval if time['pairs'] else ''}",
        row["verdict"],
    ]


def held_against(row: Row) -> str:
    """Count by check what a row is held against."""
    bad = ("failed", "incomplete", "error")
    counts = {check: sum(count for name, count in of.items() if name in bad) for check, of in row["counts"].items()}
    return ", ".join(f"{check} {count}" for check, count in counts.items() if count) or "none"


def reading(task: str, rows: list[Row]) -> str:
    """Say in words which compression suits a task."""
    base = next(row for row in rows if row["name"] == BASE)
    ours = [row for row in rows if row["name"] not in (BASE, *BESIDE)]
    passed = [row for row in ours if row["verdict"] == "PASS"]
    smaller = sorted((row for row in passed if row["bytes"] < 0.98 * base["bytes"]), key=size_of)
    words = []
    if smaller:
        row = smaller[0]
        words.append(
            f"the smallest that passes is {row['name']}, {row['bytes'] / base['bytes']:.2f} of the bytes in"
            f" {time_of(row):.2f} times the time"
        )
    else:
        words.append("no variant that passes takes fewer bytes" if passed else "no variant passes")
    quick = sorted((row for row in passed if row["latency"]["high"] and row["latency"]["high"] < 1), key=time_of)
    words.append(
        f"the fastest that passes is {quick[0]['name']} ({time_of(quick[0]):.2f})"
        if quick
        else "none that passes is faster than the original"
    )
    for name in ("int8", "int8w"):
        row = next((one for one in ours if one["name"] == name and "latency" in one), None)
        if row and row["latency"]["low"] > 1:
            words.append(f"{name} is slower than float32 on this CPU ({time_of(row):.2f})")
    red = [row["name"] for row in ours if row["verdict"] in ("FAIL", "ERROR")]
    open_ = [row["name"] for row in ours if row["verdict"] == "INCOMPLETE"]
    words.append(f"not let through: {', '.join(red) or 'none'}")
    words += [f"undecided, for the set has too few rows: {', '.join(open_)}"] if open_ else []
    return f"**{task}**: {'; '.join(words)}."


def matrix(by_task: dict[str, list[Row]]) -> list[str]:
    """Return the table of verdicts by variant and task, each with its time beside the original's."""
    names = [row["name"] for row in next(iter(by_task.values()))]
    lines = [f"| | {' | '.join(by_task)} |", "|---" * (len(by_task) + 1) + "|"]
    for name in names[1:]:
        found = [next(row for row in rows if row["name"] == name) for rows in by_task.values()]
        cells = [f"{row['verdict']} {time_of(row):.2f}" if "latency" in row else row["verdict"] for row in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def written(result: dict[str, Any]) -> str:
    """Write the tables."""
    rows, machine = result["rows"], result["surroundings"]
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    by_task = {task: [row for row in rows if row["task"] == task] for task in tasks}
    lines = [
        "# Compressed variants of the embedded models",
        "",
        f"`tox -e compression`; seed {SEED}, {machine['threads']} thread, torch {machine['torch']}, transformers"
        f" {machine['transformers']}, {machine['cpu']}. The models are stored as float16 and computed in float32, so",
        "that bf16 and fp16 take as many bytes on disk as the original, and half in memory. A verdict is that of the",
        "variant as a swap for `original` (expected, golden, properties, quality, size, parameters; time stands",
        "beside it and judges nothing here); that of `small` and `large` is on the tier itself. Quality may fall by",
        "2 points of the share of rows that are right (of summaries ROUGE-1), which a set decides too where hardly a",
        "row differs. Latency is the median ratio of paired calls, with its interval; 0 or ∞ where an end is",
        "unknown, for it was clear already which is faster. All figures, those of each class too, stand in",
        "compression.json.",
        "",
        "## Which compression suits which task",
        "",
        *matrix(by_task),
        "",
        *(f"- {reading(task, by_task[task])}" for task in tasks),
        "",
    ]
    lines += [
        "Where 8 bits begin to pay on this CPU: one Linear layer alone, its time beside float32's, with torch's",
        "product of whole numbers (a CPU with VNNI) and with float32's product of the same numbers (any other):",
        "",
    ]
    lines += [f"| width | tokens | {' | '.join(PRODUCTS)} |", "|---" * (len(PRODUCTS) + 2) + "|"]
    for row in result["layers"]:
        times = (f"{row[name]:.2f}" if name in row else "–" for name in PRODUCTS)
        lines.append(f"| {row['width']} | {row['tokens']} | {' | '.join(times)} |")
    lines.append("")
    for task in tasks:
        base = next(row for row in by_task[task] if row["name"] == BASE)
        heads = [
            "model",
            *find_task(task).figures,
            "bytes (ratio)",
            "bytes in memory",
            "parameters",
            "not zero",
            "latency",
            "verdict",
        ]
        lines += [f"## {task}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += [f"| {' | '.join(shown(row, base))} |" for row in by_task[task]]
        lines += ["", f"![quality of {task} against size and time](compression_{task.replace('-', '_')}.svg)", ""]
        classes = [name for name in base["figures"] if name.startswith("recall ")]
        if classes:
            lines += ["Accuracy of each class (its recall):", ""]
            lines += [
                f"| model | {' | '.join(name.removeprefix('recall ') for name in classes)} |",
                "|---" * (len(classes) + 1) + "|",
            ]
            for row in by_task[task]:
                cells = [f"{row['figures'][name]:.3f}" if name in row["figures"] else "–" for name in classes]
                lines.append(f"| {row['name']} | {' | '.join(cells)} |")
            lines.append("")
        red = [row for row in by_task[task] if row["verdict"] != "PASS"]
        lines += [f"- {row['name']}: {row['verdict']} ({held_against(row)}), such as: {row['why']}" for row in red]
        lines += [""] * bool(red)
    return "\n".join(lines)


def steady(rows: list[Row]) -> list[Row]:
    """Return rows without what differs from run to run."""
    return [{key: value for key, value in row.items() if key != "latency"} for row in rows]


def main() -> None:
    """Do all of it and write it down, or compare it with what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(SUITES))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 where another table comes out"
    )
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    asked = parser.parse_args()
    if words := lack(["benchmarks"]):
        parser.error(f"drawing {words}")
    gate_quality.CHECKS = CHECKS
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(Path(folder))
        rows = []
        file = models_file(Path(folder))
        for task, name, plan, model, options in models(file, asked.tasks, asked.variants):
            row = judged(judge, task, name, model, options)
            if "bytes" in row and not asked.check:
                row["latency"] = timed(task, name, plan, model)
            rows.append(row)
            print(task, name, row["verdict"], row.get("bytes"), row.get("latency"), row["why"][:120], flush=True)
    if asked.check:
        kept = steady(json.loads(Path(f"{asked.output}.json").read_text("utf-8"))["rows"])
        differing = [f"{row['task']} {row['name']}" for row in steady(rows) if row not in kept]
        print(f"{len(rows)} rows, {len(differing)} of them not as they were: {', '.join(differing) or 'none'}")
        sys.exit(bool(differing))
    result = {"command": "tox -e compression", "surroundings": surroundings(), "rows": rows, "layers": layers()}
    Path(f"{asked.output}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    Path(f"{asked.output}.md").write_text(written(result), "utf-8")
    for task in asked.tasks:
        measured = [row for row in rows if row["task"] == task and row["figures"] and "bytes" in row]
        plot(task, measured, Path(f"{asked.output}_{task.replace('-', '_')}.svg"))


if __name__ == "__main__":
    main()
