"""What a server may do wrong: each has its outcome in words, and nothing waits for longer than it may."""

import json
import socket
import struct
import time
from base64 import b64encode
from contextlib import suppress
from email.utils import formatdate

import pytest

from swapgate.backends import secret
from swapgate.backends import server as asked
from swapgate.backends.server import Reply, Request, Server
from swapgate.core.faults import SurroundingsFault

HTML = {"content_type": "text/html"}


@pytest.fixture
def ask(server, monkeypatch):
    """Ask the server, which may take a while, and give its answer, or the fault in words, and see that it was quick."""
    monkeypatch.setattr(asked, "FIRST_WAIT", 0.02)

    def run(client=None, token_env=None, timeout=30.0):
        client = client or Server("the server", timeout, token_env)
        start = time.monotonic()
        try:
            return client.answer(Request("POST", f"{server.address}/ner", {}, b'{"inputs": "Ada"}'))
        except SurroundingsFault as fault:
            return str(fault)
        finally:
            assert time.monotonic() - start < asked.PATIENCE * timeout + 8  # a busy machine
            client.close()

    return run


def once(behaviour):
    """Return what misbehaves at the first question alone."""
    first = [True]

    def behave(handler, said):
        if first:
            first.clear()
            behaviour(handler, said)
        else:
            handler.say(200, "well")

    return behave


def reset(handler, said):
    """End the connection in the middle of an answer, without goodbye."""
    handler.send_response(200)
    handler.send_header("content-length", "100")
    handler.end_headers()
    handler.wfile.write(b'[{"lab')
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def cut(handler, said):
    """End the connection in the middle of an answer."""
    handler.say(200, b"[1, 2", content_length="100")
    handler.close_connection = True


def trickle(handler, said):
    """Send an answer of one letter each tenth of a second."""
    handler.send_response(200)
    handler.send_header("content-length", "100")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.1)


def trickled_headers(handler, said):
    """Send headers without an end."""
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])
            handler.wfile.flush()
            time.sleep(0.1)


def silent(handler, said):
    """Say nothing."""
    time.sleep(4)
    handler.close_connection = True


def large(handler, said):
    """Send a hundred megabytes."""
    handler.send_response(200)
    handler.send_header("content-length", str(100_000_000))
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b"x" * 1_000_000)


def endless(handler, said):
    """Send pieces without an end."""
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")


