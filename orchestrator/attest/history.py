"""BuildKit's own record of a build, read back from its history.

BuildKit keeps a record of every build, in full detail (mode=max), whether an attestation was asked for or not: so the image stays one
manifest, nothing is built a second time, and what is told is of the very build that made the image. buildx hands the connection through to
whatever a builder is (`dial-stdio`, from 0.13 on). Tried with dockerd 26.1.5 and 28.5.2, buildx 0.13.1 and 0.29.1, the drivers docker and
remote: 0.1 s for 6 to 50 kB on an idle machine, 0.8 s on one with four times as much to do as it has cores.

Sources: https://github.com/moby/buildkit/blob/v0.13.2/api/services/control/control.proto,
https://github.com/containerd/containerd/blob/v1.7.24/api/services/content/v1/content.proto
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from orchestrator.attest.grpc import Channel, GrpcError
from orchestrator.attest.model import PROVENANCE, Told, UntoldError
from orchestrator.attest.protobuf import Message, encode
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.dialogue import dialogue
from orchestrator.system.process import Cancellation, Command

#: Seconds. It takes a tenth of one; an engine at the end of a slow line gets more.
TIMEOUT = 10.0

_LISTEN = "/moby.buildkit.v1.Control/ListenBuildHistory"
_READ = "/containerd.services.content.v1.Content/Read"
_KIND = "in-toto.io/predicate-type"


def ask(
    docker: str, reference: str, *, builder: str | None, environment: Mapping[str, str], cancellation: Cancellation
) -> Told:
    """Ask a builder (a name of `docker buildx ls`; None for buildx's choice) for the build with this reference. Raises `UntoldError`."""
    named = () if builder is None else (f"--builder={builder}",)
    command = Command(argv=(docker, "buildx", "dial-stdio", *named), environment=environment, timeout=TIMEOUT)
    said = b""
    try:
        with dialogue(command, cancellation) as pipes:
            try:
                return read(Channel(pipes=pipes), reference)
            finally:
                said = pipes.said
    except (GrpcError, EnvironmentFailedError) as error:
        lines = said.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        raise UntoldError(f"{error}{f' ({last})' if last else ''}") from error


def read(channel: Channel, reference: str) -> Told:
    """Find a build in the history and read its provenance. Raises `UntoldError`, `GrpcError`."""
    # The third field ends the answer after what there is.
    events = channel.call(_LISTEN, encode(2, reference) + encode(3, 1))
    try:
        records = [record for event in events for record in Message.decode(event).messages(2)]
        record = next((one for one in records if one.text(1) == reference), None)
        if record is None:
            raise UntoldError(f"BuildKit's history has no build {reference}")
        results = (*record.messages(10), *(entry for of in record.messages(11) for entry in of.messages(2)))
        found = [one for result in results for one in result.messages(2) if _kind(one).startswith(PROVENANCE)]
        if not found:
            raise UntoldError(f"BuildKit's record of the build {reference} holds no provenance")
        data = b"".join(
            b"".join(Message.decode(piece).all(2)) for piece in channel.call(_READ, encode(1, found[0].text(2)))
        )
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != found[0].text(2):
            raise UntoldError(f"the provenance of the build {reference} is not what its digest {found[0].text(2)} says")
        predicate = json.loads(data)
    except ValueError as error:
        raise UntoldError(f"BuildKit's record of the build {reference} cannot be read: {error}") from error
    return Told(
        predicate_type=_kind(found[0]),
        predicate=predicate,
        digests=frozenset((*_made(results), *_answered(record))),
    )


def _kind(descriptor: Message) -> str:
    return dict(descriptor.mapping(5)).get(_KIND, "")


def _made(results: tuple[Message, ...]) -> tuple[str, ...]:
    """Digests of the results: one for all in BuildKit's older records, one per exporter in newer ones."""
    descriptors = [one for result in results for one in result.messages(1)]
    descriptors += [one for result in results for entry in result.messages(3) for one in entry.messages(2)]
    return tuple(one.text(2) for one in descriptors)


def _answered(record: Message) -> tuple[str, ...]:
    return tuple(value for name, value in record.mapping(9) if name.startswith("containerimage.") and "digest" in name)
