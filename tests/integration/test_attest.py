"""Attestations on the real thing: BuildKit's history, Debian's docker-registry, Debian's cosign."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.attest import history
from orchestrator.attest.attach import attest_image, listed_under_tag, tag_of
from orchestrator.attest.cosign import fetch_cosign
from orchestrator.attest.model import SPDX, Document, Kind, Told, UntoldError, Where
from orchestrator.attest.provenance import Stated, is_ours, keep
from orchestrator.attest.signing import Signer, is_signed, signer
from orchestrator.build.buildx import BuildRequest, BuildResult, build
from orchestrator.config.settings import Signing
from orchestrator.engine.model import Engine
from orchestrator.errors import UsageError, VerificationError
from orchestrator.registry.archive import Manifest, saved
from orchestrator.registry.conversation import Conversation
from orchestrator.registry.distribution import OCI_MANIFEST, Distribution
from orchestrator.registry.exchange import make_client
from orchestrator.registry.local import local_registry
from orchestrator.system.dialogue import dialogue
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Command, run
from orchestrator.system.progress import Silent
from orchestrator.system.retrying import Retries
from tests.integration.relay import relay

REPOSITORY = "attested/small"
#: The image that is built here.
REFERENCE = "attested:small"
PASSWORD = "a password for a test"  # noqa: S105 - of a key that is made here


@dataclass(frozen=True, kw_only=True)
class Made:
    """A build from nothing, and what the engine calls its image."""

    result: BuildResult
    image: str
    engine: Engine
    builder: str | None = None

    def ask(self, reference: str, cancellation: Cancellation | None = None) -> Told:
        return history.ask(
            self.engine.docker,
            reference,
            builder=self.builder,
            environment=self.engine.environment,
            cancellation=cancellation or Cancellation(),
        )


@pytest.fixture(scope="module")
def made(engine: Engine, client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    yield make(engine, client, tmp_path_factory.mktemp("context"))
    client.images.remove(REFERENCE, force=True)


def make(
    engine: Engine,
    client: docker.DockerClient,
    directory: Path,
    *,
    reference: str = REFERENCE,
    builder: str | None = None,
) -> Made:
    (directory / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n", encoding="utf-8")
    request = BuildRequest(
        directory=directory,
        platform="linux/amd64",
        contexts={},
        reference=reference,
        timeout=60,
        log=directory.parent / "log",
        builder=builder,
        metadata=directory / ".metadata.json",
    )
    result = build(
        request,
        docker=engine.docker,
        environment=engine.environment,
        cancellation=Cancellation(),
        on_step=lambda _: None,
    )
    assert result.failure is None
    image = str(client.images.get(reference).id)
    return Made(result=result, image=image, engine=engine, builder=builder)


def test_buildkit_tells_all_of_a_build_for_which_no_attestation_was_asked(made: Made, tmp_path: Path) -> None:
    began = time.monotonic()
    told = made.ask(made.result.record)
    assert time.monotonic() - began < 2
    assert made.image in told.digests
    assert told.predicate_type.startswith("https://slsa.dev/provenance/")
    # Only mode=max has the steps and the Dockerfile.
    assert {"llbDefinition", "digestMapping"} <= told.predicate["buildConfig"].keys()
    places = Places(cache=tmp_path, state=tmp_path)
    kept = keep(places, made.image, Stated(cell="small", platform="linux/amd64", key="k"), lambda: told)
    assert not is_ours(kept.path.read_bytes())
    assert b"sysUsage" not in kept.path.read_bytes()


def test_a_remote_builder_is_asked_in_the_same_way(engine: Engine, client: docker.DockerClient, tmp_path: Path) -> None:
    """The engine's own BuildKit by another way: behind TLS, with the driver for BuildKits elsewhere, its images carried home."""
    context = tmp_path / "context"
    context.mkdir()
    with relay(Path(engine.host.removeprefix("unix://")), tmp_path / "certificates", buildkit=True) as far:
        options = ("--name=attested", "--driver=remote", f"--driver-opt={far.options}", far.address)
        created = run(Command(argv=(engine.docker, "buildx", "create", *options), environment=engine.environment))
        assert created.ok, created.reason
        try:
            made = make(engine, client, context, reference="attested:afar", builder="attested")
            client.images.remove("attested:afar", force=True)
            assert made.image in made.ask(made.result.record).digests
        finally:
            argv = (engine.docker, "buildx", "rm", "--force", "attested")
            run(Command(argv=argv, environment=engine.environment))


