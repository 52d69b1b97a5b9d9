"""`swapgate review --web`: what waits for a review on a page that this machine alone serves, to this one browser.

Whoever could post here could accept goldens. So it listens on 127.0.0.1 alone and answers to no other name (which a
page elsewhere could have pointed here), opens once, to whoever has the address that was printed, and from then on to
the cookie that this browser was given; it takes answers from its own page only, which lets no script run but its own.
"""

import hashlib
import hmac
import json
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from swapgate.commands.review import DONE, Waiting, do, said_of, waiting, words_of
from swapgate.core.faults import Fault, InputFault
from swapgate.core.words import plain
from swapgate.goldens.pending import on_ci
from swapgate.outputs.prediction import to_json
from swapgate.plugin.seen import looks
from swapgate.verdicts.items import Item, Looks
from swapgate.verdicts.page import policy, rendered

HOST = "127.0.0.1"
MOST = 100_000
"""Bytes of an answer."""
COOKIE = "swapgate_review"
SECONDS = 3
"""How long a connection may say nothing."""


@dataclass
class Review:
    """A review that is under way."""

    root: Path
    models_file: Path
    accept_drift: bool
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """Opens the page once; empty when it has."""
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """What the browser is known by then."""
    told: str = ""
    """What came of the last answer."""
    said: list[str] = field(default_factory=list)
    """What was done for a reason."""
    skipped: set[str] = field(default_factory=set)
    """Digests of what is to wait on."""
    done: int = 0
    ended: bool = False

    def waiting(self) -> list[Waiting]:
        """Return what waits now. Raises InputFault."""
        return waiting(self.root, self.models_file)

    def left(self) -> bool:
        """Return whether anything waits that was not skipped. Raises InputFault."""
        return any(digest(one) not in self.skipped for one in self.waiting())

    def answer(self, given: dict[str, list[str]]) -> None:
        """Do what a form says of one case: accept, reject or skip what it has shown, or end. Raises Fault."""
        name, said, shown, text = (given.get(key, [""])[0] for key in ("id", "answer", "shown", "reason"))
        if said == "end":
            self.ended = True
            return
        one = next((one for one in self.waiting() if one.id == name), None)
        if one is None or not _same(digest(one), shown):
            self.told = f"{name}: something else waits by now than the page has shown; look again"
        elif said in DONE:
            self.said += said_of(said, [one], do(one, said, text, self.accept_drift))
            self.skipped |= {shown} if said == "skip" else set()
            self.done += said != "skip"
            self.told = f"{name}: {DONE[said]}"
            self.ended = not self.left()

    def page(self) -> str:
        """Return the page of what waits now. Raises InputFault."""
        found = self.waiting()
        digests = {one.id: digest(one) for one in found}
        found.sort(key=lambda one: digests[one.id] in self.skipped)
        self.ended = self.ended or not self.left()
        shown: dict[str, Any] = {}
        items = [(_item(one, shown), digests[one.id]) for one in found]
        media = {
            name: {**one, "id": f"media-{place}"} for place, (name, one) in enumerate(shown.get("media", {}).items())
        }
        values = {"items": items, "media": media, "told": self.told, "done": self.done, "ended": self.ended}
        return rendered("review.html", forms=True, **values)


def digest(one: Waiting) -> str:
    """Return a digest of what a page shows of a case, so that nothing else is accepted than was seen."""
    sides = [to_json(entry.prediction) if entry else None for entry in (one.stored, one.received)]
    made_by = [asdict(entry.made_by) if entry else None for entry in (one.stored, one.received)]
    return hashlib.sha256(json.dumps([one.id, sides, made_by], default=str, sort_keys=True).encode()).hexdigest()


def _item(one: Waiting, shown: dict[str, Any]) -> Item:
    suite, tier, case = one.id.split("/", 2)
    found = Looks("", (), 0.0, (), "")
    if one.received and one.case:
        with suppress(Fault):  # its input cannot be read, and what differs is told in words
            before = one.stored.prediction if one.stored else None
            found = looks(one.case, before, one.received.prediction, shown, set())
    outcome = "not measured" if one.outdated else "failed"
    return Item(suite, tier, case, "case", outcome, [*words_of(one)], found)


