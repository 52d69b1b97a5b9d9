"""A server is judged as a model is: what it answers, who it is, and which hosts may be asked at all."""

import json
import os
import subprocess
import threading
from dataclasses import replace

import pytest

from swapgate.backends import endpoint, find
from swapgate.backends import server as asking
from swapgate.core.faults import InputFault
from swapgate.project.manifest import Row
from swapgate.tasks import tasks

LABELS = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }'
TOKEN = "hf_abcdefghijklmnop"


@pytest.fixture
def free(recorded):
    """A project whose small tier has no budget of size."""
    recorded.replace(recorded.models_file, 'budget.size = { against = "original", at_most = 0.9 }\n', "")
    return recorded


@pytest.fixture
def judge(free, server, monkeypatch):
    """Swap ner.small for the server, with a row where there is more to say than its address, and give verdict and
    words.
    """
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.01)

    def judged(row="", *options, path="/ner", checks="not latency"):
        model = f"{server.address}{path}"
        if row:
            model = free.write("row.toml", f'model = "{model}"\n{LABELS}\n{row}\n').name
        result = free.run("--swap", f"ner.small={model}", "-k", f"small and {checks}", *options)
        words = "\n".join([*free.reasons(result), *result.errlines])
        return free.verdicts(result).get("small"), words

    return judged


