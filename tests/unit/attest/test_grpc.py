"""Calls over a connection of HTTP/2, and what goes wrong with them."""

from __future__ import annotations

import pytest

from orchestrator.attest.grpc import Channel, GrpcError
from tests.unit.attest.server import Answer, FakeServer, framed

METHOD = "/service.Of/Method"


def call(answer: Answer, **more: int | bool | None) -> tuple[tuple[bytes, ...], FakeServer]:
    server = FakeServer({METHOD: answer}, **more)  # type: ignore[arg-type]
    return Channel(pipes=server).call(METHOD, b"question"), server


def test_a_call_has_one_question_and_any_number_of_answers() -> None:
    answers, server = call(Answer(body=framed(b"one", b"", b"three")))
    assert answers == (b"one", b"", b"three")
    assert server.requests == [(METHOD, framed(b"question"))]


@pytest.mark.parametrize("piece", [7, 1000, 1 << 20])
def test_large_answers_come_as_fast_as_they_are_read(piece: int) -> None:
    """HTTP/2 lets 64 KiB through until more is asked for; so an answer of a megabyte hangs where nobody asks."""
    large = bytes(range(256)) * (4096 if piece > 7 else 512)
    answers, _ = call(Answer(body=framed(large, b"end")), piece=piece)
    assert answers == (large, b"end")


def test_several_calls_share_a_connection() -> None:
    server = FakeServer({METHOD: Answer(body=framed(b"1")), "/other/Way": Answer(body=framed(b"2"))})
    channel = Channel(pipes=server)
    assert [channel.call(method, b"") for method in (METHOD, "/other/Way", METHOD)] == [(b"1",), (b"2",), (b"1",)]


@pytest.mark.parametrize(
    ("answer", "more", "reason"),
    [
        (Answer(trailers={"grpc-status": "5", "grpc-message": "no%20such build"}), {}, r"status 5 \(no such build\)"),
        (Answer(body=framed(b"x"), trailers={"grpc-status": "13"}), {}, r"status 13 \(HTTP 200\)"),
        (Answer(body=framed(b"x"), trailers={"other": "0"}), {}, "status missing"),
        (Answer(reset=True), {}, "broke the call off .HTTP/2 code"),
        (Answer(goodbye=True), {}, "ended the connection"),
        (Answer(body=framed(b"x" * 500)), {"ends": 120}, "ended before the answer"),
        (Answer(body=framed(b"x")), {"ends": 0}, "ended before the answer"),
        (Answer(body=framed(b"x")), {"broken": True}, "Broken pipe"),
        (Answer(body=b"\x01" + framed(b"x")[1:]), {}, "compressed or cut off"),
        (Answer(body=framed(b"x")[:-1]), {}, "cut off"),
        (Answer(body=framed(b"x")[:3]), {}, "cut off"),
    ],
)
def test_trouble_is_told(answer: Answer, more: dict[str, int | bool | None], reason: str) -> None:
    with pytest.raises(GrpcError, match=reason):
        call(answer, **more)


def test_silence_and_nonsense_are_trouble_too() -> None:
    class Silent:
        def __init__(self, *answers: bytes) -> None:
            self.answers = list(answers)

        def send(self, data: bytes) -> None:
            assert data

        def receive(self) -> bytes:
            if not self.answers:
                raise TimeoutError("no answer in time")
            return self.answers.pop(0)

    with pytest.raises(GrpcError, match="no answer in time"):
        Channel(pipes=Silent()).call(METHOD, b"")
    with pytest.raises(GrpcError, match=METHOD):
        Channel(pipes=Silent(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)).call(METHOD, b"")