FAULTS = {
    "reset": (reset, "ended the connection before its answer did", 6),
    "cut": (cut, "ended the connection before its answer did", 6),
    "trickle": (trickle, "did not answer within 1 s, 2 times", 2),
    "headers": (trickled_headers, "did not answer within 1 s, 2 times", 2),
    "silent": (silent, "did not answer within 1 s, 2 times", 2),
    "large": (large, "answered more than 16 MB", 1),
    "endless": (endless, "answered more than 16 MB", 1),
    "html": (lambda h, s: h.say(200, b"<html>\n<p>", **HTML), "200 with what is no JSON (text/html: <html>)", 1),
    "truncated": (lambda h, s: h.say(200, b'[{"label": "P'), "200 with what is no JSON (application/json: [{", 1),
    "bytes": (lambda h, s: h.say(200, b"\xff\x00"), "with what is no JSON (application/json: \ufffd\\x00)", 1),
    "deep": (lambda h, s: h.say(200, b"[" * 100_000), "with what is no JSON", 1),
    "nothing": (lambda h, s: h.say(204, b""), "answered 204 with what is no JSON (application/json: no words)", 1),
    "400": (
        lambda h, s: h.say(400, b"\x1b[31mno\ninputs", **HTML),
        "answered 400 to an input (\\x1b[31mno); see what it takes",
        1,
    ),
    "401": (
        lambda h, s: h.say(401, {"error": "who?"}),
        'answered 401 to an input ({"error": "who?"}); name the variable',
        1,
    ),
    "404": (
        lambda h, s: h.say(404, b""),
        "answered 404 to an input (no words); see whether the address is the right one",
        1,
    ),
    "500": (lambda h, s: h.say(500, b"CUDA error"), "answered 500 (CUDA error), 6 times; wait until it answers", 6),
    "later": (lambda h, s: h.say(429, b"slow", retry_after="60"), "asks to wait 60 s; wait until", 1),
    "inf": (lambda h, s: h.say(503, b"slow", retry_after="9" * 400), "asks to wait inf s; wait until", 1),
    "redirect": (
        lambda h, s: h.say(307, b"", location="http://other.example/ner"),
        "answered 307 and points to http://other.example/ner: requests follow no redirect",
        1,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(server, ask, name):
    """Whatever a server does wrong ends in one line, once it was asked as often as that is worth."""
    server.behave, words, times = FAULTS[name]
    said = ask(timeout=1.0 if "did not answer" in words else 30.0)
    assert words in str(said)
    assert "\n" not in said
    assert len(server.asked) == times


@pytest.mark.parametrize("status", [101, 102, 103])
@pytest.mark.parametrize("pause", [0, 0.1], ids=["at once", "later"])
def test_before_the_answer(server, ask, status, pause):
    """What comes before an answer is none, and what comes behind it is that to no other question."""

    def behave(handler, said):
        handler.send_response_only(status)
        handler.end_headers()
        handler.wfile.flush()
        time.sleep(pause)
        handler.say(200, "the first")

    client, server.behave = Server("it", 30, None), once(behave)
    request = Request("POST", f"{server.address}/ner", {}, b"{}")
    with pytest.raises(SurroundingsFault, match=f"it answered {status}, behind which an answer is still to come"):
        client.answer(request)
    assert client.answer(request) == "well"
    client.close()


def test_go_on(server, ask):
    """100 Continue is passed over, as HTTP wants it."""

    def behave(handler, said):
        handler.send_response_only(100)
        handler.end_headers()
        handler.say(200, "well")

    server.behave = behave
    assert ask() == "well"


PASSING = {
    "503": lambda h, s: h.say(503, b"loading"),
    "429": lambda h, s: h.say(429, b"slow", retry_after="0"),
    "date": lambda h, s: h.say(429, b"slow", retry_after=formatdate(0, usegmt=True)),
    "odd": lambda h, s: h.say(429, b"slow", retry_after="soon"),
    "reset": reset,
    "cut": cut,
    "silent": silent,
}


@pytest.mark.parametrize("name", PASSING)
def test_faults_that_pass(server, ask, name):
    """A server that is busy or gone for a moment is asked again."""
    server.behave = once(PASSING[name])
    assert ask(timeout=2.0 if name == "silent" else 30.0) == "well"


def test_as_long_as_it_asks(server, ask):
    """A server that asks to wait a second is not asked before."""
    server.behave = once(lambda h, s: h.say(429, b"slow", retry_after="1"))
    start = time.monotonic()
    assert ask() == "well"
    assert time.monotonic() - start >= 1


def test_pieces(server, ask):
    """An answer in pieces is read whole, and a connection is used again."""

    def pieces(handler, said):
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for piece in (b'["we', b'll"', b"]"):
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    server.behave = pieces
    assert ask() == ["well"]


def test_nobody_is_there():
    """A server that is not there is told at once, and is not looked for again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = Server("it", 60, None)
    for _ in range(2):
        with pytest.raises(SurroundingsFault, match=r"it cannot be asked \(.*Connection refused\); see whether the"):
            client.answer(Request("GET", address, {}))


def test_after_silence(server, ask):
    """Who was silent is not asked again; who was broken is, once each time, until it answers."""
    client = Server("it", 0.3, None)
    server.behave = silent
    assert "did not answer" in ask(client, timeout=0.3)
    count = len(server.asked)
    assert "did not answer" in ask(client, timeout=0.3)
    assert len(server.asked) == count
    client, server.behave = Server("it", 30, None), FAULTS["500"][0]
    counts = []
    for behave in (FAULTS["500"][0], FAULTS["500"][0], once(lambda h, s: h.say(200, 1)), FAULTS["500"][0]):
        server.requests.clear()
        server.behave = behave
        ask(client)
        counts.append(len(server.asked))
    assert counts == [6, 1, 1, 6]


TOKEN = "hf_abcdefghijklmnop"


@pytest.fixture
def token(monkeypatch):
    """A token that a variable holds, beside others that are nobody's business."""
    for name in ("HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("MINE", f"{TOKEN}\n")
    return "MINE"


def echo(status, body, **headers):
    """Return what sends the token back."""

    def behave(handler, said):
        sent = handler.headers["authorization"]
        told = {name: value.replace("TOKEN", sent) for name, value in headers.items()}
        handler.say(status, body.replace(b"TOKEN", sent.encode()), **told)

    return behave


ECHOES = {
    "answer": echo(200, b'{"a": ["TOKEN"]}'),
    "key": echo(200, b'{"TOKEN": 1}'),
    "letters": echo(200, b'["' + b"".join(b"\\u%04x" % letter for letter in TOKEN.encode()) + b'"]'),
    "no json": echo(200, b"<TOKEN>"),
    "kind": echo(200, b"<", content_type="TOKEN"),
    "4xx": echo(400, b"no: TOKEN"),
    "5xx": echo(500, b"no: TOKEN"),
    "place": echo(302, b"", location="http://other.example/?TOKEN"),
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_token_that_comes_back(server, ask, token, name):
    """The token is sent, and whatever a server does with it no message has it."""
    server.behave = ECHOES[name]
    said = ask(token_env=token)
    assert isinstance(said, str)
    assert TOKEN not in said
    assert "sends back the token" in said or "[token]" in said
    assert server.requests[0][2]["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("name", ["answer", "no json", "4xx", "5xx", "place"])
@pytest.mark.parametrize("part", [slice(0, 8), slice(0, 12), slice(2, 14)], ids=["8", "12", "middle"])
def test_a_part_of_a_token(server, ask, token, name, part):
    """A part of the token, from 8 characters on, is in no message either."""
    whole = TOKEN[part]

    def behave(handler, said):
        handler.headers.replace_header("authorization", whole)
        ECHOES[name](handler, said)

    server.behave = behave
    said = ask(token_env=token)
    assert isinstance(said, str)
    assert whole not in said
    assert "sends back the token" in said or "[token]" in said


def in_lines(text):
    """Return a text with a break in each four letters."""
    return "\t".join(text[at : at + 4] for at in range(0, len(text), 4))


SPELLED = {
    "json": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "json of json": lambda text: "".join(f"\\\\u{ord(letter):04X}" for letter in text),
    "program": lambda text: "".join(f"\\x{ord(letter):02x}" for letter in text),
    "octal": lambda text: "".join(f"\\{ord(letter):03o}" for letter in text),
    "percent": lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
    "one in two percent": lambda text: "".join(
        letter if at % 2 else f"%{ord(letter):02x}" for at, letter in enumerate(text)
    ),
    "percent twice": lambda text: "".join(f"%25{ord(letter):02X}" for letter in text),
    "mail": lambda text: "".join(f"={ord(letter):02X}" for letter in text),
    "html": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "html in tens": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 of more": lambda text: b64encode(f"Bearer {text}".encode()).decode(),
    "base64 behind letters": lambda text: f"xy{b64encode(text.encode()).decode()}",
    "base64 in lines": lambda text: in_lines(b64encode(text.encode()).decode()),
    "base64 of percent": lambda text: b64encode("".join(f"%{ord(letter):02X}" for letter in text).encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "split": in_lines,
    "letters": lambda text: json.dumps([*text]),
    "capitals": str.upper,
}


@pytest.mark.parametrize("name", SPELLED)
@pytest.mark.parametrize("part", [slice(0, 19), slice(4, 16)], ids=["whole", "part"])
def test_a_token_in_another_spelling(monkeypatch, name, part):
    """Where the token, or a part of it, comes back in another spelling, nothing of those words is shown."""
    monkeypatch.setenv("MINE", "hf_Zz8Qw3Zt7Lk2Mn8x")
    spelled = SPELLED[name]("hf_Zz8Qw3Zt7Lk2Mn8x"[part])
    client = Server("it", 1, "MINE")
    assert client._plain(f"no: {spelled}, sorry") == secret.HIDDEN
    reply = Reply(400, {}, f"no: {spelled}, sorry\nmore".encode())
    assert client._shown(reply) == secret.HIDDEN


@pytest.mark.parametrize("name", sorted(SPELLED.keys() - {"split", "letters", "capitals", "base64 in lines"}))
def test_an_answer_in_another_spelling(monkeypatch, name):
    """An answer that holds the token in another spelling is kept no more than one that holds it plainly."""
    monkeypatch.setenv("MINE", "hf_Zz8Qw3Zt7Lk2Mn8x")
    spelled = SPELLED[name]("hf_Zz8Qw3Zt7Lk2Mn8x")
    with pytest.raises(SurroundingsFault, match="sends back the token"):
        Server("it", 1, "MINE").parsed(Reply(200, {}, json.dumps([{"label": f"a {spelled}."}]).encode()))


@pytest.mark.parametrize(
    "said",
    [["hf_Zz8Qw3", "Zt7Lk2Mn8x"], [*"hf_Zz8Qw3Zt7Lk2Mn8x"], "hf_Z z8Qw\n3Zt7Lk2 Mn8x", {"hf_Zz8": ["Qw3Zt7Lk2Mn8x"]}],
)
def test_an_answer_in_pieces(monkeypatch, said):
    """An answer from whose pieces the token can be put together is not kept."""
    monkeypatch.setenv("MINE", "hf_Zz8Qw3Zt7Lk2Mn8x")
    with pytest.raises(SurroundingsFault, match="sends back the token"):
        Server("it", 1, "MINE").parsed(Reply(200, {}, json.dumps(said).encode()))


@pytest.mark.parametrize(
    "token", ["hf_Zz8Qw3Zt7Lk2Mn8x", "translation-2024-key", "secrettokenabc", "EMPTY", "12345678"]
)
def test_honest_words(monkeypatch, token):
    """What has nothing of the token is shown and kept as it is, however it is written."""
    monkeypatch.setenv("MINE", token)
    client = Server("it", 1, "MINE")
    said = 'a "label" &amp; 50% of 2024 at /v1/%20x, \\u00e4, 0.12345, aGVsbG8gd29ybGQhIQ=='
    assert client._plain(said) == said
    answer = [{"label": f"{said} translation 2024", "score": 0.123}, {"text": "the secret token of 2024 " * 20}]
    assert client.parsed(Reply(200, {}, json.dumps(answer).encode())) == answer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no: abcdefgh12345678!", "no: [token]!"),
        ("abcdefgh and 12345678", "[token] and [token]"),
        ("abcdefghabcdefgh", "[token]"),
        ("xabcdefg", "xabcdefg"),
        ("", ""),
    ],
)
def test_what_is_hidden(monkeypatch, text, shown):
    """Each run of 8 or more characters of a token is hidden, and nothing else."""
    monkeypatch.setenv("MINE", "abcdefgh12345678")
    assert Server("it", 1, "MINE")._plain(text) == shown


def test_no_other_token(server, ask, token):
    """Without token_env none is sent, whatever login or proxies the environment has."""
    server.behave = once(lambda h, s: h.say(200, 1))
    assert ask() == 1
    assert not {"authorization", "cookie"} & server.requests[0][2].keys()


@pytest.mark.parametrize(
    ("held", "words"),
    [("", "MINE, which token_env in its row names, is not set"), ("a\nb", "is no token"), ("ü", "is no")],
)
def test_no_token(monkeypatch, held, words):
    """A variable that is not set, or holds something else, is told without what it holds."""
    monkeypatch.setenv("MINE", held)
    with pytest.raises(SurroundingsFault, match=words):
        Server("it", 1, "MINE")


def test_words_that_are_no_secret(server, ask, monkeypatch):
    """A token such as EMPTY, which some servers want, may be a word of an answer."""
    monkeypatch.setenv("MINE", "EMPTY")
    server.behave = once(lambda h, s: h.say(200, ["EMPTY"]))
    assert ask(token_env="MINE") == ["EMPTY"]
    assert json.loads(server.requests[0][3]) == {"inputs": "Ada"}
