"""A reverse proxy on the loopback address that fails some of the requests, in front of a registry that fails none; it tells what gets through."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = 1 << 16
#: Headers that belong to one connection and are not handed on (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}


class Fault(Enum):
    """What a failing request gets: a status, a closed connection, or a closed connection after the registry has done it."""

    UNAVAILABLE = 503
    TOO_MANY_REQUESTS = 429
    INTERNAL_ERROR = 500
    BAD_GATEWAY = 502
    CLOSED = "closed"
    ANSWER_LOST = "answer lost"


@dataclass(frozen=True, kw_only=True)
class Done:
    """What the registry did: its status, and the digest that it named in its answer (empty: none)."""

    method: str
    path: str
    status: int
    digest: str

    @property
    def sent(self) -> tuple[str, str, str] | None:
        """What has been sent to the registry with this and is there now: the repository, a tag or nothing, the digest; else None."""
        if self.method != "PUT" or self.status != http.client.CREATED:
            return None
        repository, _, rest = self.path.removeprefix("/v2/").partition("/manifests/")
        if rest:
            return repository, "" if ":" in rest else rest, self.digest
        return self.path.removeprefix("/v2/").partition("/blobs/uploads/")[0], "", self.digest


@dataclass(kw_only=True)
class Flaky:
    """Decides the fate of each request: it fails with probability `rate`, by a random generator with a `seed`.

    `address` is the proxy's, `127.0.0.1:PORT`. `log` holds method, path and fault (None: handed on) of every request, `done` what the registry
    did about those that it got. `let` is asked before a request is handed on and may say no (it gets no answer then), `after` is called when
    the registry has answered, before anybody hears of it. Both are called by the threads of the requests.
    """

    upstream: str
    rate: float
    seed: int
    address: str = ""
    log: list[tuple[str, str, Fault | None]] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    let: Callable[[str, str], bool] = lambda _method, _path: True
    after: Callable[[str, str], None] = lambda _method, _path: None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return len(self.log)

    @property
    def failures(self) -> int:
        """How many of them were failed."""
        return sum(fault is not None for _, _, fault in self.log)

    def fate(self, method: str, path: str) -> Fault | None:
        """Draw what happens to a request, and write it down."""
        with self._lock:
            fails = self._random.random() < self.rate
            fault = self._random.choice(list(Fault)) if fails else None
            self.log.append((method, path, fault))
            return fault


@contextlib.contextmanager
def flaky(upstream: str, *, seed: int, rate: float = 0.3, port: int = 0) -> Iterator[Flaky]:
    """Run such a proxy in front of `upstream` (`HOST:PORT`, plain HTTP), ended with its context; port 0 is any that is free."""
    fates = Flaky(upstream=upstream, rate=rate, seed=seed)

    class Handler(_Handler):
        flaky = fates

    server = _Server(("127.0.0.1", port), Handler)
    fates.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fates
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of connections that clients keep open would be waited for.
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is a part of the game."""


class _Handler(BaseHTTPRequestHandler):
    flaky: Flaky
    protocol_version = "HTTP/1.1"
    # An idle connection ends by itself; seconds.
    timeout = 30

    def handle(self) -> None:
        """Tell who greets in TLS, in the way of Go's servers, that this is plain HTTP: containerd then asks again without TLS."""
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.connection.recv(_PIECE)  # unread bytes would make the close a reset, which loses the answer
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
            return
        super().handle()

    def do_GET(self) -> None:
        fault = self.flaky.fate(self.command, self.path)
        match fault:
            case Fault.CLOSED:
                self._cut()
            case Fault.ANSWER_LOST:
                self._forward(answer=False)
                self._cut()
            case None:
                self._forward()
            case _:
                self._refuse(int(fault.value))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server looks for these names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _refuse(self, status: int) -> None:
        for _ in self._body():
            pass
        self.send_response(status)
        if status == Fault.TOO_MANY_REQUESTS.value:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _forward(self, *, answer: bool = True) -> None:
        if not self.flaky.let(self.command, self.path):
            self._cut()
            return
        upstream = http.client.HTTPConnection(self.flaky.upstream, timeout=60)
        try:
            # With the client's own Host header, so that the registry's Locations lead back to this proxy.
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            chunked = "content-length" not in {name.lower() for name in kept} and self._chunked
            if chunked:
                kept["Transfer-Encoding"] = "chunked"
            upstream.request(self.command, self.path, body=self._body(), headers=kept, encode_chunked=chunked)
            given = upstream.getresponse()
            digest = given.getheader("Docker-Content-Digest") or ""
            self.flaky.done.append(Done(method=self.command, path=self.path, status=given.status, digest=digest))
            self.flaky.after(self.command, self.path)
            if answer:
                self._answer(given)
        finally:
            upstream.close()

    def _answer(self, given: http.client.HTTPResponse) -> None:
        self.send_response_only(given.status, given.reason)
        for name, value in given.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        # The registry gives lengths except where there is no body.
        if given.getheader("Content-Length") is None and given.status != 204:
            self.send_header("Connection", "close")
        self.end_headers()
        while piece := given.read(_PIECE):
            self.wfile.write(piece)

    @property
    def _chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def _body(self) -> Iterator[bytes]:
        if not self._chunked:
            left = int(self.headers.get("Content-Length", 0))
            while left:
                piece = self.rfile.read(min(left, _PIECE))
                if not piece:
                    raise ConnectionAbortedError  # who sends went away: the registry is not to wait for the rest
                left -= len(piece)
                yield piece
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
