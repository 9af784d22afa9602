"""gRPC over any pair of pipes: calls with one request each, whose answers are read to the end.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error

#: An answer larger than this is none that is asked for here.
_LARGEST = 64 << 20
#: A message stands behind a byte (compressed or not) and its length.
_PREFIX = 5


class GrpcError(Exception):
    """A call failed; the message is the reason in one line."""


class Pipes(Protocol):
    """What carries the bytes."""

    def send(self, data: bytes) -> None:
        """Write all of it. Raises `OSError`."""

    def receive(self) -> bytes:
        """Read what there is, waiting for something; empty at the end. Raises `OSError`, `TimeoutError` among them."""


@dataclass(slots=True)
class _Answer:
    data: bytearray = field(default_factory=bytearray)
    headers: dict[str, str] = field(default_factory=dict)
    ended: bool = False


@dataclass(slots=True)
class Channel:
    """A connection to a gRPC server, one call at a time."""

    pipes: Pipes
    _http: H2Connection = field(
        default_factory=lambda: H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
    )

    def __post_init__(self) -> None:
        self._http.initiate_connection()

    def call(self, method: str, request: bytes) -> tuple[bytes, ...]:
        """Call `/package.Service/Method` and return the messages of its answer. Raises `GrpcError`, whatever goes wrong."""
        answer = _Answer()
        try:
            number = self._http.get_next_available_stream_id()
            headers = [
                (":method", "POST"),
                (":scheme", "http"),
                (":authority", "localhost"),
                (":path", method),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
            ]
            self._http.send_headers(number, headers)
            self._http.send_data(number, b"\0" + len(request).to_bytes(4, "big") + request, end_stream=True)
            self.pipes.send(self._http.data_to_send())
            while not answer.ended:
                data = self.pipes.receive()
                if not data:
                    raise GrpcError(f"{method}: the connection ended before the answer")
                for event in self._http.receive_data(data):
                    self._take(event, number, answer)
                if len(answer.data) > _LARGEST:
                    raise GrpcError(f"{method}: the answer is larger than {_LARGEST >> 20} MiB")
                if replies := self._http.data_to_send():
                    self.pipes.send(replies)
        except (H2Error, OSError) as error:
            raise GrpcError(f"{method}: {str(error) or type(error).__name__}") from error
        if answer.headers.get("grpc-status") != "0":
            said = unquote(answer.headers.get("grpc-message", "")) or f"HTTP {answer.headers.get(':status', '?')}"
            raise GrpcError(f"{method}: status {answer.headers.get('grpc-status', 'missing')} ({said})")
        return _messages(method, bytes(answer.data))

    def _take(self, event: Event, number: int, answer: _Answer) -> None:
        if isinstance(event, ConnectionTerminated):
            raise GrpcError(f"the server ended the connection (HTTP/2 code {event.error_code})")
        if getattr(event, "stream_id", None) != number:
            return
        if isinstance(event, DataReceived):
            answer.data += event.data
            self._http.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, ResponseReceived | TrailersReceived):
            answer.headers.update((str(name), str(value)) for name, value in event.headers)
        elif isinstance(event, StreamReset):
            raise GrpcError(f"the server broke the call off (HTTP/2 code {event.error_code})")
        elif isinstance(event, StreamEnded):
            answer.ended = True


def _messages(method: str, data: bytes) -> tuple[bytes, ...]:
    found, at = [], 0
    while at < len(data):
        if len(data) < at + _PREFIX or data[at] != 0:
            raise GrpcError(f"{method}: the answer is compressed or cut off")
        size = int.from_bytes(data[at + 1 : at + _PREFIX], "big")
        at += _PREFIX + size
        if at > len(data):
            raise GrpcError(f"{method}: the answer is cut off")
        found.append(data[at - size : at])
    return tuple(found)
