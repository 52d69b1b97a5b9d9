"""How fast a server is asked, beside the bare client: python benchmarks/endpoint_speed.py http://127.0.0.1:8000/sentiment

The address is one of benchmarks/endpoint_server.py, or any that classifies texts; 1,000 rows are asked.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import InferenceClient

from swapgate.backends import backend_of, find
from swapgate.project.manifest import row_type
from swapgate.tasks import tasks

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "fixtures" / "zoo" / "sentiment" / "heldout.jsonl"
BATCH = 32
"""Rows that are asked for together, as an evaluation set is."""


def a_second(ask: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    """Return how many texts are answered a second."""
    ask(texts[:1])
    start = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        ask(texts[first : first + BATCH])
    return len(texts) / (time.perf_counter() - start)


def main() -> None:
    """Print how many texts are answered a second, by the bare client and by swapgate."""
    address, task = sys.argv[1], tasks()["text-classification"]
    texts = [json.loads(line)["text"] for line in ROWS.read_text(encoding="utf-8").splitlines()]
    client = InferenceClient(model=address)
    print(f"InferenceClient: {a_second(lambda part: [client.text_classification(one) for one in part], texts):.0f}")
    for at_once in (1, 4, 8):
        row = row_type(task)(model=address, concurrency=at_once, labels={"*": "*"})
        source = find(row, ROOT, ROOT)
        asked = backend_of(source).load(task, source)
        print(f"concurrency = {at_once}: {a_second(lambda part: asked.ask(part, part, row), texts):.0f}")  # noqa: B023
        asked.close()


if __name__ == "__main__":
    main()
