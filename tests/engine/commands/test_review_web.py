"""`swapgate review --web`: it does what the command does, for one browser alone, and refuses everybody else."""

import http.client
import json
import shutil
import socket
import struct
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from swapgate.commands import main, project
from swapgate.commands.web import Review, digest, serve

ADA = "ner/small/ada"


@pytest.fixture
def red(recorded, monkeypatch):
    """A project in which two goldens of a tier wait for a review."""
    recorded.write("drift.json", json.dumps({"models/small": {"Ada": 0.5}, "models/original": {"Siemens": 0.5}}))
    recorded.run("-k", "golden")
    monkeypatch.chdir(recorded.path)
    return recorded


@contextmanager
def served(path, accept_drift=True):
    """Serve a review, and give what asks it."""
    review = Review(*project(path, "embedded"), accept_drift)
    said = []
    thread = threading.Thread(target=serve, args=(review, said.append))
    thread.start()
    while not said:
        thread.join(0.01)
    address, _, token = said[0].removeprefix("http://").partition("/?token=")

    def ask(path="/", cookie=True, form=None, **headers):
        connection = http.client.HTTPConnection(address, timeout=20)
        given = {"Host": address, "Origin": f"http://{address}", "Cookie": f"swapgate_review={review.cookie}"}
        if not cookie:
            del given["Cookie"]
        given |= headers
        connection.putrequest("POST" if form is not None else "GET", path, skip_host=True)
        body = urlencode(form).encode() if form is not None else b""
        for name, value in {**given, **({"Content-Length": str(len(body))} if form is not None else {})}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return SimpleNamespace(status=answer.status, text=text, headers=answer.headers)

    def answer(name, said, **others):
        (one,) = [one for one in review.waiting() if one.id == name]
        return ask(form={"id": name, "shown": digest(one), "answer": said, **others})

    try:
        yield SimpleNamespace(ask=ask, answer=answer, token=token, review=review, thread=thread, address=address)
    finally:
        if thread.is_alive():
            ask(form={"answer": "end"})
        thread.join()


def test_accept_writes_the_golden(red):
    """What is accepted stands in the golden as the command would write it, and when all is done it ends."""
    before = {tier: red.golden(tier).read_text() for tier in ("small", "original")}
    with served(red.path) as one:
        page = one.ask()
        assert page.status == 200
        assert "2 waiting for a review" in page.text
        assert one.answer(ADA, "accept").status == 303
        assert red.golden("small").read_text() != before["small"]
        assert "accepted" in one.ask().text
        (left,) = one.review.waiting()
        assert "the review has ended" in one.answer(left.id, "reject").text
        one.thread.join()
    assert red.golden("original").read_text() == before["original"]


def test_same_as_the_command(red):
    """The page and the command write the same bytes."""
    whole = red.tree()
    with served(red.path) as one:
        one.answer(ADA, "accept")
    by_page = red.golden("small").read_text()
    red.golden("small").write_bytes(whole["golden/embedded/ner/small.json"])
    red.run("-k", "golden")
    assert main(["review", "--accept", ADA, "--accept-drift"]) == 0
    assert red.golden("small").read_text() == by_page


def test_token_opens_once(red):
    """The printed address opens once, and gives a cookie that no other site can use and no script read."""
    with served(red.path) as one:
        first = one.ask(f"/?token={one.token}", cookie=False)
        assert first.status == 200
        cookie = first.headers["Set-Cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
        assert one.ask(f"/?token={one.token}", cookie=False).status == 403
        assert one.ask("/", cookie=False, Cookie=cookie.partition(";")[0]).status == 200


@pytest.mark.parametrize(
    "others",
    [
        {"cookie": False},
        {"Cookie": "swapgate_review=x"},
        {"Cookie": 'swapgate_review="'},
        {"Host": "evil.example"},
        {"Host": "localhost:80"},
        {"Host": None},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
    ],
)
def test_refuses_others(red, others):
    """Who comes by another name, from another page or without the cookie changes nothing and reads nothing."""
    before = red.tree()
    with served(red.path) as one:
        (waits, _) = one.review.waiting()
        form = {"id": waits.id, "shown": digest(waits), "answer": "accept"}
        assert one.ask(form=form, **others).status == 403
        if "Origin" not in others:
            answer = one.ask(**others)
            assert answer.status == 403
            assert "ada" not in answer.text
        assert one.ask("/?token=", cookie=False).status == 403
    assert red.tree() == before


def test_only_what_was_seen(red):
    """What another run has found since the page was shown is not accepted unseen."""
    with served(red.path) as one:
        (waits, _) = one.review.waiting()
        shown = digest(waits)
        before = red.golden("original").read_text(), red.golden("small").read_text()
        red.write("drift.json", json.dumps({"models/small": {"Ada": 0.4}, "models/original": {"Siemens": 0.4}}))
        red.run("-k", "golden")
        assert one.ask(form={"id": waits.id, "shown": shown, "answer": "accept"}).status == 303
        assert "something else waits by now" in one.ask().text
    assert (red.golden("original").read_text(), red.golden("small").read_text()) == before


def test_refusals_of_the_command(red):
    """What the command refuses the page refuses in the same words: drift without --accept-drift."""
    before = red.golden("small").read_text()
    with served(red.path, accept_drift=False) as one:
        one.answer(ADA, "accept")
        assert "not done" in one.ask().text
        assert "--accept-drift" in one.ask().text
    assert red.golden("small").read_text() == before


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [("/golden", None, 404), ("/../etc/passwd", None, 404), ("/", {"answer": "x" * 200_000}, 413), ("/", {}, 303)],
)
def test_odd_requests(red, path, form, status):
    """Other addresses, answers that are too long and empty ones change nothing."""
    before = red.tree()
    with served(red.path) as one:
        assert one.ask(path, form=form).status == status
    assert red.tree() == before


