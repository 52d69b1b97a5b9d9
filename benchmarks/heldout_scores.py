"""Held-out scores of the zoo's NER models, as the engine predicts them: exact spans, precision, recall, F1 (seqeval).

python benchmarks/heldout_scores.py
"""

import json
from pathlib import Path

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from swapgate.loading import find, surroundings
from swapgate.manifest import read_manifest
from swapgate.predictions import Entities, Span
from swapgate.tasks import ner

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
BATCH = 32


def tags(text: str, spans: list[Span]) -> list[str]:
    """Tag each character, so that spans are exact whatever a word is."""
    result = ["O"] * len(text)
    for span in spans:
        result[span.start : span.end] = [f"B-{span.label}", *[f"I-{span.label}"] * (span.end - span.start - 1)]
    return result


def main() -> None:
    """Score each tier, print and write benchmarks/heldout_scores.json."""
    rows = [json.loads(line) for line in (ROOT / "fixtures/zoo/ner/heldout.jsonl").read_text("utf-8").splitlines()]
    texts = [row["text"] for row in rows]
    expected = [tags(row["text"], [Span(**span) for span in row["expected"]]) for row in rows]
    tiers = {}
    for tier, row in read_manifest(MODELS).rows["ner"].items():
        model = ner.load(find(row, MODELS.parent, ROOT))
        found = [f for i in range(0, len(texts), BATCH) for f in ner.predict(model, texts[i : i + BATCH], row.labels)]
        actual = [
            tags(text, list(prediction.entities))
            for text, prediction in zip(texts, found, strict=True)
            if isinstance(prediction, Entities)
        ]
        report = classification_report(expected, actual, mode="strict", scheme=IOB2, output_dict=True, digits=4)
        tiers[tier] = {
            name: {key: round(float(figures[key]), 4) for key in ("precision", "recall", "f1-score")}
            for name, figures in report.items()
            if name in ("PER", "ORG", "LOC", "MISC", "micro avg")
        }
    result = {
        "command": "python benchmarks/heldout_scores.py",
        "sentences": len(rows),
        "tiers": tiers,
        "surroundings": surroundings(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
