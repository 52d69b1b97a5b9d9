"""A server that is asked over HTTP: again where it is busy, within limits, and no other host in its place.

Requests go straight to the host that is named. Redirects are not followed, and proxies, logins and cookies of the
environment are not used: each of them would show inputs and token to somebody whom no row names.
"""

import json
import os
import queue
import re
import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, NoReturn

from swapgate.backends.secret import hidden, holds
from swapgate.core.faults import SurroundingsFault
from swapgate.core.words import shortened

TRIES = 6
"""How often a question is asked at most."""
FIRST_WAIT = 0.5
"""Seconds before it is asked for the second time; then twice as long each time, or what the server says."""
PATIENCE = 2
"""How many times its timeout a question may take, with all tries and waits."""
LARGEST = 16_000_000
"""Bytes of the longest answer that is read."""
PIECE = 1 << 16
SHOWN = 100
"""Letters of what a server says that a message shows."""
TOKEN = re.compile(r"[!-~]+")
OBJECT = re.compile(r"<[^<>]* at 0x[0-9a-f]+>:? ?")
"""How urllib3 names itself in what it says."""
BUSY = 429
NEXT = {401: "token", 403: "token", 404: "address", 405: "address"}
STEPS = {
    "token": "name the variable that holds a token for it: token_env in its row",
    "address": "see whether the address is the right one",
    "": "see what it takes, or leave that input out",
}


class Request(NamedTuple):
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Reply(NamedTuple):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unwell(SurroundingsFault):
    """It answers, time and again, that it is busy or broken."""


class _Silence(Exception):
    """Nothing came in time."""


class _Lost(Exception):
    """The connection ended before the answer did."""


