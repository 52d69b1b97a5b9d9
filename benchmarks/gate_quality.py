"""What the gate catches and what it lets through, beside what people use today: ``python benchmarks/gate_quality.py``.

Damages (damages.py) are done to the embedded models one at a time, and pytest judges each: damaged files or a damaged
row as a swap, damaged code as drift of the same weights. It runs the expected, golden, quality, size and parameters
tests; properties and latency are left out, which makes the gate no better. How much harm a damage does is told by its
loss on the held-out rows, and not by any golden. Benign changes ask the same weights in other ways: batches, threads,
padding, attention, files saved again, inputs packed anew, another process, hash seed, CPU or version of transformers.
Their predictions go through the comparisons of the expected and the golden tests, and the files saved again through
pytest too. The side of padding is not varied: it matters to the zoo's text models, whose positions count from the left.

What is used today sees the same predictions of the same cases, and compares them with those before: syrupy as it is,
the same rounded to four digits, pytest.approx as it is, num_regression of pytest-regressions as it is and at 1e-3, and
labels alone.

Writes gate_quality.json and .md beside this file; the exit status is 1 where a target is not reached.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from damages import DAMAGES, Damage, NotApplicable, change_settings, slower
from gate_peers import PEERS, compared, compared_by_regressions
from scipy.stats import binomtest

from swapgate.core.faults import Fault
from swapgate.goldens.golden import Entry, differences, read_golden
from swapgate.inputs.pictures import read_image
from swapgate.inputs.sounds import read_sound
from swapgate.outputs import check_expected
from swapgate.outputs.prediction import Prediction, to_json
from swapgate.plugin import fixtures
from swapgate.plugin.fixtures import PLAN
from swapgate.tasks import modules
from swapgate.tasks.case import Case
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.running import Model
from swapgate.trials.variation import Setting, attentions_of, cycle, predictions

HERE = Path(__file__)
ROOT = HERE.parents[1]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
MARGIN = 0.02
"""What a candidate may lose where its row says nothing else."""
SUITES = (
    "sentiment",
    "ner",
    "question-answering",
    "summarization",
    "speech-recognition",
    "audio-classification",
    "image-classification",
    "object-detection",
    "zero-shot-classification",
    "retrieval",
    "translation",
    "causal-lm",
)
TIERS = ("original", "small", "large")
CHECKS = "expected or golden or quality or size or parameters"
FAULT = "fault"

Said = dict[str, Any]
"""From case to the JSON of its prediction, or FAULT."""


class Judge:
    """pytest, run in this process, and what it found; incumbents are measured on the held-out rows once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: Sequence[str] = ()
        """Of each run, besides its own."""
        self.plan: Plan | None = None
        self.tallies: dict[Any, Any] = {}
        self.damaged_code: tuple[str, str] | None = None
        """The tier whose code is damaged: its own figures are measured anew."""
        own = fixtures.tally_of

        def tally(model: Model, evaluation: Any, *how: Any) -> Any:
            key = model.source.digest, model.source.folder, evaluation.path
            if (model.suite, model.tier) == self.damaged_code:
                return own(model, evaluation, *how)
            if key not in self.tallies:
                self.tallies[key] = own(model, evaluation, *how)
            return self.tallies[key]

        fixtures.tally_of = tally

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep what was planned, with the models' predictions."""
        self.plan = session.config.stash.get(PLAN, None)

    def run(self, task: str, tier: str, *options: str, latency: bool = False) -> dict[str, Any]:
        """Judge a tier, and give its verdict, figures and predictions."""
        report = self.folder / "verdict.json"
        report.unlink(missing_ok=True)
        self.plan = None
        shown = io.StringIO()
        suite = ROOT / "tests" / f"test_{task.replace('-', '_')}.py"
        quiet = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        chosen = ("-m", f"{task} and {tier} and latency") if latency else ("-m", f"{task} and {tier}", "-k", CHECKS)
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            asked = [*chosen, f"--verdict-json={report}", *self.options, *options]
            status = pytest.main([str(suite), *quiet, *asked], plugins=[self])
        if not report.exists() or self.plan is None:
            return {
                "verdict": "ERROR",
                "why": shown.getvalue().strip()[-300:],
                "status": int(status),
                "said": {},
                "wrong": None,
            }
        (found,) = json.loads(report.read_text("utf-8"))["tiers"]
        model = self.plan.models[task, tier]
        said = {
            case.id: FAULT if isinstance(kept := model._predictions.get(case.id), Fault | None) else to_json(kept)
            for case in model.cases.cases
        }
        quality = found["figures"]["quality"]
        spoke = any(one != FAULT for one in said.values())
        wrong = [case.id for case in model.cases.cases if is_wrong(model, case)]
        return {
            "verdict": found["verdict"],
            "why": re.sub(r"/\S+/(candidate|timed\.toml)", r"\1", found["reasons"][0]["message"])
            if found["reasons"]
            else "",
            "reasons": len(found["reasons"]),
            "value": quality["value"] if quality else None,
            "said": said if spoke else {},
            "wrong": wrong if spoke else None,
            "tier": found,
        }


