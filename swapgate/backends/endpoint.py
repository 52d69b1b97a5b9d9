"""A server that answers as transformers' pipelines do, asked as huggingface_hub's client asks.

The client words the requests, and they are sent by `server`: the client itself follows redirects, takes a login and
proxies from the environment, and reads answers of any length.
"""

import functools
import hashlib
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from swapgate.backends.backend import PROPERTIES, Backend, Place
from swapgate.backends.server import Reply, Request, Server, Unwell
from swapgate.core.faults import AbsentFault, InputFault, SurroundingsFault
from swapgate.core.words import first_line, listed
from swapgate.inputs.given import Composed, Sound
from swapgate.models.loading import Identity, Source, settings_digest
from swapgate.outputs.answered import foreign
from swapgate.project.manifest import Row
from swapgate.tasks.task import Task

NAME = "endpoint"
SCHEMES = ("http://", "https://")
PORTS = {"http": 80, "https": 443}
CHAT = "chat_completion"
TELLING = ("model_id", "model_sha", "model_dtype", "version")
"""Keys of what a server's /info says by which its model is told."""
IPV4 = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}")
"""Hosts that the system reads as an IPv4 address: 127.1, 0x7f000001."""
ESCAPED = re.compile("%[0-9a-fA-F]{2}")
SLASHES = re.compile("//+")
THIS_MACHINE = "127.0.0.1"
NAMES_OF_IT = ("localhost", "0.0.0.0", "[::1]", "[::]")  # noqa: S104 - nothing listens there
"""Hosts by which this machine is asked too; other addresses of its own may be of other servers."""
LONGEST = 200
"""Characters of one such value that count."""
KINDS = {b"\x89PNG": "image/png", b"RIFF": "audio/wav"}
"""Files that are sent as they are, by their first bytes."""
UNKNOWN = (
    "nothing says which model answers there: another one at the same address cannot be told from it; give version in"
    " its row"
)


class Endpoint:
    """A server that can be asked for a task."""

    seconds = 0.0

    def __init__(self, task: Task, source: Source) -> None:
        if source.absent:
            raise AbsentFault(source.absent)
        if task.served is None:
            raise SurroundingsFault(
                f"the task {task.name} does not say how servers are asked; give its Task a `served`"
            )
        self.served, self.address, self.at_once = task.served, _address(source.row.model), source.row.concurrency
        self.server = _server(source.row, self.address)  # its name is for people: under --against "ADDRESS@COMMIT"

    def ask(self, inputs: Sequence[Any], ids: Sequence[str], row: Any) -> Sequence[Any]:
        """Return what it answers to each input: at once to as many as its row says where they are of cases or rows,
        else to one after the other. Raises SurroundingsFault where it does not answer, or answers something else.
        """
        say = functools.partial(self._said, row)
        if not ids or self.at_once == 1:
            return [*map(say, inputs)]
        with ThreadPoolExecutor(self.at_once) as workers:
            return [*workers.map(say, inputs)]

    def _said(self, row: Any, given: Any) -> Any:
        what = _what(given)
        try:
            method, arguments = self.served(given, row)
            request = _worded(self.address, method, arguments)
        except SurroundingsFault:
            raise
        except Exception as error:  # a picture without pixels, or whatever another package's task asks for
            raise SurroundingsFault(f"{what} cannot be sent to {self.address} ({first_line(error)})") from error
        if row.chat is not None and method != CHAT:
            raise SurroundingsFault(f"{self.address}: chat in its row is for texts that are written; take it out")
        said = self.server.answer(request, what)
        if method == CHAT:
            return {"generated_text": _of_chat(said)}
        alone = isinstance(said, list) and len(said) == 1 and isinstance(said[0], list)
        return said[0] if alone else said

    def close(self) -> None:
        """Let go of its connections."""
        self.server.close()


