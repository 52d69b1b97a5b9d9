"""SQuAD 1.1 and 2.0: questions with their answers, in the paragraphs of articles."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.project.foreign.found import Found
from swapgate.project.foreign.tables import json_of


def read(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield each question with its context and answers. Raises InputFault where the file is no JSON."""
    content = json_of(path)
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise InputFault(f"{path}: has no list data; write it as SQuAD is written")
    for one, article in enumerate(content["data"]):
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        for two, paragraph in enumerate(paragraphs if isinstance(paragraphs, list) else [None]):
            asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
            for three, question in enumerate(asked if isinstance(asked, list) else [None]):
                yield Found(f"data[{one}].paragraphs[{two}].qas[{three}]", _row(paragraph, question))


def _row(paragraph: Any, question: Any) -> Any:
    if not isinstance(question, dict) or not isinstance(paragraph, dict):
        return InputFault("is no paragraph with a context and a list of questions (qas); write it as SQuAD does")
    impossible, answers = question.get("is_impossible"), question.get("answers")
    if not isinstance(impossible, bool | None):
        return InputFault(f"is_impossible is {str(impossible)[:20]!r}; write true or false")
    if impossible is not None and impossible == bool(answers):
        return InputFault(f"is_impossible is {str(impossible).lower()}, and answers are {str(answers)[:40]}; mend one")
    answers = [] if impossible else answers
    row = {key: question.get(key) for key in ("id", "question")} | {"context": paragraph.get("context")}
    return {key: value for key, value in {**row, "expected": answers}.items() if value is not None}