def is_wrong(model: Model, case: Case) -> bool:
    """Return whether what a model has said to a case is wrong, or nothing."""
    said = model._predictions.get(case.id)
    return not isinstance(said, Prediction) or bool(check_expected(said, case.expected))


def damaged(judge: Judge, model: Model, damage: Damage) -> dict[str, Any]:
    """Do a damage to a model and judge it."""
    task, tier = model.suite, model.tier
    if damage.code is not None:
        with pytest.MonkeyPatch.context() as patch:
            damage.code(patch)
            judge.damaged_code = task, tier
            found = judge.run(task, tier)
            judge.damaged_code = None
        read_sound.cache_clear()
        return found
    with tempfile.TemporaryDirectory(dir=judge.folder) as folder:
        candidate = Path(folder) / "candidate"
        shutil.copytree(model.source.folder, candidate)
        if damage.files is not None:
            (candidate / "task.json").write_text(json.dumps([task, tier]))
            damage.files(candidate)
            (candidate / "task.json").unlink(missing_ok=True)
        named = str(candidate)
        if damage.row:
            named = str(write_row(Path(folder) / "candidate.toml", model, candidate, **damage.row))
        return judge.run(task, tier, f"--swap={task}.{tier}={named}")


def write_row(path: Path, model: Model, folder: Path, **changes: Any) -> Path:
    """Write the row of a model, but for its folder and changes, as a file that --swap takes."""
    row = {"model": str(folder), "labels": dict(model.row.labels), **model.row.settings, **changes}
    path.write_text("".join(f"{key} = {inline(value)}\n" for key, value in row.items() if value != {}), "utf-8")
    return path


def described_damage(
    plan: Plan, model: Model, damage: Damage, before: dict[str, Any], found: dict[str, Any]
) -> dict[str, Any]:
    """Say what a damage did, and whether it does harm."""
    loss = loss_of(model, before["value"], found)
    row = {
        "task": model.suite,
        "tier": model.tier,
        "damage": damage.name,
        "gross": damage.gross,
        "kind": "code" if damage.code else "swap",
        "metric": model.task.figures[0],
        "before": round(before["value"], 4),
        "after": None if loss is None else round(found["value"], 4),
        "loss": None if loss is None else round(loss, 4),
        "changed": found["said"] != before["said"],
        "turned": None if found["wrong"] is None else sorted({*found["wrong"]} - {*before["wrong"]}),
        "verdict": found["verdict"],
        "why": found["why"],
        "harm": damage.served or loss is None or loss >= MARGIN,
    }
    if damage.name == "twice the bytes":  # where the budget allows it, it is no harm
        row["harm"] = row["gross"] = too_large(plan, model)
    if damage.name == "a tenth of the training":  # which may be enough, as for what begins as a trained original
        row["gross"] = row["harm"]
    return row


