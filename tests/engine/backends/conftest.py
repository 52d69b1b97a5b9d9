"""Predictions as a batch job would write them, of the project with fake models; and a server that makes some."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

ANSWERS = {
    "ada": [
        {"entity_group": "PER", "score": 0.99, "word": "Ada", "start": 0, "end": 3},
        {"entity_group": "LOC", "score": 0.97, "word": "Paris", "start": 13, "end": 18},
    ],
    "nobody": [],
    "left_out": [{"entity_group": "ORG", "score": 0.98, "word": "Siemens", "start": 0, "end": 7}],
}
"""What a pipeline that finds all says of the cases."""


@pytest.fixture
def answers():
    """What a pipeline says of the cases, for a test to change."""
    return json.loads(json.dumps(ANSWERS))


@pytest.fixture
def write(recorded):
    """Write a file of predictions into the project, and give its name."""

    def written(answers, name="predictions.jsonl"):
        lines = [json.dumps({"id": case, "prediction": said}) for case, said in answers.items()]
        return str(recorded.write(name, "\n".join(lines) + "\n"))

    return written


NAMES = {"Ada": ("PER", 0.99), "Paris": ("LOC", 0.97), "Siemens": ("ORG", 0.98)}


def found(text: str) -> list[dict[str, Any]]:
    """Return the entities of a text."""
    return [
        {
            "entity_group": label,
            "score": score,
            "word": word,
            "start": text.index(word),
            "end": text.index(word) + len(word),
        }
        for word, (label, score) in NAMES.items()
        if word in text
    ]


class Handler(BaseHTTPRequestHandler):
    """Answers as its server's `behave` says, which is given the handler and what was asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_POST(self) -> None:
        """Answer a question."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.note(self, body)
        self.server.behave(self, {} if body.startswith(b"RIFF") else json.loads(body))

    def do_GET(self) -> None:
        """Answer what it is."""
        self.server.note(self, b"")
        self.server.do_get(self)

    def say(self, status: int, said: Any, **headers: str) -> None:
        """Send a reply: bytes as they are, else as JSON."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        kind = {"content_type": "application/json", "content_length": str(len(body))}
        for name, value in {**kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def well(handler: Handler, asked: dict[str, Any]) -> None:
    """Answer as one should."""
    handler.say(200, found(asked["inputs"]))


def tell(handler: Handler) -> None:
    """Say of itself what the server is given to say."""
    info = handler.server.info
    handler.say(*((200, info) if info is not None else (404, {"error": "no such page"})))


class Server(ThreadingHTTPServer):
    """The server, what it was asked, and how it behaves."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.behave: Callable[[Handler, dict[str, Any]], None] = well
        self.do_get: Callable[[Handler], None] = tell
        self.info: Any = None
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.at_once = self.most = 0
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def asked(self) -> list[str]:
        """The paths for which it was asked for an answer."""
        return [path for method, path, _, _ in self.requests if method == "POST"]

    def note(self, handler: Handler, body: bytes) -> None:
        """Remember a request."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append((handler.command, handler.path, headers, body))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count how many are answered at once."""
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            time.sleep(0.002)
            yield
        finally:
            with self._lock:
                self.at_once -= 1

    def handle_error(self, *_request: object) -> None:
        """Say nothing of who went away."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers, until a test lets it do something else."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