def test_the_image_stays_one_manifest(made: Made, client: docker.DockerClient) -> None:
    with saved(client, REFERENCE) as archive:
        kinds = [Manifest.of(b"".join(archive.blob(digest))).media_type for digest in archive.tops]
        attested = [digest for digest in archive.places if b"in-toto" in b"".join(archive.blob(digest))]
    assert archive.tops == (made.image,)
    assert not any("index" in kind or "list" in kind for kind in kinds)
    assert attested == []


def test_what_cannot_be_told_comes_back_at_once(made: Made) -> None:
    with pytest.raises(UntoldError, match="has no build nosuchbuild"):
        made.ask("nosuchbuild")
    stopped = Cancellation()
    stopped.cancel()
    with pytest.raises(UntoldError, match="stopped on request"):
        made.ask(made.result.record, stopped)


def test_no_engine_and_no_builder_have_a_reason(made: Made) -> None:
    def ask(builder: str | None, **environment: str) -> None:
        history.ask(
            made.engine.docker,
            made.result.record,
            builder=builder,
            environment={**made.engine.environment, **environment},
            cancellation=Cancellation(),
        )

    with pytest.raises(UntoldError, match="no builder"):
        ask("nosuchbuilder")
    began = time.monotonic()
    with pytest.raises(UntoldError, match="ended before the answer"):
        ask(None, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert time.monotonic() - began < history.TIMEOUT


def test_a_process_that_is_talked_to_is_limited_and_ended() -> None:
    with dialogue(Command(argv=("cat",), timeout=5), Cancellation()) as cat:
        cat.send(b"x" * 50_000)
        assert cat.receive().startswith(b"x")
    assert cat.process.returncode == 0
    words = ("sh", "-c", "trap '' TERM; echo said >&2; sleep 60")
    began = time.monotonic()
    with dialogue(Command(argv=words, timeout=0.5), Cancellation()) as sleeper, pytest.raises(TimeoutError):
        sleeper.receive()
    assert sleeper.said == b"said\n"
    assert sleeper.process.returncode == -9
    assert time.monotonic() - began < 20


@dataclass(frozen=True, kw_only=True)
class Registry:
    address: str
    one: Distribution
    image: Manifest
    other: Manifest

    @property
    def name(self) -> str:
        return f"{self.address}/{REPOSITORY}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Debian's docker-registry with two images; what other tests pushed is not in it."""
    state = tmp_path_factory.mktemp("state")
    with (
        local_registry(Places(cache=Places.from_environment().cache, state=state), Silent()) as address,
        closing(make_client(address)) as client,
    ):
        one = Distribution(conversation=Conversation(registry=address, client=client), retries=Retries())
        yield Registry(address=address, one=one, image=_push(one, "a"), other=_push(one, "b"))


def _push(one: Distribution, word: str) -> Manifest:
    # Never the same twice, as the registry keeps what it got from earlier tests.
    layer = f"{word} {time.time_ns()}".encode()
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}
    ).encode()
    for data in (layer, config):
        one.put_blob(REPOSITORY, _digest(data), len(data), lambda data=data: (data,))  # type: ignore[misc]
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _entry("application/vnd.oci.image.config.v1+json", config),
        "layers": [_entry("application/vnd.oci.image.layer.v1.tar", layer)],
    }
    manifest = Manifest.of(json.dumps(content).encode())
    one.put_manifest(REPOSITORY, word, manifest)
    return manifest