def slowed(judge: Judge, model: Model) -> dict[str, Any]:
    """Judge a copy that takes a fifth longer, at a budget of 1.1 times the incumbent's time."""
    task, tier = model.suite, model.tier
    with tempfile.TemporaryDirectory(dir=judge.folder) as folder, pytest.MonkeyPatch.context() as patch:
        candidate = Path(folder) / "candidate"
        shutil.copytree(model.source.folder, candidate)
        change_settings(candidate, "config.json", lambda config: config.update(copy=True))  # else it is no swap
        text = MODELS.read_text("utf-8").replace("../zoo", str(ROOT / "fixtures" / "zoo"))
        text = re.sub(r"budget\.latency = .*", 'budget.latency = { against = "incumbent", at_most = 1.1 }', text)
        (Path(folder) / "timed.toml").write_text(text, "utf-8")
        slower(patch)
        swap = f"--swap={task}.{tier}={candidate}"
        return judge.run(task, tier, f"--models={folder}/timed.toml", swap, latency=True)


def inline(value: Any) -> str:
    """Write a value as TOML does within a line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {inline(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def too_large(plan: Plan, model: Model) -> bool:
    """Return whether a budget forbids a model twice as large; that of an original is against its incumbent."""
    limit = model.row.budget.size
    if limit is None:
        return False
    reference = model if limit.against == "incumbent" else plan.models[model.suite, limit.against]
    return bool(2 * model.source.bytes > limit.at_most * reference.source.bytes)


def loss_of(model: Model, before: float, found: dict[str, Any]) -> float | None:
    """Return what is lost on the held-out rows; None where nothing could be measured."""
    if found.get("value") is None:
        return None
    sign = -1 if model.task.figures[0] in model.task.output.less_is_better else 1
    return float(sign * (before - found["value"]))


def benign(model: Model, other_python: str | None) -> Iterator[tuple[str, Said]]:
    """Return what a model says when it is asked in other ways."""
    inputs = {case.id: case.input for case in model.cases.cases}
    model.prediction(model.cases.cases[0])
    attentions, _ = attentions_of(model.weights)
    for setting in cycle(Setting(attention=attentions[0]), len(inputs), attentions, os.cpu_count() or 1)[:12]:
        said = predictions(model, setting, inputs)
        yield str(setting), {case: to_json(one) for case, one in said.items()}
    yield "saved again in shards", saved_again(model)
    yield "another process and hash seed", elsewhere(model, sys.executable, {"PYTHONHASHSEED": "7"})
    if other_python:
        yield "transformers 4.57.6", elsewhere(model, other_python, {})
    if any(isinstance(case.given, Path) for case in model.cases.cases):
        yield "inputs packed anew", packed_anew(model)


def elsewhere(model: Model, python: str, environment: dict[str, str]) -> Said:
    """Ask a model in another process."""
    row = model.source.row.model_dump(mode="json", exclude_none=True)
    where = {"folder": str(model.source.folder), "name": model.source.name, "cases": str(model.cases.path)}
    names = {"task": model.task.name, "modules": modules(), "suite": model.suite, "tier": model.tier}
    asked = json.dumps({**names, "row": row, **where})
    command = [python, "-m", "swapgate.trials.variation"]
    child = subprocess.run(
        command, input=asked, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    said: Said = json.loads(child.stdout.splitlines()[-1])
    return said


def shard(model: Model, folder: Path) -> None:
    """Save a model again in a folder, its weights in small shards."""
    import huggingface_hub
    from safetensors.torch import load_file

    shutil.copytree(model.source.folder, folder)
    weights = folder / "model.safetensors"
    tensors = load_file(weights)
    weights.unlink()
    huggingface_hub.save_torch_state_dict(tensors, folder, max_shard_size=model.source.bytes // 3)
    assert len(list(folder.glob("*.safetensors"))) > 1


def saved_again(model: Model) -> Said:
    """Ask the model that is loaded from shards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "again"
        shard(model, folder)
        source = type(model.source)(model.source.row, folder, model.source.name)
        again = Model(model.suite, model.tier, model.task, source, source, model.cases, model.golden)
        assert source.digest == model.source.digest
        return {case.id: to_json(again.prediction(case)) for case in model.cases.cases}