@pytest.fixture
def own_row(free, server):
    """Let the row of ner.small name the server, and record its golden."""
    free.replace(free.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    free.replace(free.models_file, '"../../models/small"', f'"{server.address}/ner"')
    free.run("--snapshot-update", "-k", "golden and small").assert_outcomes(passed=3, deselected=13)
    return free


def test_a_server_passes(judge, server):
    """A server that finds all is a PASS that tells what is not measured, and that none knows which model answers."""
    verdict, words = judge(checks="ner")
    assert verdict == "PASS", words
    assert "memory, parameters, size not measured: a server" in words
    assert "nothing says which model answers there" in words
    assert f"{server.address}/ner answered 3 cases, and these answers have the fingerprint " in words
    assert {*server.asked} == {"/ner"}
    assert json.loads(server.requests[-1][3])["parameters"] == {"aggregation_strategy": "simple"}


FAULTS = {
    "lost": (lambda h, s: h.say(200, []), "FAIL", "LOC 'Paris' 13-18 was not found"),
    "nested": (lambda h, s: h.say(200, [[]]), "FAIL", "LOC 'Paris' 13-18 was not found"),
    "percent": (
        lambda h, s: h.say(200, [{"entity_group": "PER", "score": 99.0, "start": 0, "end": 3}]),
        "FAIL",
        "has the score 99, which is not between",
    ),
    "nan": (
        lambda h, s: h.say(200, b'[{"entity_group": "PER", "score": NaN, "start": 0, "end": 3}]'),
        "FAIL",
        "a score that is NaN",
    ),
    "html": (lambda h, s: h.say(200, b"<html>", content_type="text/html"), "ERROR", "with what is no JSON (text/html"),
    "truncated": (lambda h, s: h.say(200, b'[{"entity_gr'), "ERROR", "with what is no JSON (application/json"),
    "another task": (lambda h, s: h.say(200, [{"label": "good", "score": 0.9}]), "ERROR", "and not a list of"),
    "error with 200": (
        lambda h, s: h.say(200, {"error": "loading"}),
        "ERROR",
        'its answer is {"error": "loading"}, and',
    ),
    "400": (
        lambda h, s: h.say(400, b"\x1b[31mno\ninputs"),
        "ERROR",
        "answered 400 to a text (\\x1b[31mno); see what it takes",
    ),
    "500": (lambda h, s: h.say(500, b"CUDA error"), "ERROR", "answered 500 (CUDA error); wait until it answers"),
    "redirect": (
        lambda h, s: h.say(302, b"", location="http://127.0.0.1:9/"),
        "ERROR",
        "points to http://127.0.0.1:9/",
    ),
    "label": (
        lambda h, s: h.say(200, [{"entity_group": "person", "score": 0.9, "start": 0, "end": 3}]),
        "ERROR",
        'add to labels there: "person" = "…"',
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_goes_wrong(judge, server, name):
    """What no model could mean is a FAIL, and what is no answer of the task an ERROR; neither is ever a wrong label."""
    server.behave, wanted, words = FAULTS[name]
    verdict, said = judge()
    assert (verdict, words in said) == (wanted, True), said


def test_silence(judge, server):
    """A server that says nothing is asked for twice its timeout, and then never again."""
    silence = threading.Event()
    server.behave = lambda handler, said: silence.wait(20)
    verdict, words = judge("timeout = 0.5")
    silence.set()
    assert (verdict, "did not answer within 0.5 s" in words) == ("ERROR", True), words
    assert len(server.asked) <= 2


def test_one_input_at_fault(judge, server):
    """An input at which a server breaks is named, and the others are judged."""
    plain = server.behave

    def behave(handler, said):
        handler.say(500, b"no rain") if "rained" in said["inputs"] else plain(handler, said)

    server.behave = behave
    verdict, words = judge()
    assert verdict == "ERROR"
    assert "'nobody'" in words
    assert "'ada'" not in words


def test_who_it_is(judge, own_row, server):
    """Address and version say which server it is: the same two are no swap, another of either is one."""
    same = "this swap did not take place"
    assert (verdict := judge())[0] == "FAIL"
    assert same in verdict[1]
    verdict, words = judge('version = "2"')
    assert verdict == "PASS", words
    assert "which model answers there its row alone says (version = '2')" in words
    assert "nothing that was measured differs between" in words
    verdict, words = judge(path="/other")
    assert (verdict, same in words) == ("PASS", False), words
    assert "nothing that was measured differs between" in words


def test_what_it_says_of_itself(judge, own_row, server):
    """What /info says of the model is part of who it is, and is told; what else stands there is not."""
    server.info = {"model_id": "ada/ner", "model_sha": "1" * 40, "waiting": 3}
    own_row.run("--snapshot-update", "-k", "golden and small")
    server.info["waiting"] = 4
    verdict, words = judge()
    assert (verdict, "this swap did not take place" in words) == ("FAIL", True)
    result = own_row.run("-k", "small and not latency")
    assert own_row.verdicts(result)["small"] == "PASS"
    told = f"its /info alone says (model_id = ada/ner, model_sha = {'1' * 40})"
    assert told in "\n".join(own_row.reasons(result))
    server.info["model_sha"] = "2" * 40
    result = own_row.run("-k", "small and not latency")
    assert own_row.verdicts(result)["small"] == "INCOMPLETE"


def test_what_it_cannot_say_of_itself(judge, server):
    """Where a server is at fault at /info alone the message says how it is not asked that."""
    server.do_get = lambda handler: handler.say(500, b"boom")
    verdict, words = judge()
    assert verdict == "ERROR"
    assert f"asked at /info which model it is: {server.address}/ner answered 500 (boom)" in words
    assert "; or give version in its row: then it is not asked that" in words
    verdict, words = judge('version = "1"')
    assert verdict == "PASS", words


def test_now_and_then(recorded, judge, server):
    """A server that fails now and then is told so, and not that it must answer several inputs at once."""
    row = {"text": "Ada.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}
    recorded.write("set.jsonl", "".join(f"{json.dumps({'id': f'r{number}', **row})}\n" for number in range(4)))
    recorded.write("tests/test_quality.py", QUALITY)
    left = [asking.TRIES]

    def behave(handler, said):
        if said["inputs"] == "Ada." and left[0]:
            left[0] -= 1
            handler.say(502, b"bad gateway")
        else:
            well(handler, said)

    well, server.behave = server.behave, behave
    verdict, words = judge('version = "1"', "--eval-set=ner=set.jsonl", checks="quality")
    assert verdict == "ERROR"
    assert "answered 502 (bad gateway), 6 times; wait until it answers" in words
    assert "; asked once more, one by one, it answered: it fails now and then, or where it is asked several at" in words
    assert "let it answer several too" not in words


def test_in_a_golden(own_row, server):
    """A golden has address and version of a server, and margins that nobody knows."""
    golden = json.loads(own_row.golden().read_text())
    (made_by,) = golden["made_by"].values()
    assert (made_by["backend"], made_by["model"]) == ("endpoint", f"{server.address}/ner")
    assert golden["cases"]["ada"]["prediction"]["entities"][0]["margin"] is None


@pytest.mark.parametrize("back", ["answer", "400", "500", "header"])
def test_the_token_is_nowhere(recorded, judge, server, monkeypatch, back):
    """The token goes to the server and nowhere else: into no golden, report or message, whatever the server does."""
    monkeypatch.setenv("MINE", TOKEN)
    monkeypatch.setenv("HF_TOKEN", "hf_another_token")

    def behave(handler, said):
        sent = handler.headers["authorization"]
        assert sent == f"Bearer {TOKEN}"
        if back == "answer":
            handler.say(200, [{"entity_group": sent, "score": 0.9, "start": 0, "end": 3, "word": sent}])
        elif back == "header":
            handler.say(302, b"", location=f"http://other.example/{sent}")
        else:
            handler.say(int(back), f"no {sent}".encode())

    server.behave = behave
    reports = ("--verdict-json=out/v.json", "--verdict-md=out/v.md", "--junitxml=out/j.xml")
    verdict, words = judge('token_env = "MINE"', *reports, "-rA", "--showlocals", "--tb=long")
    assert verdict == "ERROR"
    assert TOKEN not in words
    files = recorded.tree()
    assert "out/v.json" in files
    assert not [name for name, content in files.items() if TOKEN.encode() in content]


def test_concurrency(recorded, judge, server):
    """Rows of an evaluation set are asked at once, none is lost, and each has its own answer; cases wait for none."""
    rows = [f"Ada met {'Paris ' * (number % 2)}at {number}." for number in range(1000)]
    right = [
        [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]
        + [{"label": "LOC", "start": 8, "end": 13, "text": "Paris"}] * ("Paris" in text)
        for text in rows
    ]
    lines = [
        {"id": f"r{n}", "text": text, "expected": one} for n, (text, one) in enumerate(zip(rows, right, strict=True))
    ]
    recorded.write("set.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    recorded.write("tests/test_quality.py", QUALITY)
    plain = server.behave

    def behave(handler, said):
        with server.busy():
            plain(handler, said)

    server.behave = behave
    verdict, words = judge("concurrency = 8", "--eval-set=ner=set.jsonl", checks="quality")
    assert verdict == "PASS", words
    asked = [json.loads(body)["inputs"] for method, _, _, body in server.requests if method == "POST"]
    assert sorted(asked) == sorted(rows)
    assert 1 < server.most <= 8
    server.most = 0
    judge("concurrency = 8", checks="latency")
    assert server.most == 1


QUALITY = """
import pytest
from swapgate.standard import test_quality

pytestmark = pytest.mark.task("ner")
"""


def test_on_ci(recorded, own_row, server, monkeypatch):
    """On CI only a host is asked from which a golden was recorded, and one on the command line."""
    monkeypatch.setenv("CI", "true")
    server.requests.clear()
    assert own_row.verdicts(own_row.run("-k", "small and not latency"))["small"] == "PASS"
    own_row.replace(own_row.models_file, "http://127.0.0.1:", "http://localhost:")
    server.requests.clear()
    result = own_row.run("-k", "small and not latency")
    assert own_row.verdicts(result)["small"] == "INCOMPLETE"
    assert "was not asked, nothing was sent: on CI no host is asked of which" in "\n".join(own_row.reasons(result))
    assert not server.requests
    result = own_row.run("--swap", f"ner.original={server.address}/ner", "-k", "original and not latency")
    assert own_row.verdicts(result)["original"] == "PASS"


@pytest.fixture
def commit_all():
    """Put all files of a project into a repository of its own."""

    def run(project):
        project.write(".gitignore", "__pycache__/\n.hypothesis/\n.swapgate/\nevents.txt\n")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
        for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=one"]):
            subprocess.run(["git", *who, *arguments], cwd=project.path, env=clean, check=True)

    return run


@pytest.fixture
def committed(own_row, commit_all):
    """A project in git whose small tier is the server."""
    commit_all(own_row)
    return own_row


EDITS = {
    "nothing": ("", "", "PASS", ""),
    "another path": ("/ner", "/better", "INCOMPLETE", "record"),
    "another host": ("http://127.0.0.1:", "http://localhost:", "INCOMPLETE", "and a change opens no door"),
    "another token": ('/ner"', '/ner"\ntoken_env = "SECRET"', "INCOMPLETE", "and a change opens no door"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_row_is_no_door(committed, server, monkeypatch, name):
    """A change may name no host that its base does not, and no token: nothing is sent there."""
    monkeypatch.setenv("SECRET", "s" * 20)
    old, new, wanted, words = EDITS[name]
    committed.replace(committed.models_file, old, new) if old else None
    server.requests.clear()
    result = committed.run("--against=HEAD", "-m", "small and not latency", "-p", "no:benchmark")
    said = "\n".join(committed.reasons(result))
    assert (committed.verdicts(result)["small"], words in said) == (wanted, True), said
    hosts = {headers["host"].partition(":")[0] for _, _, headers, _ in server.requests}
    assert hosts <= {"127.0.0.1"}
    assert not [headers for _, _, headers, _ in server.requests if "authorization" in headers]


BODY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\n"


@pytest.mark.parametrize("path", ["", "/ner", "/v1/ner"])
def test_the_incumbent_is_asked_where_it_is(free, commit_all, server, monkeypatch, path):
    """Under --against the commit's server is asked at its own address, with its token, and known by it; what it is
    called in messages leads nowhere.
    """
    monkeypatch.setenv("MINE", TOKEN)
    address = f'"{server.address}{path}"\ntoken_env = "MINE"'
    free.replace(free.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    quality = 'budget.quality = { against = "incumbent", margin = 0.1 }'
    free.replace(free.models_file, '"../../models/small"', f"{address}\n{quality}")
    rows = [
        {"id": f"r{n}", "text": f"Ada, {n}.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}
        for n in range(50)
    ]
    free.write("fixtures/ner/set.jsonl", "\n".join(map(json.dumps, rows)))
    free.replace(free.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    free.replace(free.suite, "def test_size(", f"{BODY}def test_size(")
    free.run("--snapshot-update", "-k", "golden and small")
    commit_all(free)
    free.replace(free.models_file, address, f'"{server.address}/better"\ntoken_env = "MINE"')
    server.requests.clear()
    result = free.run("--against=HEAD", "-m", "small and not latency", "-p", "no:benchmark")
    said = "\n".join(free.reasons(result))
    assert "ERROR" not in said, said
    assert {*server.asked} == {path or "/", "/better"}
    assert "is not the incumbent's" not in said
    assert {headers["authorization"] for method, _, headers, _ in server.requests if method == "POST"} == {
        f"Bearer {TOKEN}"
    }


def test_a_name_is_no_address(tmp_path):
    """A server is asked and known by what its row names, whatever it is called."""
    for model in ("http://host/ner", "http://host", "https://host:8443/v1/"):
        source = find(Row(model=model, version="1"), tmp_path, tmp_path)
        called = replace(source, name=f"{source.name}@1234567")
        assert called.digest == source.digest
        assert endpoint.Endpoint(tasks()["ner"], called).address == source.name


ADDRESSES = {
    "http://ada:secret@host/ner": "holds more than host, port and path",
    "http://host/ner?key=secret": "holds more than host, port and path",
    "http://host/ner#secret": "holds more than host, port and path",
    "http://host:99999/": "its address cannot be read",
    "http://": "its address is none that can be asked",
    "http://ho st/": "its address is none that can be asked",
    "https://höst/": "its address is none that can be asked",
    "http://[::1/": "its address cannot be read",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses(recorded, address):
    """An address that may hold a secret, or is none, is refused without being shown."""
    result = recorded.run("--swap", f"ner.small={address}")
    words = "\n".join(result.errlines)
    assert result.ret == 4
    assert ADDRESSES[address] in words
    assert "ada:secret" not in words


SPELLINGS = (
    ("http://127.0.0.1:81/x", "http://127.1:81/x", "http://0x7f000001:81/x", "http://[::ffff:127.0.0.1]:81/x"),
    ("http://2130706433/x", "http://localhost/x", "http://LOCALHOST.:80/x", "http://0177.0.0.1/x"),
    ("http://127.0.0.1:81/x", "http://0.0.0.0:81/x", "http://0:81/x", "http://[::]:81//x", "http://[::1]:81/x/"),
    ("http://%6c%6FCALHOST:81/x", "http://127.0.0.1:0081//x//", "http://localhost:81/x/."),
    ("http://[::1]/", "http://[0:0:0:0:0:0:0:1]:80", "http://[::0001]/", "http://localhost"),
    ("http://[fe80::1]:81/x", "http://[FE80::0:1]:81/x"),
    ("http://h/v1/x", "http://h//v1//x", "http://H:/v1/x//", "http://h/v1///x/"),
    ("http://h/ok/x", "http://h/ok/../ok/x", "http://h/./ok/x/", "http://h/%6f%6B/x", "http://h/../ok/%2E%2e/ok/x"),
    ("http://h/a%2fb", "http://h/a%2Fb"),
    ("http://h", "http://h/", "http://h/.", "http://h/x/.."),
)
"""Each is one address in several spellings."""


def test_one_address(tmp_path):
    """An address is the same however it is written, and its host is its scheme, name and port."""
    same = ("http://host/ner", "HTTP://HOST:80/ner/", "http://host:80/ner")
    sources = [find(Row(model=one, version="1"), tmp_path, tmp_path) for one in same]
    assert [one.name for one in sources] == ["http://host/ner", "http://host/ner/", "http://host/ner"]
    assert len({one.digest for one in sources}) == 1
    assert {endpoint.origin(one) for one in same} == {"http://host"}
    for same in SPELLINGS:
        assert len({find(Row(model=one, version="1"), tmp_path, tmp_path).digest for one in same}) == 1, same
    paths = ("http://host/ner", "http://host/NER", "http://host/a%2Fner", "http://host/a/ner", "http://host:81/ner")
    paths += ("http://127.0.0.1/ner", "http://127.0.0.2/ner", "http://[fe80::1]/ner", "https://localhost/ner")
    assert len({find(Row(model=one, version="1"), tmp_path, tmp_path).digest for one in paths}) == len(paths)
    assert find(Row(model="http://host//ner"), tmp_path, tmp_path).name == "http://host//ner"  # asked as it is written
    assert endpoint.origin("http://localhost") != endpoint.origin("http://127.0.0.1")  # a door is a name
    others = ("https://host/ner", "http://host:8080/ner", "http://host.example/ner", "models/ner", "http://a@host/ner")
    assert "http://host" not in {endpoint.origin(one) for one in others}


def test_keys_of_others(tmp_path):
    """A server's row has a version and no revision."""
    with pytest.raises(InputFault, match="is one of the backend endpoint, which has no dtype, revision; take that out"):
        find(Row(model="http://host/", revision="main", dtype="float16"), tmp_path, tmp_path)
    with pytest.raises(InputFault, match="is one of the backend transformers, which has no token_env"):
        find(Row(model="x", token_env="MINE"), tmp_path, tmp_path)


def test_each_task_says_how_it_is_asked():
    """Each task that comes with the package can be asked of a server."""
    assert all(one.served for task in tasks().values() for one in task.variants)