RAW = {
    "no address": "GET http://[ HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "no text": "GET /?token=\xff%ff%00 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n",
    "odd cookie": "GET / HTTP/1.1\r\nHost: {host}\r\nCookie: \xff=\xfe\r\n\r\n",
    "less than nothing": "POST / HTTP/1.1\r\n{ours}Content-Length: -1\r\n\r\n",
    "odd number": "POST / HTTP/1.1\r\n{ours}Content-Length: \xb2\r\n\r\n",
    "no number": "POST / HTTP/1.1\r\n{ours}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "odd digest": "POST / HTTP/1.1\r\n{ours}Content-Length: 45\r\n\r\nid=ner%2Fsmall%2Fada&answer=accept&shown=%C3%A9",
    "another verb": "HEAD / HTTP/1.1\r\n{ours}\r\n",
    "nothing of it": "\x00\x01\r\n\r\n",
    "many headers": "GET / HTTP/1.1\r\n" + "".join(f"X{number}: y\r\n" for number in range(200)) + "\r\n",
}


@pytest.mark.parametrize("gone", [False, True], ids=["waits", "gone"])
def test_damaged_requests(red, capfd, gone):
    """What is no request, or of a browser that does not wait for its answer, changes nothing and says nothing."""
    before = red.tree()
    with served(red.path) as one:
        cookie = f"swapgate_review={one.review.cookie}"
        ours = f"Host: {one.address}\r\nOrigin: http://{one.address}\r\nCookie: {cookie}\r\n"
        capfd.readouterr()
        for name, raw in RAW.items():
            with connected(one.address) as connection:
                connection.sendall(raw.format(host=one.address, cookie=cookie, ours=ours).encode("latin-1"))
                if gone:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    while connection.recv(65_536):
                        pass
            assert one.ask().status == 200, name
            assert capfd.readouterr().err == "", name
    assert red.tree() == before


def connected(address):
    """Return a connection to a server."""
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def test_ends_though_nobody_waits(red, capfd):
    """When all is done it ends, also where the browser is gone before it is told."""
    with served(red.path) as one:
        for waits in one.review.waiting():
            form = urlencode({"id": waits.id, "shown": digest(waits), "answer": "reject"})
            ours = f"Host: {one.address}\r\nOrigin: http://{one.address}\r\nCookie: swapgate_review={one.review.cookie}"
            with connected(one.address) as connection:
                connection.sendall(f"POST / HTTP/1.1\r\n{ours}\r\nContent-Length: {len(form)}\r\n\r\n{form}".encode())
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                while waits.id in {left.id for left in one.review.waiting()}:
                    one.thread.join(0.01)
        one.thread.join(20)
        assert not one.thread.is_alive()
    assert "Traceback" not in capfd.readouterr().err


def test_ends_though_a_golden_is_damaged(red):
    """A golden that cannot be read is told on the page in one line; the review can still be ended there."""
    with served(red.path) as one:
        red.golden("small").write_text("{")
        answer = one.ask()
        assert answer.status == 500
        assert len(answer.text.splitlines()) == 1
        assert one.ask(form={"answer": "end"}).status == 500
        one.thread.join(20)
        assert not one.thread.is_alive()


def test_headers(red):
    """The page is kept by nobody, framed by nobody, and tells no other site where it was."""
    with served(red.path) as one:
        headers = one.ask().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "form-action 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("options", "ci", "words"),
    [
        (["--accept-all"], "", "--web with --accept-all"),
        (["--json"], "", "--web with --json"),
        ([], "1", "where CI is set"),
    ],
)
def test_wrong_calls(red, monkeypatch, capsys, options, ci, words):
    """With what answers itself, and on a CI, it is refused in one line."""
    monkeypatch.setenv("CI", ci)
    assert main(["review", "--web", *options]) == 4
    assert words in capsys.readouterr().err


def test_nothing_waits(recorded, monkeypatch, capsys):
    """Where nothing waits nothing is served."""
    monkeypatch.chdir(recorded.path)
    assert main(["review", "--web"]) == 0
    assert capsys.readouterr().out == "0 done, 0 waiting\n"


def test_in_a_browser(red):
    """In a real browser the address opens, what is accepted there changes the golden on disk, and nothing is in
    its log.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium: apt-get install chromium")
    before, trouble = red.golden("small").read_text(), []
    with served(red.path) as one, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: trouble.append(message.text) if "favicon" not in message.text else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(f"http://{one.address}/?token={one.token}")
        assert "2 waiting" in page.inner_text("h1")
        page.fill(f"section[aria-label='{ADA}'] textarea", "clearer")
        page.keyboard.press("Enter")  # which answers nothing
        page.keyboard.type("<b>")
        assert red.golden("small").read_text() == before
        page.click(f"section[aria-label='{ADA}'] button[value=accept]")
        page.wait_for_selector("text=accepted")
        assert page.url == f"http://{one.address}/"
        assert '"reason": "clearer <b>"' in red.golden("small").read_text()
        page.fill("section textarea", "later")
        page.click("button[value=skip]")
        page.wait_for_selector("text=the review has ended")
        browser.close()
        one.thread.join()
    assert not trouble