class Server:
    """A server by its name in messages, with the token of an environment variable.

    Raises SurroundingsFault where there is no token in that variable.
    """

    def __init__(self, name: str, timeout: float, token_env: str | None, connections: int = 1) -> None:
        import urllib3

        self.name, self.timeout = name, timeout
        self._token = _token(name, token_env) if token_env else ""
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=connections)
        self._broken, self._tries = "", TRIES

    def reply(self, request: Request) -> Reply:
        """Ask until there is an answer other than that it is busy or broken.

        Raises SurroundingsFault where there is none within the limits, Unwell where it said so itself, and from then
        on where it was silent or is not there; after other failures each question is asked once, until one is answered.
        """
        if self._broken:
            raise SurroundingsFault(self._broken)
        start, wait, limit = time.monotonic(), FIRST_WAIT, PATIENCE * self.timeout
        for asked in range(1, self._tries + 1):
            silent, pause, kind = False, wait, SurroundingsFault
            try:
                found = self._once(request, min(self.timeout, limit - (time.monotonic() - start)))
            except _Silence:
                silent, why = True, f"did not answer within {self.timeout:g} s"
            except _Lost as lost:
                why = f"ended the connection before its answer did ({lost})"
            else:
                if found.status != BUSY and found.status < 500:
                    self._tries = TRIES
                    return found
                kind, why = Unwell, f"answered {found.status} ({self._shown(found)})"
                if pause_asked := _retry_after(found.headers):
                    pause = max(pause, pause_asked)
                    why += f" and asks to wait {pause_asked:g} s"
            wait *= 2
            if asked == self._tries or time.monotonic() - start + pause >= limit:
                break
            time.sleep(pause)
        words = (
            f"{self.name} {why}{f', {asked} times' if asked > 1 else ''}; wait until it answers, or allow it more: all"
            f" tries together have twice the timeout in its row, {limit:g} s"
        )
        self._tries = 1
        if silent:
            self._end(words)
        raise kind(words)

    def answer(self, request: Request, what: str = "an input") -> Any:
        """Return the JSON that it answers; `what` is asked, in words.

        Raises as `reply` does, and SurroundingsFault where it answers something else.
        """
        found = self.reply(request)
        if 300 <= found.status < 400:
            place = self._plain(found.headers.get("location", "nowhere"))
            raise SurroundingsFault(
                f"{self.name} answered {found.status} and points to {shortened(place, SHOWN)}: requests follow no"
                " redirect; where that is meant name that address in its row"
            )
        if found.status >= 400:
            raise SurroundingsFault(
                f"{self.name} answered {found.status} to {what} ({self._shown(found)});"
                f" {STEPS[NEXT.get(found.status, '')]}"
            )
        return self.parsed(found)

    def parsed(self, found: Reply) -> Any:
        """Return the JSON of a reply. Raises SurroundingsFault where it is none, or holds the token."""
        try:
            said = json.loads(found.body)
        except (ValueError, RecursionError) as error:
            kind = self._plain(found.headers.get("content-type", "of no kind"))
            raise SurroundingsFault(
                f"{self.name} answered {found.status} with what is no JSON ({kind}: {self._shown(found)}); let a server"
                " of the task answer there"
            ) from error
        if holds(said, self._token):
            raise SurroundingsFault(
                f"{self.name} sends back the token that it was sent, so nothing of its answer is kept; mend that server"
            )
        return said

    def close(self) -> None:
        """Let go of its connections."""
        self._pool.clear()

    def _once(self, request: Request, limit: float) -> Reply:
        """Send a request and wait for the whole reply, for so many seconds. Raises SurroundingsFault where nobody is
        there.
        """
        found: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()
        threading.Thread(target=self._send, args=(request, limit, found), daemon=True).start()
        try:
            said = found.get(timeout=max(limit, 0.001))
        except queue.Empty:  # names that are not found, and headers that come letter by letter
            raise _Silence from None
        if isinstance(said, Exception):
            raise said
        return said

    def _send(self, request: Request, limit: float, found: "queue.SimpleQueue[Reply | Exception]") -> None:
        from urllib3 import exceptions

        try:
            found.put(self._exchanged(request, limit))
        except (exceptions.NewConnectionError, exceptions.SSLError) as error:
            found.put(self._unreachable(error))
        except exceptions.TimeoutError:
            found.put(_Silence())
        except exceptions.ProtocolError as error:
            found.put(_Lost(self._plain(OBJECT.sub("", str(error)))))
        except (_Silence, SurroundingsFault) as known:
            found.put(known)
        except Exception as error:  # whatever else a library says of what came
            found.put(self._unreachable(error))

    def _exchanged(self, request: Request, limit: float) -> Reply:
        from urllib3 import Timeout

        deadline, method = time.monotonic() + limit, request.method
        headers = {**request.headers, "accept": "application/json", "accept-encoding": "identity"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        options: dict[str, Any] = {"redirect": False, "retries": False, "preload_content": False}
        timeout = Timeout(connect=limit, read=limit)
        response = self._pool.request(
            method, request.url, body=request.body, headers=headers, timeout=timeout, **options
        )
        body = bytearray()
        try:
            if response.status < 200:  # the answer comes behind it, and would be read as that to the next question
                raise SurroundingsFault(
                    f"{self.name} answered {response.status}, behind which an answer is still to come; let it, or what"
                    " stands before it, answer at once"
                )
            while piece := response.read1(PIECE, decode_content=False):
                body += piece
                if len(body) > LARGEST:
                    raise SurroundingsFault(
                        f"{self.name} answered more than {LARGEST // 1_000_000} MB, which is read of no answer; let a"
                        " server of the task answer there"
                    )
                if time.monotonic() > deadline:
                    raise _Silence
        except BaseException:
            response.close()  # what else comes is not waited for
            raise
        response.release_conn()
        return Reply(response.status, {key.lower(): value for key, value in response.headers.items()}, bytes(body))

    def _unreachable(self, error: Exception) -> SurroundingsFault:
        words = self._plain(OBJECT.sub("", f"{type(error).__name__}: {error}"))
        self._broken = (
            f"{self.name} cannot be asked ({shortened(words, 2 * SHOWN)}); see whether the server runs, and whether the"
            " address is right (proxies of the environment are not used)"
        )
        return SurroundingsFault(self._broken)

    def _end(self, why: str) -> NoReturn:
        self._broken = why
        raise SurroundingsFault(why)

    def _shown(self, found: Reply) -> str:
        """Return the first line of what a reply says."""
        lines = found.body.decode("utf-8", errors="replace").split("\n")
        return shortened(self._plain(next((line.strip() for line in lines if line.strip()), "no words")), SHOWN)

    def _plain(self, text: str) -> str:
        return hidden(text, self._token)


def _token(name: str, variable: str) -> str:
    """Return the token that a variable holds. Raises SurroundingsFault that shows nothing of it."""
    token = os.environ.get(variable, "").strip()
    if not token:
        raise SurroundingsFault(
            f"{name}: {variable}, which token_env in its row names, is not set; export it, or take token_env out"
        )
    if not TOKEN.fullmatch(token):
        raise SurroundingsFault(f"{name}: what {variable} holds is no token: it has spaces or letters beyond ASCII")
    return token


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return how many seconds a server asks to wait; 0 where it does not say."""
    said = headers.get("retry-after", "").strip()
    try:
        digits = said.isascii() and said.isdigit()
        return max(0.0, float(said) if digits else parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
