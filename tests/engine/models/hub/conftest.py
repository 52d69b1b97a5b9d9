"""A hub on loopback: what huggingface_hub asks for, answered as the real one does, and trouble on demand."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from swapgate.commands import main

LARGE = (".safetensors", ".bin")
"""Ends of names of files that are kept in LFS."""
API = re.compile(r"/api/models/(?P<model>[^/]+(?:/[^/]+)?)(?:/revision/(?P<revision>[^/]+))?")
RESOLVE = re.compile(r"/(?P<model>[^/]+(?:/[^/]+)?)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


@dataclass
class Repository:
    """A public model: its files at each commit, and where its branches are."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None
    """The status and the error code that everything is answered with."""


class Hub:
    """The hub: what it holds, what it was asked, and the trouble that it makes."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[str] = []
        """Method and path of each request, in order."""
        self.errors: list[int] = []
        """Statuses that the next requests are answered with; 0 for one that is answered as it should be."""
        self.absent: set[str] = set()
        """Files that are listed and not there."""
        self.cut: dict[str, int] = {}
        """From a file to the bytes after which the connection breaks, each time."""
        self.cut_once: dict[str, int] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def publish(
        self, model: str, files: Path | Mapping[str, bytes], branch: str = "main", begins: str | None = None
    ) -> str:
        """Put a model folder, or files, on a branch as a new commit, and give that; `begins` is how it begins."""
        if isinstance(files, Path):
            files = {path.name: path.read_bytes() for path in sorted(files.iterdir()) if path.is_file()}
        repository = self.repositories.setdefault(model, Repository())
        whole = hashlib.sha1(f"{model} {len(repository.commits)}".encode())  # noqa: S324
        commit = (begins or "") + whole.hexdigest()[len(begins or "") :]
        repository.commits[commit] = dict(files)
        repository.branches[branch] = commit
        return commit

    def asked(self, word: str = "") -> list[str]:
        """Return the requests whose path contains a word."""
        return [request for request in self.requests if word in request]

    def large(self, sha: str) -> bytes:
        """Return a large file by its SHA-256."""
        every = (files for one in self.repositories.values() for files in one.commits.values())
        return next(data for files in every for data in files.values() if hashlib.sha256(data).hexdigest() == sha)

    def commit(self, model: str, revision: str) -> str | None:
        """Resolve a branch, a commit or the beginning of one."""
        repository = self.repositories[model]
        found = [one for one in repository.commits if len(revision) >= 7 and one.startswith(revision)]
        return repository.branches.get(revision) or (found[0] if len(found) == 1 else None)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with headers and content."""
        self._answer(content=True)

    def do_HEAD(self) -> None:
        """Answer with headers."""
        self._answer(content=False)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, content: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        if not re.match(r"/cdn/|/api/models/|.+/resolve/", path):
            self._refuse(404, "EntryNotFound", content)  # what the client wants to know besides
            return
        self.hub.requests.append(f"{self.command} {path}")
        error = self.hub.errors.pop(0) if self.hub.errors else 0
        if error:
            self._send(error, b"")
            return
        if path.startswith("/cdn/"):
            self._send_content(path.rpartition("/")[2], self.hub.large(path.split("/")[2]), content, {})
            return
        match = API.fullmatch(path) or RESOLVE.fullmatch(path)
        if match is None:
            self._refuse(404, "EntryNotFound", content)
            return
        asked = match.groupdict()
        repository = self.hub.repositories.get(asked["model"])
        if repository is None or repository.refusal:
            status, code = (repository.refusal if repository and repository.refusal else None) or (404, "RepoNotFound")
            self._refuse(status, code, content)
            return
        commit = self.hub.commit(asked["model"], asked["revision"] or "main")
        if commit is None:
            self._refuse(404, "RevisionNotFound", content)
        elif "file" in asked:
            self._resolve(repository.commits[commit], commit, asked["file"], content)
        else:
            body = json.dumps(self._info(asked["model"], commit)).encode()
            self._send(200, body, {"Content-Type": "application/json"})

    def _info(self, model: str, commit: str) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for name, data in self.hub.repositories[model].commits[commit].items():
            siblings.append({"rfilename": name, "size": len(data), "blobId": blob_id(data)})
            if name.endswith(LARGE):
                sha = hashlib.sha256(data).hexdigest()
                siblings[-1] |= {"blobId": blob_id(sha.encode())}
                siblings[-1]["lfs"] = {"sha256": sha, "size": len(data), "pointerSize": 130}
        return {"id": model, "modelId": model, "sha": commit, "private": False, "siblings": siblings}

    def _resolve(self, files: dict[str, bytes], commit: str, name: str, content: bool) -> None:
        if name not in files or name in self.hub.absent:
            self._refuse(404, "EntryNotFound", content)
            return
        data, headers = files[name], {"X-Repo-Commit": commit}
        if name.endswith(LARGE):
            sha = hashlib.sha256(data).hexdigest()
            place = f"http://localhost:{self.hub.server.server_port}/cdn/{sha}/{name}"  # another host to the client
            linked = {"X-Linked-Etag": f'"{sha}"', "X-Linked-Size": str(len(data)), "ETag": f'"{blob_id(data)}"'}
            self._send(302, b"", {**headers, **linked, "Location": place})
        else:
            self._send_content(name, data, content, {**headers, "ETag": f'"{blob_id(data)}"'})

    def _send_content(self, name: str, data: bytes, content: bool, headers: dict[str, str]) -> None:
        first = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or ["", "0"])[1])
        status, part = (206, data[first:]) if first else (200, data)
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        most = self.hub.cut_once.pop(name, self.hub.cut.get(name)) if content else None
        if most is None:
            self._send(status, part if content else b"", {**headers, "Content-Length": str(len(part))})
            return
        self._send(status, part[: max(most - first, 0)], {**headers, "Content-Length": str(len(part))})
        self.wfile.flush()
        self.close_connection = True

    def _refuse(self, status: int, code: str, content: bool) -> None:
        body = json.dumps({"error": code}).encode() if content else b""
        self._send(status, body, {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def blob_id(data: bytes) -> str:
    """Return the name that git gives a file's content."""
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()  # noqa: S324


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub that holds nothing yet; give its address to other processes with `environment`."""
    made = Hub()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Variables that let another process use this hub, with a cache of its own."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "0",
    }


@pytest.fixture
def cache(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the client of this process use this hub, and give the folder of its cache."""
    from huggingface_hub import constants, file_download

    folder = tmp_path / "hf" / "hub"
    changes = {"ENDPOINT": hub.url, "HF_HUB_CACHE": str(folder), "HF_TOKEN_PATH": str(tmp_path / "token")}
    changes |= {"HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}"}  # of version 0
    for name, value in {**changes, "HF_HUB_DISABLE_XET": True, "HF_HUB_OFFLINE": False}.items():
        for module in (constants, file_download):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    _close_connections()
    yield folder
    _close_connections()


def _close_connections() -> None:
    from huggingface_hub.utils import _http

    (getattr(_http, "close_session", None) or _http.reset_sessions)()  # of version 1 and later, of 0


@pytest.fixture
def go_offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what does as HF_HUB_OFFLINE=1 would have done."""
    from huggingface_hub import constants

    def go() -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        _close_connections()

    return go


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody wait, and note how long they would have."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def swapgate(capsys: pytest.CaptureFixture[str], cache: Path):
    """Run the command in this process: give its exit status, its lines, and those on stderr that are no progress."""

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        status = main([*arguments])
        said = capsys.readouterr()
        errors = [line for line in said.err.replace("\r", "\n").splitlines() if line.strip() and "B/s" not in line]
        return status, said.out.splitlines(), errors

    return run


@pytest.fixture
def weights(tmp_path: Path) -> dict[str, bytes]:
    """The files of a small model that the fake of the engine's tests can stand in for."""
    import numpy as np
    from safetensors.numpy import save

    lexicon = {"Ada": ["PER", 0.99], "Paris": ["LOC", 0.97]}
    labels = ["O", "B-PER", "B-ORG", "B-LOC", "B-MISC"]
    return {
        "config.json": json.dumps({"id2label": dict(enumerate(labels)), "lexicon": lexicon}).encode(),
        "tokenizer.json": b"{}",
        "model.safetensors": save({"weight": np.arange(20, dtype=np.float32)}),
        "README.md": b"---\nlicense: mit\n---\n# A model\n",
        "tf_model.h5": b"not wanted",
    }