def _entry(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(data), "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture(scope="module")
def key(cosign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("key")
    argv = (str(cosign), "generate-key-pair", "--output-key-prefix=test")
    assert run(Command(argv=argv, directory=directory, environment=with_password())).ok
    return directory / "test.key"


@pytest.fixture(scope="module")
def cosign() -> Path:
    return fetch_cosign(Places.from_environment(), Silent())


def with_password(password: str = PASSWORD) -> dict[str, str]:
    return {**os.environ, "COSIGN_PASSWORD": password}


@pytest.fixture(scope="module")
def signs(cosign: Path, key: Path) -> Signer:
    return signer(Signing(key=str(key)), with_password(), program=str(cosign))


def test_documents_are_attached_under_a_tag_and_signing_leaves_them(
    registry: Registry, signs: Signer, tmp_path: Path
) -> None:
    one, image = registry.one, registry.image
    places = Places(cache=tmp_path, state=tmp_path)
    keep(places, image.digest, Stated(cell="small", platform="linux/amd64", key="k"), _untold)
    sbom = Document(kind=Kind.SBOM, media_type=SPDX, data=b'{"spdxVersion":"SPDX-2.3"}')
    found = attest_image(one, places, REPOSITORY, image, documents=(sbom,))
    assert [(each.kind, each.where) for each in found] == [(Kind.SBOM, Where.TAG), (Kind.PROVENANCE, Where.TAG)]
    assert tag_of(image.digest) in one.tags(REPOSITORY)
    sent = one.memory.sent
    assert attest_image(one, places, REPOSITORY, image, documents=(sbom,)) == found
    assert one.memory.sent == sent

    assert not is_signed(one, REPOSITORY, image.digest)
    assert signs.sign(registry.name, image.digest)
    assert is_signed(one, REPOSITORY, image.digest)
    assert not signs.sign(registry.name, image.digest)
    listed = {entry["digest"] for entry in listed_under_tag(one, REPOSITORY, image.digest)}
    assert {each.digest for each in found} <= listed


def _untold() -> Told:
    raise UntoldError("nobody asked")


def test_a_signature_is_good_for_one_digest_and_one_key(
    registry: Registry, signs: Signer, cosign: Path, tmp_path: Path
) -> None:
    signs.sign(registry.name, registry.image.digest)
    signs.verify(registry.name, registry.image.digest)
    with pytest.raises(VerificationError, match="no signatures found"):
        signs.verify(registry.name, registry.other.digest)
    assert not is_signed(registry.one, REPOSITORY, registry.other.digest)

    # Moving the signature of one image to another helps nobody.
    stolen = registry.one.manifest(REPOSITORY, f"{tag_of(registry.image.digest)}.sig")
    registry.one.put_manifest(REPOSITORY, f"{tag_of(registry.other.digest)}.sig", stolen)
    with pytest.raises(VerificationError, match="not signed as it should be"):
        signs.verify(registry.name, registry.other.digest)

    other = run(
        Command(
            argv=(str(cosign), "generate-key-pair", "--output-key-prefix=other"),
            directory=tmp_path,
            environment=with_password(),
        )
    )
    assert other.ok
    stranger = signer(Signing(key=str(tmp_path / "other.key")), with_password(), program=str(cosign))
    with pytest.raises(VerificationError, match="no matching signatures"):
        stranger.verify(registry.name, registry.image.digest)


def test_the_public_key_verifies_without_us(registry: Registry, signs: Signer, cosign: Path, key: Path) -> None:
    signs.sign(registry.name, registry.image.digest)
    public = key.with_suffix(".pub")
    argv = (str(cosign), "verify", f"--key={public}", "--insecure-ignore-tlog=true")
    assert run(Command(argv=(*argv, f"{registry.name}@{registry.image.digest}"))).ok
    assert not run(Command(argv=(*argv, f"{registry.name}@{_digest(b'other')}"))).ok


def test_a_wrong_password_is_told_before_anything_is_signed(cosign: Path, key: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be used: .*decryption failed") as raised:
        signer(Signing(key=str(key)), with_password("wrong"), program=str(cosign))
    assert "wrong" not in str(raised.value)
