"""Labels what `swapgate label` wrote by the right answers of an evaluation set: python labelled.py CSV JSONL."""

import csv
import json
import sys
from pathlib import Path

table, rows = Path(sys.argv[1]), Path(sys.argv[2])
right = {row["id"]: row["expected"] for row in map(json.loads, rows.read_text(encoding="utf-8").splitlines())}
with table.open(encoding="utf-8", newline="") as file:
    lines = list(csv.DictReader(file))
for line in lines:
    found = [name for name in ("first", "second") if right[line["id"]] in line[name].lower()]
    line["label"] = {0: "neither", 1: found[0] if found else "", 2: "both"}[len(found)]
with table.open("w", encoding="utf-8", newline="") as file:
    writer = csv.DictWriter(file, lines[0])
    writer.writeheader()
    writer.writerows(lines)
