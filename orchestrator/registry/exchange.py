"""One HTTP request and its answer: trouble of the network is told apart, nothing is read without an end, and whoever waits can be woken."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from orchestrator.registry.answers import RefusedError, strange
from orchestrator.registry.site import is_loopback
from orchestrator.system.retrying import TransientError

#: Seconds. Registries of some size take their time to commit a large layer.
TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=60.0, pool=10.0)
#: Bytes of an answer that is kept in memory: a page of tags, a config, a manifest. All of them are small.
LONGEST = 16 << 20
#: Where docker keeps the authorities of single registries, in a directory each.
_CERTIFICATES = Path("/etc/docker/certs.d")
#: Events of httpx with which there is a socket, or another one around it: https://www.python-httpx.org/advanced/extensions/#trace
_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})

#: Gives the bytes to send, from the start each time that it is called.
Body = Callable[[], Iterable[bytes]]


@dataclass(kw_only=True, slots=True)
class Sockets:
    """The sockets of a client. Threads may share it."""

    _open: weakref.WeakSet[socket.socket] = field(default_factory=weakref.WeakSet, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Notice a new one; httpx calls this."""
        if event in _CONNECTED and isinstance(found := info["return_value"].get_extra_info("socket"), socket.socket):
            with self._lock:
                self._open.add(found)

    def cut(self) -> None:
        """End all connections: whoever waits for an answer there has an error at once, and not only when the time is over."""
        with self._lock:
            for one in self._open:
                # Not the method of TLS sockets, which takes from the other thread what it reads with.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """Sends single requests to `registry` with `client`. `check` is called before each and between its pieces, and ends it with what it raises."""

    registry: str
    client: httpx.Client
    check: Callable[[], None] = lambda: None
    sockets: Sockets = field(default_factory=Sockets)

    def send(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: Body | None = None,
        *,
        into: IO[bytes] | None = None,
    ) -> httpx.Response:
        """Send a request and read the answer, a good one `into` a file where one is given. Redirections are answers like others.

        Raises `TransientError` for what may work later, `RefusedError` for what cannot.
        """
        self.check()
        pieces = None if body is None else body()
        content = b"".join(pieces) if isinstance(pieces, tuple) else None if pieces is None else self._watched(pieces)
        try:
            request = self.client.build_request(
                method, url, headers=headers, content=content, extensions={"trace": self.sockets.trace}
            )
            answer = self.client.send(request, stream=True, follow_redirects=False)
            with contextlib.closing(answer):
                return self._read(answer, into if answer.is_success else None)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error) or "WRONG_VERSION_NUMBER" in str(error):
                raise RefusedError(f"no TLS with {self.registry}: {error}") from error
            raise TransientError(str(error) or "no connection in time", connected=False) from error
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise TransientError(f"the connection broke off ({str(error) or type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedError(str(error) or type(error).__name__) from error

    def _read(self, answer: httpx.Response, into: IO[bytes] | None) -> httpx.Response:
        held = bytearray()
        for piece in self._watched(answer.iter_bytes()):
            if into is not None:
                into.write(piece)
                continue
            held += piece
            if len(held) > LONGEST:
                raise strange(answer, f"more than {LONGEST >> 20} MiB")
        headers = httpx.Headers(answer.headers)
        for name in ("Content-Encoding", "Transfer-Encoding"):  # it is undone
            headers.pop(name, None)
        return httpx.Response(
            answer.status_code,
            headers=headers,
            content=bytes(held),
            request=answer.request,
            extensions=answer.extensions,
        )

    def _watched(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.check()
            yield piece


def make_client(registry: str, *, lanes: int = 16) -> httpx.Client:
    """Make a client with the system's authorities, those that docker has for this registry, and the environment's proxies.

    The loopback address is never reached through a proxy. `lanes` requests may be under way at once.
    Source: https://docs.docker.com/engine/security/certificates/
    """
    loopback = is_loopback(registry)
    context: ssl.SSLContext | bool = False
    if not loopback:  # reading all authorities takes longer than many a request
        context = ssl.create_default_context()
        for authority in sorted((_CERTIFICATES / registry).glob("*.crt")):
            with contextlib.suppress(ssl.SSLError, OSError):
                context.load_verify_locations(cafile=str(authority))
    return httpx.Client(
        verify=context,
        timeout=TIMEOUT,
        trust_env=not loopback,
        headers={"User-Agent": "orchestrator"},
        limits=httpx.Limits(max_connections=lanes, max_keepalive_connections=lanes),
    )
