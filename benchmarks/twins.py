"""What rules say of honest swaps, and what they let through: ``python benchmarks/twins.py``.

Twins are the small models of two tasks, made by the same recipe with the seeds 1 to 10, fixed beforehand and all
reported (``--train`` makes them, an hour or more). A team that would take either of two should not be told that one is
worse.

- twins: each in the place of the zoo's, judged by several rules (RULES).
- damages: those of damages.py that do harm, judged under the same budget of cases; what is caught no more is named.
- slices: the logit of one digit lowered until 8 of its 36 rows are lost, which the whole figure does not show. One
  damage a digit; the limits are 5 points of the whole set and of each digit.
- labels: `swapgate label` on swaps of the zoo's tiers, answered from the held-out labels, beside all labels.

Writes twins.json and .md beside this file; `--parts` and `--tasks` do some of it and keep the rest.
"""

import argparse
import csv
import itertools
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from damages import DAMAGES, NotApplicable, change_weights
from gate_models import train
from gate_quality import MODELS, ROOT, Judge, damaged, described_damage, interval, loss_of, write_row

from swapgate.commands.labelling import MARGIN, label
from swapgate.outputs import check_expected
from swapgate.outputs.answer import normalized
from swapgate.outputs.prediction import comma_list
from swapgate.statistics.comparison import compare_figure
from swapgate.trials.evaluating import tally_of
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.running import Model

HERE = Path(__file__)
TWINS = ROOT / "build" / "twins"
ZOO = ROOT / "fixtures" / "zoo"
TASKS, TIER, SEEDS = ("sentiment", "image-classification"), "small", range(1, 11)
LABELLED = ("sentiment", "image-classification", "audio-classification", "ner", "question-answering")
DIGITS, LOST_OF_A_DIGIT = "image-classification", 8
CASES = "budget.cases = { lost_at_most = 0.05 }"
RULES = {
    "budget of 5 % of the cases": CASES,
    "the same, and 5 points on the set": f'{CASES}\nbudget.quality = {{ against = "incumbent", margin = 0.05 }}',
    "as before: none lost, none weaker": "clear_lead = 0.0\nbudget.cases = { lost_at_most = 0, weaker_at_most = 0 }",
    "default": "",
}
"""What stands in a tier's row besides its own limits, or in the place of one."""
BY_DIGIT = 'budget.quality = { against = "incumbent", margin = 0.05 }\nbudget.slices.digit = { margin = 0.05 }'


def with_rule(folder: Path, task: str, tier: str, lines: str) -> str:
    """Write the zoo's models file with other limits in one row; gives the option that names it."""
    text = MODELS.read_text("utf-8").replace("../zoo", str(ZOO))
    head = f"[{task}.{tier}]\n"
    before, rest = text.split(head)
    row, bracket, after = rest.partition("\n[")
    keys = [line.partition(" = ")[0] for line in lines.splitlines()]
    kept = [line for line in row.splitlines() if line.partition(" = ")[0] not in keys]
    path = Path(tempfile.mkdtemp(dir=folder)) / MODELS.name  # the name says where its goldens are
    path.write_text(before + head + "\n".join([*lines.splitlines(), *kept]) + bracket + after, "utf-8")
    return f"--models={path}"


