"""A gRPC server at the other end of two pipes, in memory: real HTTP/2, answers as told."""

from __future__ import annotations

from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, WindowUpdated

OK = {"grpc-status": "0"}


def framed(*messages: bytes) -> bytes:
    """Put messages behind each other as gRPC does."""
    return b"".join(b"\0" + len(one).to_bytes(4, "big") + one for one in messages)


@dataclass
class Answer:
    """What a method is answered with: a body in gRPC's frames, then trailers; `reset` breaks it off, `goodbye` ends the connection."""

    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=lambda: dict(OK))
    reset: bool = False
    goodbye: bool = False


@dataclass
class FakeServer:
    """Implements `orchestrator.attest.grpc.Pipes`. It hands out `piece` bytes at a time, and nothing more after `ends` bytes."""

    answers: dict[str, Answer]
    piece: int = 1000
    ends: int | None = None
    broken: bool = False
    said: bytes = b""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    _http: H2Connection = field(
        default_factory=lambda: H2Connection(config=H2Configuration(client_side=False, header_encoding="utf-8"))
    )
    _out: bytearray = field(default_factory=bytearray)
    _left: bytes = b""
    _trailers: dict[str, str] = field(default_factory=dict)
    _paths: dict[int, str] = field(default_factory=dict)
    _bodies: dict[int, bytes] = field(default_factory=dict)
    _given: int = 0
    _begun: bool = False

    def send(self, data: bytes) -> None:
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        if not self._begun:
            self._http.initiate_connection()
            self._begun = True
        for event in self._http.receive_data(data):
            if isinstance(event, RequestReceived):
                assert event.stream_id is not None
                self._paths[event.stream_id] = next(str(value) for name, value in event.headers if str(name) == ":path")
            elif isinstance(event, DataReceived):
                assert event.stream_id is not None
                self._bodies[event.stream_id] = self._bodies.get(event.stream_id, b"") + (event.data or b"")
            elif isinstance(event, StreamEnded):
                assert event.stream_id is not None
                self._answer(event.stream_id)
            elif isinstance(event, WindowUpdated):
                self._pump(max(self._paths))
        self._out += self._http.data_to_send()

    def receive(self) -> bytes:
        size = self.piece if self.ends is None else min(self.piece, self.ends - self._given)
        data = bytes(self._out[:size])
        del self._out[:size]
        self._given += len(data)
        if not data and self.ends is None:
            raise TimeoutError("no answer in time")
        return data

    def _answer(self, number: int) -> None:
        path = self._paths[number]
        self.requests.append((path, self._bodies[number]))
        answer = self.answers.get(path, Answer())
        if answer.goodbye:
            self._http.close_connection(error_code=2)
            return
        if answer.reset:
            self._http.reset_stream(number, error_code=2)
            return
        headers = [(":status", "200"), ("content-type", "application/grpc")]
        if not answer.body:  # all of the answer is in its headers
            self._http.send_headers(number, [*headers, *answer.trailers.items()], end_stream=True)
            return
        self._http.send_headers(number, headers)
        self._left, self._trailers = answer.body, answer.trailers
        self._pump(number)

    def _pump(self, number: int) -> None:
        """Send as much as the client allows."""
        while self._left:
            size = min(
                self._http.local_flow_control_window(number), self._http.max_outbound_frame_size, len(self._left)
            )
            if size <= 0:
                return
            self._http.send_data(number, self._left[:size])
            self._left = self._left[size:]
            if not self._left:
                self._http.send_headers(number, list(self._trailers.items()), end_stream=True)