def _what(given: Any) -> str:
    """Return what an input is, in words."""
    if isinstance(given, str):
        return "a text"
    if isinstance(given, Composed):
        return given.what
    return "a sound" if isinstance(given, Sound) else "a picture" if hasattr(given, "save") else "an input"


def _of_chat(said: Any) -> Any:
    """Return what was written in a chat. Raises SurroundingsFault where that is no such answer."""
    try:
        return said["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise foreign(said, '{"choices": [{"message": {"content": …}}]}') from error


class _Worded(Exception):
    """Carries a request out of the client."""


@functools.cache
def _client() -> Callable[..., Any]:
    """Return a client that words requests and sends none. Raises SurroundingsFault where this version cannot be kept
    from that.
    """
    import huggingface_hub

    def hold(_client: Any, request_parameters: Any, **_options: Any) -> Any:
        raise _Worded(request_parameters)

    if not hasattr(huggingface_hub.InferenceClient, "_inner_post"):
        raise SurroundingsFault(
            f"huggingface_hub {huggingface_hub.__version__} sends requests in a way that is not known here; install"
            " another version of it"
        )
    return type("Wording", (huggingface_hub.InferenceClient,), {"_inner_post": hold})


def _worded(address: str, method: str, arguments: Mapping[str, Any]) -> Request:
    """Return the request by which the client asks; any token is left to who sends it. Raises SurroundingsFault."""
    client = _client()(model=address, token="none")  # noqa: S106 - without one it would take its own login
    try:
        getattr(client, method)(**arguments)
    except _Worded as worded:
        found = worded.args[0]
    else:
        raise SurroundingsFault(
            f"{address}: {method} of huggingface_hub's client asks nothing; give another version of it"
        )
    body = found.data if found.data is not None else json.dumps(found.json).encode("ascii")
    headers = {name.lower(): str(value) for name, value in found.headers.items()}
    headers.pop("authorization", None)
    kind = next((kind for head, kind in KINDS.items() if body.startswith(head)), "application/json")
    return Request("POST", found.url, {"content-type": kind, **headers}, bytes(body))


def _server(row: Row, address: str) -> Server:
    return Server(address, row.timeout, row.token_env, row.concurrency)


def find(row: Row, place: Place) -> Source:
    """Return what a row names; it is not asked. Raises InputFault where that is no address."""
    address = _address(row.model)
    info = functools.cache(functools.partial(_info, row, address))
    return Source(
        row,
        place.base / row.model,
        address,
        place.row_of,
        backend=NAME,
        identify=lambda source: _identity(source, info),
        has_config=False,
        remote=True,
    )


def _address(model: str) -> str:
    """Return an address as it is compared. Raises InputFault that shows nothing which may be a secret."""
    try:
        parts = urlsplit(model)
        host, port, scheme = parts.hostname, parts.port, parts.scheme
    except ValueError as error:
        raise InputFault(f"its address cannot be read ({error}); write http(s)://HOST:PORT/PATH") from error
    if not host or scheme not in PORTS or not model.isascii() or any(letter <= " " for letter in model):
        raise InputFault("its address is none that can be asked; write http(s)://HOST:PORT/PATH in ASCII")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputFault(
            f"its address, on {host}, holds more than host, port and path, and addresses stand in goldens and reports;"
            " take the rest out, and name the variable that holds a token: token_env in a row"
        )
    return f"{scheme}://{_host(host)}{'' if port in (None, PORTS[scheme]) else f':{port}'}{_path(parts.path)}"


def _host(name: str) -> str:
    """Return a host as it is compared: an IP address in its one form."""
    bare = ESCAPED.sub(_unescaped, name).lower().removesuffix(".")
    if IPV4.fullmatch(bare):
        with suppress(OSError):  # numbers that are too large
            return socket.inet_ntoa(socket.inet_aton(bare))
    if ":" not in bare:
        return bare
    with suppress(ValueError):
        six = ipaddress.IPv6Address(bare)
        return str(six.ipv4_mapped) if six.ipv4_mapped else f"[{six}]"
    return f"[{bare}]"


def _path(path: str) -> str:
    """Return a path as RFC 3986 (6.2.2) compares it: nothing escaped that need not be, and no dot segments."""
    plain = ESCAPED.sub(_unescaped, path)
    kept: list[str] = []
    for part in plain.split("/")[1:]:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if kept and plain.endswith(("/.", "/..")):
        kept.append("")
    return "".join(f"/{part}" for part in kept) or plain[:1]


def _unescaped(found: re.Match[str]) -> str:
    letter = chr(int(found[0][1:], 16))
    return letter if letter.isascii() and (letter.isalnum() or letter in "-._~") else found[0].upper()


def _known_as(address: str) -> str:
    """Return an address as it tells a server: this machine is one by whichever name, and slashes count once."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    host = parts.netloc.removesuffix(port)
    path = SLASHES.sub("/", parts.path).rstrip("/")
    return f"{parts.scheme}://{THIS_MACHINE if host in NAMES_OF_IT else host}{port}{path}"


def origin(model: str) -> str:
    """Return scheme, host and port of an address; nothing where it is none."""
    try:
        parts = urlsplit(_address(model))
    except InputFault:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def allowed(row: Row, by: Iterable[Row]) -> bool:
    """Return whether a server may be asked as a row says because one of others names its host, and sends that the same
    token where it sends one.
    """
    doors = [(origin(one.model), one.token_env) for one in by]
    return any(host == origin(row.model) and row.token_env in (None, token) for host, token in doors)


def closed(source: Source, why: str) -> Source:
    """Return a server that is not asked, and why."""
    return replace(source, absent=f"{source.name} was not asked, nothing was sent: {why}")


def _info(row: Row, address: str) -> dict[str, str] | SurroundingsFault:
    """Return what a server says of its model, or why that cannot be known."""
    try:
        server = _server(row, address)
        try:
            return _telling(server, server.reply(Request("GET", f"{address.rstrip('/')}/info", {})))
        finally:
            server.close()
    except Unwell as fault:
        return SurroundingsFault(
            f"asked at /info which model it is: {fault}; or give version in its row: then it is not asked that"
        )
    except SurroundingsFault as fault:
        return fault


def _telling(server: Server, found: Reply) -> dict[str, str]:
    """Return what of a reply tells a model; nothing where there is none."""
    try:
        said = server.parsed(found) if found.status == 200 else {}
    except SurroundingsFault:  # a page for people
        said = {}
    told = said if isinstance(said, dict) else {}
    return {key: str(told[key])[:LONGEST] for key in TELLING if isinstance(told.get(key), str | int | float)}


def _identity(source: Source, info: Callable[[], dict[str, str] | SurroundingsFault]) -> Identity:
    """Tell by address and version which server it is. Raises AbsentFault, SurroundingsFault."""
    if source.absent:
        raise AbsentFault(source.absent)
    version = source.row.version
    said = {} if version else info()
    if isinstance(said, SurroundingsFault):
        raise SurroundingsFault(*said.args)
    who = {"endpoint": _known_as(_address(source.row.model)), "version": version, "info": said}
    shown = listed(f"{key} = {value}" for key, value in said.items())
    weak = f"which model answers there its /info alone says ({shown})" if said else UNKNOWN
    if version:
        weak = f"which model answers there its row alone says (version = {version!r})"
    chat = source.row.chat.model_dump() if source.row.chat else None
    files = hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()
    return Identity(settings_digest(source, **who, chat=chat), files, weak)


BACKEND = Backend(
    name=NAME,
    claims=lambda model, path: model.lower().startswith(SCHEMES),
    find=find,
    load=lambda task, source: Endpoint(task, source),
    answers=True,
    extra="endpoint",
    measures=lambda row: frozenset({"latency", PROPERTIES}),
    what="a server",
    sends=True,
    keys=frozenset({"chat", "concurrency", "timeout", "token_env", "version"}),
)
