"""A server without a socket, and a progress that remembers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

DATA = bytes(range(256)) * 40
SHA256 = hashlib.sha256(DATA).hexdigest()

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Remembering:
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    advances: list[tuple[str, int, int | None]] = field(default_factory=list)

    def note(self, message: str, /) -> None:
        self.notes.append(message)

    def warn(self, message: str, /) -> None:
        self.warnings.append(message)

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        self.advances.append((task, done, total))


@dataclass
class Server:
    """Answers requests with the given answers in turn; the last one stays."""

    answers: list[Answer]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        return answer(request)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self), follow_redirects=True)

    @property
    def ranges(self) -> list[str | None]:
        return [request.headers.get("Range") for request in self.requests]


class _Body(httpx.SyncByteStream):
    def __init__(self, data: bytes, *, breaks: bool = False) -> None:
        self.data = data
        self.breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield self.data
        if self.breaks:
            raise httpx.ReadError("gone")


def _response(code: int, data: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(code, stream=_Body(data), headers={"Content-Length": str(len(data)), **headers})


def whole(data: bytes = DATA, **headers: str) -> Answer:
    """The whole file, whatever range was asked for."""
    return lambda _: _response(200, data, **headers)


def ranged(data: bytes = DATA, **headers: str) -> Answer:
    """What was asked for, as a good server does."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("Range")
        if asked is None:
            return _response(200, data, **headers)
        at = int(asked.removeprefix("bytes=").removesuffix("-"))
        if at >= len(data):
            return httpx.Response(416, headers={"Content-Range": f"bytes */{len(data)}"})
        span = f"bytes {at}-{len(data) - 1}/{len(data)}"
        return _response(206, data[at:], **headers, **{"Content-Range": span})

    return answer


def broken(count: int, data: bytes = DATA, **headers: str) -> Answer:
    """The first bytes of the file, then the connection breaks."""
    length = {"Content-Length": str(len(data))}
    return lambda _: httpx.Response(200, stream=_Body(data[:count], breaks=True), headers={**headers, **length})


def status(code: int, **headers: str) -> Answer:
    return lambda _: httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def raises(error: Callable[[], Exception]) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error()

    return answer