def in_shards(judge: Judge, model: Model) -> dict[str, Any]:
    """Let pytest judge a tier whose row names a folder that holds the same weights in small shards."""
    with tempfile.TemporaryDirectory(dir=judge.folder) as name:
        folder = Path(name) / "again"
        shard(model, folder)
        zoo, own = ROOT / "fixtures" / "zoo", f"model = {json.dumps(f'../zoo/{model.suite}/{model.tier}')}"
        text = MODELS.read_text("utf-8")
        assert text.count(own) == 1
        text = text.replace(own, f"model = {json.dumps(str(folder))}").replace("../zoo", str(zoo))
        (Path(name) / MODELS.name).write_text(text, "utf-8")
        return judge.run(model.suite, model.tier, f"--models={name}/{MODELS.name}")


def packed_anew(model: Model) -> Said:
    """Write sounds and pictures again as files that hold the same, and ask for them."""
    import soundfile

    said = {}
    with tempfile.TemporaryDirectory() as name:
        for case in model.cases.cases:
            given = case.input
            if hasattr(given, "samples"):
                path = Path(name) / f"{case.id}.wav"
                soundfile.write(path, given.samples, given.rate, subtype="FLOAT")
                (found,) = model.predict([read_sound(path)])
            else:
                path = Path(name) / f"{case.id}.png"
                given.save(path, compress_level=1)
                (found,) = model.predict([read_image(path)])
            said[case.id] = to_json(found)
    return said


def alarms(model: Model, said: Said) -> list[str]:
    """Return what the expected and the golden tests of a tier find in predictions that other ways have given."""
    from pydantic import TypeAdapter

    shape: Any = TypeAdapter(model.task.output.prediction)
    stored, found = read_golden(model.golden), []
    for case in model.cases.cases:
        now = shape.validate_python(said[case.id], strict=False)
        entry = Entry(model.made_by, case.input_digest, case.expected_digest, now)
        found += [f"{case.id}: {one}" for one in differences(entry, stored[case.id], case.expected)]
        if bool(check_expected(now, case.expected)) != (case.id in model.row.gaps):
            found.append(f"{case.id}: expected")
    return found