def serve(review: Review, say: Callable[[str], object]) -> None:
    """Serve the page until nothing waits, or the review is ended there; `say` is told the address."""
    with Server((HOST, 0), _handler(review)) as server:
        address = f"{HOST}:{server.server_port}"
        say(f"http://{address}/?token={review.token}")
        server.serve_forever(poll_interval=0.05)


class Server(ThreadingHTTPServer):
    """Answers connections side by side, for browsers open some and say nothing; and finishes what it has begun."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that has gone before it had its answer; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(review: Review) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        """Answers to the one browser that the review is open to."""

        timeout = SECONDS
        server: Server

        def do_GET(self) -> None:
            """Show what waits."""
            self._answer(self._get)

        def do_POST(self) -> None:
            """Take an answer."""
            self._answer(self._post)

        def _answer(self, how: Callable[[], None]) -> None:
            with lock:
                try:
                    how()
                finally:
                    if review.ended:  # whether or not the browser is still there to be told
                        threading.Thread(target=self.server.shutdown).start()  # it waits for the loop that called this

        def _get(self) -> None:
            path, _, query = self.path.partition("?")
            given = parse_qs(query).get("token", [""])[0]
            opens = bool(review.token) and _same(given, review.token)
            if not self._is_ours() or not (opens or self._is_known()):
                self._refuse("open the address that swapgate review --web has printed; it opens once")
            elif path != "/":
                self._send(404, "there is nothing here")
            else:
                cookie = f"{COOKIE}={review.cookie}; HttpOnly; SameSite=Strict; Path=/" if opens else ""
                review.token = "" if opens else review.token
                self._page(cookie)

        def _post(self) -> None:
            own = f"http://{HOST}:{self.server.server_port}"
            length = self.headers.get("Content-Length", "")
            if not self._is_ours() or not self._is_known() or self.headers.get("Origin") != own:
                self._refuse("answers are taken from the page of this review alone")
            elif not length.isdecimal() or int(length) > MOST:
                self._send(413, "this is no answer of the page")
            else:
                body = self.rfile.read(int(length)).decode(errors="replace")
                try:
                    review.answer(parse_qs(body))
                except Fault as fault:
                    review.told = f"not done: {fault}"
                self._page("") if review.ended else self._send(303, "", ("Location", "/"))

        def _is_ours(self) -> bool:
            return self.headers.get_all("Host") == [f"{HOST}:{self.server.server_port}"]

        def _is_known(self) -> bool:
            try:
                known = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
            except CookieError:
                return False
            return known is not None and _same(known.value, review.cookie)

        def _page(self, cookie: str) -> None:
            try:
                text = review.page()
            except Fault as fault:
                self._send(500, plain(str(fault)))
                return
            headers = [("Content-Security-Policy", f"{policy(forms=True)}; frame-ancestors 'none'")]
            headers += [("Set-Cookie", cookie)] if cookie else []
            self._send(200, text, *headers, kind="text/html")

        def _refuse(self, words: str) -> None:
            self._send(403, words)

        def _send(self, status: int, text: str, *headers: tuple[str, str], kind: str = "text/plain") -> None:
            content = text.encode(errors="backslashreplace")
            self.send_response(status)
            usual = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(content)))]
            safe = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
            safe += [("Referrer-Policy", "same-origin"), ("Connection", "close")]  # without any no Origin is sent
            for name, value in (*usual, *safe, *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def version_string(self) -> str:
            return "swapgate"

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: addresses hold the token."""

    return Handler


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def review_in_browser(root: Path, models_file: Path, asked: Mapping[str, Any]) -> None:
    """Serve a review until it ends, also by Ctrl-C, and tell what came of it. Raises InputFault."""
    if on_ci():
        raise InputFault("swapgate review --web where CI is set: a CI writes no goldens; review them on your machine")
    if others := [name for name in ("accept", "accept_all", "reject", "reject_all", "reason", "json") if asked[name]]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in others)
        raise InputFault(f"--web with {named}: the page asks what is accepted and rejected; say one of both")
    review = Review(root, models_file, asked["accept_drift"])
    if review.waiting():
        with suppress(KeyboardInterrupt):
            serve(
                review,
                lambda address: print(f"{address}\nopens once; ends when all is done, or with Ctrl-C", flush=True),
            )
    for line in review.said:
        print(line)
    print(f"{review.done} done, {len(review.waiting())} waiting")
