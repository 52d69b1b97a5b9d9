"""Input files named by address: fetched from a server on this machine, whole or not at all, and never by a run."""

import gc
import hashlib
import http.server
import sys
import threading
from pathlib import Path

import pooch.core
import pytest

from swapgate.core.faults import AbsentFault, SurroundingsFault
from swapgate.inputs.downloads import INPUTS, Download, fetch, folder

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # requests leaves those that failed

CONTENT = b"sound" * 10_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """A server that gives one file, after as many failures as it is told."""

    failures: tuple[str, ...] = ()
    """What each request comes to, in order: a status, or "cut" in mid-file; then the file is given."""
    asked = 0


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer requests for any path."""

    def do_GET(self) -> None:
        """Return the file, or fail."""
        server = self.server
        failure = server.failures[server.asked] if server.asked < len(server.failures) else ""
        server.asked += 1
        if failure.isdigit():
            self.send_error(int(failure))
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if failure == "cut" else CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    """A server on this machine."""
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    gc.collect()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """The folder of inputs, which is not there yet; retries wait for nothing, and no proxy is asked."""
    monkeypatch.setenv(INPUTS, str(tmp_path / "inputs"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch.core.time, "sleep", lambda _: None)
    return tmp_path / "inputs"


def one(server, sha256=SHA256):
    """Name a file of the server."""
    return Download("a.wav", f"http://127.0.0.1:{server.server_port}/a.wav", sha256, "hub")


def test_fetched_once(server, inputs):
    """What is not here is fetched; what is here is not asked for again."""
    wanted = one(server)
    assert not wanted.is_here
    assert [*fetch([wanted, wanted])] == [f"{inputs / 'a.wav'}: fetched from {wanted.url}"]
    assert wanted.path.read_bytes() == CONTENT
    assert [*fetch([wanted])] == [f"{inputs / 'a.wav'}: is here already"]
    assert server.asked == 1


@pytest.mark.parametrize("failure", ["500", "503", "429", "cut"])
def test_tried_again(server, inputs, failure):
    """A server that fails twice, or cuts the connection in mid-file, is asked again, and what it gives is whole."""
    server.failures = failure, failure
    assert len([*fetch([one(server)])]) == 1
    assert (server.asked, (inputs / "a.wav").read_bytes()) == (3, CONTENT)


@pytest.mark.parametrize("failure", ["404", "401", "500", "cut"])
def test_fails_for_good(server, inputs, failure):
    """Where it fails each time, one message says with what, and what to do; nothing is left behind."""
    server.failures = (failure,) * 9
    with pytest.raises(SurroundingsFault) as caught:
        list(fetch([one(server)]))
    told = str(caught.value)
    assert told.startswith(f"a.wav could not be fetched from {one(server).url} into {inputs} (")
    assert ("IncompleteRead" if failure == "cut" else failure) in told
    assert told.endswith("; mend that and try again, or put the file there by hand")
    assert "\n" not in told
    assert (server.asked, [*inputs.iterdir()]) == (4, [])


def test_wrong_checksum(server, inputs):
    """A file that is not the one that was asked for is not kept; the message names both checksums."""
    with pytest.raises(SurroundingsFault) as caught:
        list(fetch([one(server, "0" * 64)]))
    told = str(caught.value)
    assert SHA256 in told
    assert "0" * 64 in told
    assert told.endswith(f"Nothing was kept; put the right file into {inputs}")
    assert [*inputs.iterdir()] == []


def test_no_route(inputs):
    """Where nobody answers, the message says so."""
    nowhere = Download("a.wav", "http://127.0.0.1:9/a.wav", SHA256)
    with pytest.raises(SurroundingsFault, match=r"^a\.wav could not be fetched .*ConnectionError.*by hand$"):
        list(fetch([nowhere]))


def test_no_folder(server, tmp_path, monkeypatch):
    """Where the folder cannot be written, the message names it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(INPUTS, str(tmp_path / "file" / "inputs"))
    with pytest.raises(SurroundingsFault, match=r"^a\.wav could not be fetched .* into .*/file/inputs"):
        list(fetch([one(server)]))


def test_absent(inputs):
    """A file that is not here is told with the command that fetches it, and not fetched by asking for it."""
    wanted = Download("a.wav", "http://127.0.0.1:9/a.wav", SHA256, "hub")
    with pytest.raises(AbsentFault) as caught:
        _ = wanted.path
    assert str(caught.value) == (
        f"no a.wav in {inputs}; fetch it with: swapgate inputs --models=hub, or give the folder that holds it:"
        " pytest --inputs=DIR"
    )


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"."], ids=["nothing", "cut", "longer"])
def test_another_file(server, inputs, content):
    """A file of that name with other content is red, with both checksums, and is never written over."""
    inputs.mkdir()
    (inputs / "a.wav").write_bytes(content)
    wanted = one(server)
    for act in (lambda: wanted.path, lambda: list(fetch([wanted]))):
        with pytest.raises(SurroundingsFault) as caught:
            act()
        assert str(caught.value) == (
            f"{inputs / 'a.wav'}: its SHA-256 is {hashlib.sha256(content).hexdigest()}, and that of {wanted.url} must"
            f" be {SHA256}: it is another file, or not whole; remove it and fetch it again:"
            " swapgate inputs --models=hub"
        )
    assert ((inputs / "a.wav").read_bytes(), server.asked) == (content, 0)


@pytest.mark.parametrize("named", [True, False])
def test_cache_of_the_user(monkeypatch, tmp_path, named):
    """Where no folder is named, the files are kept in the user's cache, where pooch would."""
    monkeypatch.delenv(INPUTS, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path)) if named else monkeypatch.delenv("XDG_CACHE_HOME", False)
    assert folder() == Path(pooch.os_cache("swapgate")) / "inputs"


def test_without_pooch(server, inputs, monkeypatch):
    """Where pooch is not installed nothing is fetched, and the message says what to type."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    words = r'^fetching a.wav needs pooch, which is not installed; type: pip install "swapgate\[inputs\]"; or put the'
    with pytest.raises(SurroundingsFault, match=words):
        list(fetch([one(server)]))
    assert server.asked == 0