def main() -> None:
    """Do all of it and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(SUITES))
    parser.add_argument("--tiers", nargs="+", default=["small"], help="of the damages; benign changes are of all tiers")
    parser.add_argument("--damages", nargs="+", help="only those whose name holds one of these")
    parser.add_argument("--no-benign", action="store_true")
    parser.add_argument("--transformers4", help="a python that has swapgate and transformers 4")
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    parser.add_argument(
        "--merge", nargs="+", type=Path, help="JSON files of runs with other --tasks or --tiers, put together"
    )
    asked = parser.parse_args()
    os.environ["CI"] = "true"  # nothing is written into the repository
    if asked.merge:
        result = merged([json.loads(path.read_text("utf-8")) for path in asked.merge])
    else:
        with tempfile.TemporaryDirectory() as folder:
            result = measured(asked, Judge(Path(folder)))
    Path(f"{asked.output}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = written(result)
    Path(f"{asked.output}.md").write_text(text, "utf-8")
    print(text)
    if result["missed targets"]:
        sys.exit("; ".join(result["missed targets"]))


def measured(asked: argparse.Namespace, judge: Judge) -> dict[str, Any]:
    """Do the damages and the benign changes."""
    plan = make_plan(ROOT, MODELS, [], [], ROOT)
    damages: list[dict[str, Any]] = []
    harmless: list[dict[str, Any]] = []
    costly: list[dict[str, Any]] = []
    twins: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    saids: list[tuple[dict[str, Any], Said, Said]] = []
    for (task, tier), model in plan.models.items():
        if task not in asked.tasks:
            continue
        before = None
        if tier in asked.tiers:
            before = judge.run(task, tier)
            assert before["verdict"] == "PASS", before["why"]
        for damage in DAMAGES if before else ():
            if task not in damage.tasks or (asked.damages and not any(one in damage.name for one in asked.damages)):
                continue
            start = time.perf_counter()
            try:
                found = damaged(judge, model, damage)
            except NotApplicable as reason:
                left_out.append({"task": task, "tier": tier, "damage": damage.name, "why": str(reason)})
                continue
            row = described_damage(plan, model, damage, before, found)
            row["seconds"] = round(time.perf_counter() - start, 1)
            damages.append(row)
            saids.append((row, before["said"], found["said"]))
            print(task, tier, damage.name, row["loss"], row["verdict"], row["why"][:110], flush=True)
        if before and asked.damages is None:
            found = slowed(judge, model)
            costly.append({"task": task, "tier": tier, "verdict": found["verdict"], "why": found["why"]})
            print(task, tier, "20 % slower", found["verdict"], found["why"][:150], flush=True)
            twin = ROOT / "build" / "gate" / "twin" / "small" / task / "small"
            if tier == "small" and twin.exists():
                found = judge.run(task, tier, f"--swap={task}.{tier}={twin}")
                loss = loss_of(model, before["value"], found)
                row = {"task": task, "tier": tier, "loss": loss, "verdict": found["verdict"], "why": found["why"]}
                twins.append(row)
                saids.append((row, before["said"], found["said"]))
                print(task, tier, "twin", loss, found["verdict"], found["why"][:150], flush=True)
        if not asked.no_benign:
            usual = {case.id: to_json(model.prediction(case)) for case in model.cases.cases}
            for name, said in benign(model, asked.transformers4):
                found_here = alarms(model, said)
                row = {"task": task, "tier": tier, "change": name, "alarms": found_here[:3]}
                harmless.append(row)
                saids.append((row, usual, said))
            found = in_shards(judge, model)
            why = [] if found["verdict"] == "PASS" else [f"{found['verdict']}: {found['why']}"]
            row = {"task": task, "tier": tier, "change": "saved again in shards, judged by pytest", "alarms": why}
            harmless.append(row)
            saids.append((row, usual, found["said"]))
            print(task, tier, "benign", sum(bool(one["alarms"]) for one in harmless), "of", len(harmless), flush=True)
        model.release()
    for row, before_said, now in saids:
        row["peers"] = compared(before_said, now)
    compared_by_regressions(saids)
    result = {
        "command": "python benchmarks/gate_quality.py",
        "margin": MARGIN,
        "damages": damages,
        "20 % slower, allowed 10 %": costly,
        "twins": twins,
        "benign": harmless,
        "not applicable": left_out,
        "totals": totals(damages, harmless),
    }
    result["missed targets"] = missed(result)
    return result


def merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Put runs with other tasks or tiers together, in the order of both."""

    def place(row: dict[str, Any]) -> tuple[int, int]:
        return SUITES.index(row["task"]), TIERS.index(row["tier"])

    lists = {key for key, value in parts[0].items() if isinstance(value, list)} - {"missed targets"}
    result = {**parts[0], **{key: sorted((row for one in parts for row in one[key]), key=place) for key in lists}}
    result["totals"] = totals(result["damages"], result["benign"])
    result["missed targets"] = missed(result)
    return result


def interval(count: int, of: int) -> list[float]:
    """Return the exact 95 % interval of a share."""
    if not of:
        return [0.0, 1.0]
    found = binomtest(count, of).proportion_ci(0.95)
    return [round(float(found.low), 4), round(float(found.high), 4)]


def caught(row: dict[str, Any], by: str) -> bool:
    """Return whether a damage was red, or a benign change an alarm."""
    if by != "swapgate":
        return bool(row["peers"][by])
    return row["verdict"] in ("FAIL", "ERROR") if "verdict" in row else bool(row["alarms"])