def counts(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a verdict came to: cases that were lost or are weaker, and flips of the set."""
    facts = found.get("tier", {})
    quality = (facts.get("figures") or {}).get("quality") or {"comparisons": []}
    beside = [one["comparison"] for one in quality["comparisons"] if one["tier"] == "incumbent"]
    return {
        "verdict": found["verdict"],
        "why": found["why"],
        "lapses": {kind: len(cases) for kind, cases in facts.get("lapses", {}).items()},
        "rows": [{"lost": len(one["lost"]), "gained": len(one["gained"]), "of": one["rows"]} for one in beside],
    }


def twins(judge: Judge, plan: Plan, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Judge each twin by each rule."""
    for task in (one for one in TASKS if one in tasks):
        before = judge.run(task, TIER)["value"]
        rules = {rule: with_rule(judge.folder, task, TIER, lines) for rule, lines in RULES.items()}
        for seed in SEEDS:
            model = TWINS / task / str(seed) / TIER
            assert model.exists(), f"{model} is not there; make it with: python benchmarks/twins.py --train"
            for rule, option in rules.items():
                found = judge.run(task, TIER, f"--swap={task}.{TIER}={model}", option)
                loss = loss_of(task, before, found)
                yield {"task": task, "seed": seed, "rule": rule, "loss": loss and round(loss, 4), **counts(found)}


def harmful(judge: Judge, plan: Plan, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Judge the damages that do harm under the budget of cases."""
    for task in (one for one in TASKS if one in tasks):
        model, before = plan.models[task, TIER], judge.run(task, TIER)
        judge.options = [with_rule(judge.folder, task, TIER, CASES)]
        for damage in (one for one in DAMAGES if task in one.tasks):
            try:
                found = damaged(judge, model, damage)
            except NotApplicable as reason:
                print(task, damage.name, "not applicable:", reason)
                continue
            row = described_damage(plan, model, damage, before, found)
            yield {key: row[key] for key in ("task", "tier", "damage", "loss", "harm", "turned", "verdict", "why")}
        judge.options = ()


def sliced_set(folder: Path) -> Path:
    """Write the held-out digits with the digit as a slice; the sheet of pictures lies beside them."""
    rows = [json.loads(line) for line in (ZOO / DIGITS / "heldout.jsonl").read_text("utf-8").splitlines()]
    for picture in {row["image"] for row in rows}:
        shutil.copy(ZOO / DIGITS / picture, folder)
    path = folder / "digits.jsonl"
    path.write_text("".join(json.dumps({**row, "slices": {"digit": row["expected"]}}) + "\n" for row in rows), "utf-8")
    return path


def lead_of(model: Model, digit: str, rows: Any) -> list[float]:
    """Return by how much a digit's logit leads on its own rows, the least first; only where it leads."""
    from math import log

    leads = []
    for row in rows:
        if row.expected == (digit,):
            (said,) = model.predict([row.input])
            if not check_expected(said, row.expected):
                leads.append(log(said.scores[0].score) - log(said.scores[1].score))
    return sorted(leads)


def lower(folder: Path, place: int, by: float) -> None:
    """Lower one output of the head, whose bias is kept in float32 so that it is lowered by just that."""

    def lowered(name: str, tensor: Any) -> Any:
        if not re.fullmatch(r"classifier(\.dense)?\.bias", name):
            return tensor
        tensor = tensor.float()
        tensor[place] -= by
        return tensor

    change_weights(folder, lowered)


def slices(judge: Judge, plan: Plan, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Damage one digit after another, and judge by the whole set and by the slice of each digit."""
    tier, folder = "original", Path(tempfile.mkdtemp(dir=judge.folder))
    model, path = plan.models[DIGITS, tier], sliced_set(folder)
    rows = [*make_plan(ROOT, MODELS, [], [f"{DIGITS}={path}"], ROOT).evaluations[DIGITS].rows()]
    names = json.loads((model.source.folder / "config.json").read_text("utf-8"))["id2label"]
    options = ["-k", "quality", f"--eval-set={DIGITS}={path}", with_rule(folder, DIGITS, tier, BY_DIGIT)]
    for place, digit in sorted((int(number), name) for number, name in names.items()):
        leads = lead_of(model, digit, rows)
        by = (leads[LOST_OF_A_DIGIT - 1] + leads[LOST_OF_A_DIGIT]) / 2
        candidate = folder / digit
        shutil.copytree(model.source.folder, candidate)
        lower(candidate, place, by)
        found = judge.run(DIGITS, tier, f"--swap={DIGITS}.{tier}={candidate}", *options)
        quality = found["tier"]["figures"]["quality"]
        whole = [one["comparison"] for one in quality["comparisons"] if one["tier"] == "incumbent"]
        red = [
            one["value"]
            for one in quality["slices"]
            if one["role"] == "named" and one["comparison"]["decision"] == "FAIL"
        ]
        yield {
            "task": DIGITS,
            "digit": digit,
            "logit lowered by": round(by, 3),
            "whole": whole[0]["decision"],
            "whole difference": round(whole[0]["difference"], 4),
            "slices that FAIL": red,
            "verdict": found["verdict"],
            "why": found["why"],
        }


def is_right(said: str, expected: Any) -> bool:
    """Say what a person would of an answer in words, who knows the expected one of a row."""
    if isinstance(expected, str):
        return said == expected
    if not expected or "label" in expected[0]:  # entities
        spans = sorted(expected, key=lambda one: (one["start"], one["end"], one["label"]))
        wanted = comma_list([f"{one['label']} {one['text']!r} {one['start']}-{one['end']}" for one in spans])
        return said in (wanted, "" if expected else "no answer")
    if said == "no answer":
        return False
    text, start, end = re.fullmatch(r"(.*) \((\d+)-(\d+)\)", said, re.DOTALL).groups()
    return any(
        normalized(text) == normalized(one["text"])
        and int(start) < one["start"] + len(one["text"])
        and one["start"] < int(end)
        for one in expected
    )


def answered(path: Path, expected: Mapping[str, Any]) -> int:
    """Fill the column label of what `swapgate label` wrote; gives how many labels that took."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    words = {(True, True): "both", (False, False): "neither", (True, False): "first", (False, True): "second"}
    for row in rows:
        row["label"] = words[is_right(row["first"], expected[row["id"]]), is_right(row["second"], expected[row["id"]])]
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "given", "first", "second", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def labels(judge: Judge, plan: Plan, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Let `swapgate label` judge swaps of the zoo's tiers by labels of the rows on which they differ."""
    for task in (one for one in LABELLED if one in tasks):
        heldout = ZOO / task / "heldout.jsonl"
        expected = {row["id"]: row["expected"] for row in map(json.loads, heldout.read_text("utf-8").splitlines())}
        for tier, other in itertools.permutations(plan.tiers(task), 2):
            incumbent, candidate = plan.models[task, tier], plan.models[task, other]
            stem = judge.folder / f"{task}-{tier}-{other}"
            row = write_row(stem.with_suffix(".toml"), candidate, candidate.source.folder)
            asked = {"swap": f"{task}.{tier}={row}", "rows": heldout, "ask": False, "seed": 0}
            label(ROOT, MODELS, argparse.Namespace(**asked, out=stem, labels=None))
            count = answered(Path(f"{stem}.jsonl"), expected)
            said, _ = label(ROOT, MODELS, argparse.Namespace(**asked, out=None, labels=Path(f"{stem}.csv")))
            tallies = (tally_of(one, plan.evaluations[task]) for one in (candidate, incumbent))
            whole = compare_figure(*tallies, "right", MARGIN)
            verdict = said.splitlines()[1].partition("  ")[0]
            yield {
                "task": task,
                "swap": f"{tier} → {other}",
                "labels": count,
                "rows": len(expected),
                "verdict": verdict,
                "all labels": whole.decision,
                "same": verdict == whole.decision,
            }


def bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the folders of this machine in its words."""
    words = str(row.get("why", "")).replace(f"{ROOT}/", "")
    return {**row, "why": re.sub(rf"{tempfile.gettempdir()}/\S*/", "", words)} if "why" in row else dict(row)


PARTS = {"twins": twins, "damages": harmful, "slices": slices, "labels": labels}


def written(result: Mapping[str, Any]) -> str:
    """Write the tables."""
    lines = [
        "# Twins",
        "",
        f"`{result['command']}`. The small models by the same recipe with the seeds 1 to 10, as `--swap` of the zoo's.",
    ]
    lines += _of_twins(result.get("twins", ()))
    lines += _of_damages(result.get("damages", ()))
    lines += _of_slices(result.get("slices", ()))
    lines += _of_labels(result.get("labels", ()))
    return "\n".join(lines) + "\n"


def _of_twins(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ["", "| task | rule | PASS | FAIL | INCOMPLETE |", "|---|---|---|---|---|"]
    keys = dict.fromkeys((row["task"], row["rule"]) for row in rows)
    for task, rule in keys:
        found = Counter(row["verdict"] for row in rows if (row["task"], row["rule"]) == (task, rule))
        yield f"| {task} | {rule} | {found['PASS']} | {found['FAIL']} | {found['INCOMPLETE'] + found['ERROR']} |"
    columns = ["lost", "near tie lost", "weaker"]
    heads = ["task", "seed", "loss on the set", "rows lost, gained", *columns, *RULES]
    yield from ["", "Each twin; cases as the default counts them:", ""]
    yield from ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for task, seed in dict.fromkeys((row["task"], row["seed"]) for row in rows):
        by_rule = {row["rule"]: row for row in rows if (row["task"], row["seed"]) == (task, seed)}
        one = by_rule["default"]
        flips = ", ".join(f"{row['lost']}, {row['gained']} of {row['of']:,}" for row in one["rows"])
        loss = "–" if one["loss"] is None else f"{one['loss']:+.4f}"
        cells = [task, seed, loss, flips, *(one["lapses"].get(kind, 0) for kind in columns)]
        yield "| " + " | ".join(map(str, [*cells, *(by_rule[rule]["verdict"] for rule in RULES)])) + " |"


def _of_damages(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    harmful_ones = [row for row in rows if row["harm"]]
    through = [row for row in harmful_ones if row["verdict"] not in ("FAIL", "ERROR")]
    caught = len(harmful_ones) - len(through)
    low, high = interval(caught, len(harmful_ones))
    yield from ["", "## Damages under the budget of cases", ""]
    yield f"{caught} of {len(harmful_ones)} damages that do harm are FAIL or ERROR ({low:.1%} to {high:.1%}). Others:"
    yield ""
    told = [f"- {row['task']}: {row['damage']} (loss {row['loss']}): {row['verdict']}. {row['why']}" for row in through]
    yield from told or ["- none"]


def _of_slices(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    caught = sum(row["digit"] in row["slices that FAIL"] for row in rows)
    passed = sum(row["whole"] == "PASS" for row in rows)
    yield from ["", "## One label damaged", ""]
    yield f"By its slice {caught} of {len(rows)} are FAIL; by the whole set {passed} of {len(rows)} pass."
    yield from ["", "| digit | whole set | slices that FAIL | verdict |", "|---|---|---|---|"]
    for row in rows:
        whole = f"{row['whole']} ({row['whole difference']:+.4f})"
        yield f"| {row['digit']} | {whole} | {', '.join(row['slices that FAIL'])} | {row['verdict']} |"


def _of_labels(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    same = sum(row["same"] for row in rows)
    yield from ["", "## Labels of the rows that differ", ""]
    yield f"The same verdict as with all labels in {same} of {len(rows)} swaps."
    yield from ["", "| task | swap | labels asked | verdict | with all labels |", "|---|---|---|---|---|"]
    for row in rows:
        yield (
            f"| {row['task']} | {row['swap']} | {row['labels']} of {row['rows']:,} | {row['verdict']} |"
            f" {row['all labels']} |"
        )


def main() -> None:
    """Train twins, or judge and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="make the twins that are not there yet")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tasks", nargs="+", choices=LABELLED, default=list(LABELLED))
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    asked = parser.parse_args()
    if asked.train:
        for task, seed in itertools.product(TASKS, SEEDS):
            if not (TWINS / task / str(seed) / TIER).exists():
                train(task, TIER, TWINS / task / str(seed), f"--seed={seed}")
        return
    os.environ["CI"] = "true"  # nothing is written into the repository
    path = Path(f"{asked.output}.json")
    result = json.loads(path.read_text("utf-8")) if path.exists() else {"command": "python benchmarks/twins.py"}
    with tempfile.TemporaryDirectory() as folder:
        judge, plan = Judge(Path(folder)), make_plan(ROOT, MODELS, [], [], ROOT)
        for part in asked.parts:
            kept = [row for row in result.get(part, ()) if row["task"] not in asked.tasks]
            found = []
            for row in PARTS[part](judge, plan, asked.tasks):
                found.append(bare(row))
                print(*found[-1].values(), flush=True)
            result[part] = sorted([*kept, *found], key=lambda row: LABELLED.index(row["task"]))
            path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = written(result)
    Path(f"{asked.output}.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
