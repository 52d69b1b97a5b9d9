"""How a server is asked for each task, and how its answer is read."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from swapgate.backends import backend_of, endpoint, find
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.inputs.given import Question, Sound
from swapgate.outputs import invalid
from swapgate.project.manifest import row_type
from swapgate.tasks import tasks
from swapgate.tasks.retrieval import Corpus, Search

SOUND = Sound(np.linspace(-1, 1, 800, dtype=np.float32) / 3, 8000)
PICTURE = Image.effect_noise((6, 4), 50).convert("RGB")
LABELLED = [{"label": "P", "score": 0.9}, {"label": "N", "score": 0.1}]
LABELS = {"labels": {"P": "good", "N": "bad"}}
PNG = "PNG"
"""Stands for the picture in what is asked."""
TASKS = {
    "text-classification": ("Nice.", LABELS, LABELLED, {"inputs": "Nice.", "parameters": {"top_k": 2}}),
    "multi-label": (
        "Nice.",
        LABELS,
        [LABELLED],
        {"inputs": "Nice.", "parameters": {"top_k": 2, "function_to_apply": "sigmoid"}},
    ),
    "own names": ("Nice.", {"labels": {"*": "*"}}, LABELLED, {"inputs": "Nice.", "parameters": {"top_k": 1000}}),
    "ner": (
        "Ada came.",
        {"labels": {"PER": "PER"}, "aggregation": "first"},
        [{"entity_group": "PER", "score": 0.9, "word": "Ada", "start": 0, "end": 3}],
        {"inputs": "Ada came.", "parameters": {"aggregation_strategy": "first"}},
    ),
    "question-answering": (
        Question("Who?", "Ada came."),
        {"no_answer": True},
        {"answer": "Ada", "score": 0.9, "start": 0, "end": 3},
        {"inputs": {"question": "Who?", "context": "Ada came."}, "parameters": {"handle_impossible_answer": True}},
    ),
    "summarization": (
        "Ada came.",
        {"generation": {"max_new_tokens": 9}},
        [{"summary_text": "Ada."}],
        {"inputs": "Ada came.", "parameters": {"generate_parameters": {"max_new_tokens": 9}}},
    ),
    "translation": (
        "Ada came.",
        {"source_language": "en", "target_language": "de", "generation": {"max_new_tokens": 9}},
        [{"translation_text": "Ada kam."}],
        {
            "inputs": "Ada came.",
            "parameters": {"src_lang": "en", "tgt_lang": "de", "generate_parameters": {"max_new_tokens": 9}},
        },
    ),
    "text-generation": (
        "Ada",
        {"generation": {"max_new_tokens": 9}, "stop": ["."]},
        [{"generated_text": "Ada came"}],
        {"inputs": "Ada", "parameters": {"do_sample": False, "max_new_tokens": 9, "stop": ["."]}},
    ),
    "audio-classification": (SOUND, LABELS, LABELLED, SOUND),
    "speech-recognition": (SOUND, {}, {"text": "Ada came."}, SOUND),
    "image-classification": (PICTURE, LABELS, LABELLED, {"inputs": PNG, "parameters": {"top_k": 2}}),
    "object-detection": (
        PICTURE,
        {**LABELS, "threshold": 0.3, "tolerance": {"drift": 0.02, "reason": "so"}},
        [{"label": "P", "score": 0.9, "box": {"xmin": 1, "ymin": 1, "xmax": 5, "ymax": 3}}],
        {"inputs": PNG, "parameters": {"threshold": 0.3 - 0.02}},
    ),
    "zero-shot-classification": (
        "Nice.",
        {**LABELS, "hypothesis_template": "It is {}."},
        {"sequence": "Nice.", "labels": ["P", "N"], "scores": [0.9, 0.1]},
        {
            "inputs": "Nice.",
            "parameters": {"candidate_labels": ["P", "N"], "multi_label": False, "hypothesis_template": "It is {}."},
        },
    ),
    "retrieval": (
        Search("Who?", Corpus({"a": "Ada came.", "b": "Bo left."})),
        {"query_prefix": "q: "},
        [0.9, 0.1],
        {"inputs": {"source_sentence": "q: Who?", "sentences": ["Ada came.", "Bo left."]}, "parameters": {}},
    ),
}


@pytest.fixture
def predict(server, tmp_path):
    """Ask the server for a prediction of an input, by a row of a suite."""

    def predicted(task, given, answer, path="", **keys):
        server.behave = lambda handler, said: handler.say(200, answer)
        row = row_type(task).model_validate({"model": f"{server.address}{path}", **keys})
        source = find(row, tmp_path, tmp_path)
        loaded = endpoint.Endpoint(task, source)
        try:
            return backend_of(source).predict(task, loaded, [given], row)[0]
        finally:
            loaded.close()

    return predicted


def _task(name):
    known = tasks()
    return known["text-classification"].multi_label if name == "multi-label" else known.get(name) or known["sentiment"]


def _decoded(asked):
    """Return what was asked with the picture in its place, once it is seen to be the one that was given."""
    picture = isinstance(asked["inputs"], str) and asked["inputs"].startswith("iVBOR")
    if picture:
        assert Image.open(io.BytesIO(base64.b64decode(asked["inputs"]))).tobytes() == PICTURE.tobytes()
    return {**asked, "inputs": PNG} if picture else asked


@pytest.mark.parametrize("name", TASKS)
def test_each_task(server, predict, name):
    """A server is asked for each task as the client asks, with what the row says, and its answer is a prediction."""
    given, keys, answer, wanted = TASKS[name]
    found = predict(_task(name), given, answer, **keys)
    assert not isinstance(found, ModelFault)
    assert not invalid(found)
    ((method, _, headers, body),) = server.requests
    assert method == "POST"
    if isinstance(wanted, Sound):
        assert headers["content-type"] == "audio/wav"
        samples, rate = soundfile.read(io.BytesIO(body), dtype="float32")
        assert (rate, samples.tobytes()) == (wanted.rate, wanted.samples.tobytes())
    else:
        assert headers["content-type"] == "application/json"
        asked = _decoded(json.loads(body))
        assert asked["inputs"] == wanted["inputs"]
        assert {key: value for key, value in asked["parameters"].items() if value is not None} == wanted["parameters"]


CHAT = {"model": "writer", "prompt": "Sum up:\n{text}\nIn a line."}


@pytest.mark.parametrize("path", ["", "/v1", "/v1/chat/completions"])
def test_chat(server, predict, path):
    """A server that is spoken to as OpenAI's are is told the row's prompt, and what it writes is the summary."""
    answer = {"choices": [{"message": {"role": "assistant", "content": " Ada. "}}]}
    found = predict(tasks()["summarization"], "Ada {text} came.", answer, path, chat=CHAT)
    assert found.text == "Ada."
    ((_, asked, _, body),) = server.requests
    said = json.loads(body)
    assert asked == "/v1/chat/completions"
    assert said["messages"] == [{"role": "user", "content": "Sum up:\nAda {text} came.\nIn a line."}]
    assert (said["model"], said["temperature"], said["seed"], said["stream"]) == ("writer", 0, 0, False)


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": []},
        {"choices": [{"message": {"content": None}}]},
        {"error": "no"},
        [{"summary_text": "Ada."}],
        "Ada.",
    ],
)
def test_chats_that_are_none(predict, answer):
    """What is no answer of a chat is an ERROR."""
    with pytest.raises(SurroundingsFault, match=r"its answer is .*, and not "):
        predict(tasks()["summarization"], "Ada came.", answer, chat=CHAT)


def test_chats_of_others(server, predict, tmp_path):
    """A task that is not written has no chat, and a prompt has a place for the text."""
    with pytest.raises(SurroundingsFault, match="chat in its row is for texts that are written; take it out"):
        predict(tasks()["ner"], "Ada", [], chat=CHAT, labels={"P": "P"})
    assert not server.requests
    with pytest.raises(ValueError, match=r"write \{text\} where the text of a case goes"):
        predict(tasks()["summarization"], "Ada", [], chat={"prompt": "Sum up."})
    with pytest.raises(InputFault, match="is one of the backend transformers, which has no chat"):
        find(row_type(tasks()["summarization"])(model="x", chat=CHAT), tmp_path, tmp_path)


def test_an_input_that_cannot_be_sent(server, predict):
    """A picture without pixels is told, and nothing is sent."""
    with pytest.raises(SurroundingsFault, match="a picture cannot be sent to"):
        predict(_task("image-classification"), Image.new("RGB", (0, 0)), [], **LABELS)
    assert not server.requests


def test_chats_of_their_own(server, predict):
    """What is said in a chat is sent as a chat, behind what the system says, and its answer is what is written."""
    chat = {"prompt": [{"role": "user", "content": "Who came?"}]}
    answer = {"choices": [{"message": {"role": "assistant", "content": " Ada. "}}]}
    assert predict(tasks()["text-generation"], chat, answer, system="Be short.").text == "Ada."
    ((_, asked, _, body),) = server.requests
    said = json.loads(body)
    assert (asked, said["temperature"], said["max_tokens"]) == ("/v1/chat/completions", 0, 256)
    assert said["messages"] == [{"role": "system", "content": "Be short."}, *chat["prompt"]]