def totals(damages: Sequence[dict[str, Any]], harmless: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count what each catches and how often each raises a false alarm."""
    groups: dict[str, Callable[[dict[str, Any]], bool]] = {
        "gross": lambda row: row["gross"] and (row["harm"] or row["changed"]),
        "harmful": lambda row: row["harm"],
        "not harmful, but changed": lambda row: not row["harm"] and row["changed"],
    }
    found: dict[str, Any] = {}
    for by in ("swapgate", *PEERS):
        found[by] = {}
        for name, belongs in groups.items():
            rows = [row for row in damages if belongs(row)]
            count = sum(caught(row, by) for row in rows)
            found[by][name] = {"caught": count, "of": len(rows), "interval": interval(count, len(rows))}
        count = sum(caught(row, by) for row in harmless)
        found[by]["benign"] = {"caught": count, "of": len(harmless), "interval": interval(count, len(harmless))}
    return found


def missed(result: dict[str, Any]) -> list[str]:
    """Return which targets are not reached."""
    ours = result["totals"]["swapgate"]
    found = []
    if ours["gross"]["caught"] < ours["gross"]["of"]:
        found.append(f"gross damages: {ours['gross']['caught']} of {ours['gross']['of']} caught")
    if ours["harmful"]["caught"] < 0.95 * ours["harmful"]["of"]:
        found.append(f"harmful damages: {ours['harmful']['caught']} of {ours['harmful']['of']} caught")
    slow = [row for row in result["20 % slower, allowed 10 %"] if row["verdict"] != "FAIL"]
    found += [f"20 % slower: {row['task']}/{row['tier']} {row['verdict']}" for row in slow]
    if ours["benign"]["caught"]:
        found.append(f"benign changes: {ours['benign']['caught']} of {ours['benign']['of']} red")
    return found


def written(result: dict[str, Any]) -> str:
    """Write the tables."""
    lines = [
        "| gate | gross damages caught | harmful damages caught | red without harm | red on benign changes |",
        "|---|---|---|---|---|",
    ]
    for by, counts in result["totals"].items():
        cells = [by]
        for name in ("gross", "harmful", "not harmful, but changed", "benign"):
            one = counts[name]
            low, high = one["interval"]
            cells.append(f"{one['caught']} of {one['of']} ({100 * low:.1f} to {100 * high:.1f} %)")
        lines.append("| " + " | ".join(cells) + " |")
    slow = result["20 % slower, allowed 10 %"]
    if slow:
        red = sum(row["verdict"] == "FAIL" for row in slow)
        lines += ["", f"Copies that take a fifth longer where a tenth is allowed: {red} of {len(slow)} FAIL."]
    if result["twins"]:
        lines += ["", "Twins (the same recipe with another seed, judged as swaps):", ""]
    for row in result["twins"]:
        reds = ", ".join(by for by in PEERS if row["peers"][by]) or "none"
        lines.append(
            f"- {row['task']}: loss {row['loss']:+.4f}, {row['verdict']} {row['why']}; red: {reds}".replace(" ;", ";")
        )
    lines += ["", "Misses of the gate among gross and harmful damages:", ""]
    rows = result["damages"]
    bad = [row for row in rows if row["harm"] or (row["gross"] and row["changed"])]
    lines += [f"- {describe(row)}" for row in bad if not caught(row, "swapgate")] or ["- none"]
    lines += ["", "Damages that change no prediction of a case and lose nothing:", ""]
    lines += [f"- {describe(row)}" for row in rows if not row["changed"] and not row["harm"]] or ["- none"]
    if result["not applicable"]:
        lines += ["", "Damages that a model cannot have:", ""]
        lines += [f"- {row['task']}/{row['tier']}: {row['damage']}: {row['why']}" for row in result["not applicable"]]
    lines += ["", "All damages (loss on the held-out rows; caught by):", ""]
    lines += ["| task | tier | damage | loss | swapgate | " + " | ".join(PEERS) + " |", "|---" * (5 + len(PEERS)) + "|"]
    for row in rows:
        loss = "–" if row["loss"] is None else f"{row['metric']} {row['loss']:+.3f}"
        peers = ["red" if row["peers"][by] else "green" for by in PEERS]
        name = f"**{row['damage']}**" if row["gross"] else row["damage"]
        lines.append("| " + " | ".join([row["task"], row["tier"], name, loss, row["verdict"], *peers]) + " |")
    return "\n".join(lines) + "\n"


def describe(row: dict[str, Any]) -> str:
    """Word a damage."""
    loss = "nothing could be measured" if row["loss"] is None else f"{row['metric']} {row['loss']:+.4f}"
    return f"{row['task']}/{row['tier']}: {row['damage']} ({loss}): {row['verdict']}. {row['why']}".rstrip()


if __name__ == "__main__":
    main()
