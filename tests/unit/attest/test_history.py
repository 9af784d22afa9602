"""What BuildKit's history says of a build; the record is one that BuildKit (dockerd 26.1.5) gave."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from orchestrator.attest import history
from orchestrator.attest.grpc import Channel
from orchestrator.attest.history import read
from orchestrator.attest.model import Told, UntoldError
from orchestrator.attest.protobuf import encode
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Cancellation, Command
from tests.unit.attest.server import Answer, FakeServer, framed

CAPTURED = Path(__file__).resolve().parents[2] / "data" / "history"
REFERENCE = "pwbr75g71d1uoan4nv6pbzvw1"
IMAGE = "sha256:c233af7abf929551b6a4f0378d5fff9460530786ee89b4f172b5ca2d610a06ee"
LISTEN, READ = "/moby.buildkit.v1.Control/ListenBuildHistory", "/containerd.services.content.v1.Content/Read"


def ask(event: bytes, *pieces: bytes, reference: str = REFERENCE) -> tuple[Told, FakeServer]:
    content = framed(*(encode(1, at) + _bytes(2, piece) for at, piece in enumerate(pieces)))
    server = FakeServer({LISTEN: Answer(body=framed(event) if event else b""), READ: Answer(body=content)})
    return read(Channel(pipes=server), reference), server


def _bytes(number: int, value: bytes) -> bytes:
    """A field of bytes: those of text in which each byte is a letter would be others."""
    size = len(value)
    lengths = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) if size else b"\0"
    return bytes([number << 3 | 2]) + lengths + value


def captured() -> tuple[bytes, bytes]:
    return (CAPTURED / "event.bin").read_bytes(), (CAPTURED / "predicate.json").read_bytes()


def test_the_provenance_of_a_build_is_found_by_its_name() -> None:
    event, predicate = captured()
    told, server = ask(event, predicate[:4000], predicate[4000:])
    assert told.predicate_type == "https://slsa.dev/provenance/v0.2"
    assert told.digests == {IMAGE}
    assert told.predicate["buildType"] == "https://mobyproject.org/buildkit@v1"
    assert told.predicate["metadata"]["completeness"] == {"parameters": True, "environment": True, "materials": False}
    listen, content = server.requests
    assert listen == (LISTEN, framed(encode(2, REFERENCE) + encode(3, 1)))
    assert content == (READ, framed(encode(1, f"sha256:{hashlib.sha256(predicate).hexdigest()}")))


def descriptor(digest: str, kind: str = "") -> bytes:
    annotation = encode(1, "in-toto.io/predicate-type") + encode(2, kind)
    return encode(2, digest) + (_bytes(5, annotation) if kind else b"")


def record(*fields: bytes, name: str = "b1") -> bytes:
    return _bytes(2, encode(1, name) + b"".join(fields))


def test_newer_records_are_read_too() -> None:
    """Results by platform, a descriptor for each exporter, provenance in its first version, digests only in the exporter's answer."""
    data = b'{"buildDefinition": {}}'
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    made = _bytes(3, encode(1, 0) + _bytes(2, descriptor("sha256:made")))
    attestations = _bytes(2, descriptor("sha256:no", "https://spdx.dev/Document"))
    attestations += _bytes(2, descriptor(digest, "https://slsa.dev/provenance/v1"))
    result = _bytes(11, encode(1, "linux/amd64") + _bytes(2, made + attestations))
    answers = _bytes(9, encode(1, "containerimage.digest") + encode(2, "sha256:index"))
    answers += _bytes(9, encode(1, "containerimage.config.digest") + encode(2, "sha256:config"))
    answers += _bytes(9, encode(1, "image.name") + encode(2, "x"))
    told, _ = ask(record(result, answers), data, reference="b1")
    assert told == Told(
        predicate_type="https://slsa.dev/provenance/v1",
        predicate={"buildDefinition": {}},
        digests=frozenset({"sha256:made", "sha256:index", "sha256:config"}),
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"", "has no build b1"),
        (record(name="b2"), "has no build b1"),
        (record(), "holds no provenance"),
        (record(_bytes(10, _bytes(2, descriptor("sha256:x", "https://spdx.dev/Document")))), "holds no provenance"),
        (
            record(_bytes(10, _bytes(2, descriptor("sha256:x", "https://slsa.dev/provenance/v1")))),
            "not what its digest",
        ),
        (b"\x12\x7fshort", "cannot be read: a message ends"),
    ],
)
def test_what_is_not_told_has_a_reason(event: bytes, reason: str) -> None:
    with pytest.raises(UntoldError, match=reason):
        ask(event, b"{}", reference="b1")


def test_a_predicate_that_is_no_json_is_told() -> None:
    digest = f"sha256:{hashlib.sha256(b'{').hexdigest()}"
    event = record(_bytes(10, _bytes(2, descriptor(digest, "https://slsa.dev/provenance/v1"))))
    with pytest.raises(UntoldError, match="cannot be read"):
        ask(event, b"{", reference="b1")


def test_a_program_that_cannot_be_started_or_says_why_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[Command] = []

    @contextlib.contextmanager
    def ends(command: Command, _: Cancellation) -> Iterator[Any]:
        commands.append(command)
        yield FakeServer({}, ends=0, said=b'ERROR: no builder "far" found\n\n')

    def missing(*_: object) -> NoReturn:
        raise EnvironmentFailedError("docker cannot be started: No such file")

    def asked() -> Told:
        return history.ask("docker", "b1", builder="far", environment={}, cancellation=Cancellation())

    monkeypatch.setattr(history, "dialogue", ends)
    with pytest.raises(UntoldError, match=r'ended before the answer \(ERROR: no builder "far" found\)'):
        asked()
    assert commands[0].argv == ("docker", "buildx", "dial-stdio", "--builder=far")
    monkeypatch.setattr(history, "dialogue", missing)
    with pytest.raises(UntoldError, match="docker cannot be started"):
        asked()
