"""How cosign is called, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.attest.attach import tag_of
from orchestrator.attest.signing import Signer, is_signed, signer
from orchestrator.config.settings import Signing
from orchestrator.errors import (
    CellsFailedError,
    EnvironmentFailedError,
    UnreachableError,
    UsageError,
    VerificationError,
)
from orchestrator.registry.distribution import OCI_INDEX, OCI_MANIFEST
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Patience, Retries
from tests.unit.attest.registries import REPOSITORY, ListingWire, distribution_on, put, subject_on
from tests.unit.registry.wire import FakeWire

NAME, DIGEST = "localhost:5000/library/python", "sha256:" + "d" * 64
PASSWORD = "hunter2"  # noqa: S105 - of no key
PUBLIC = "-----BEGIN PUBLIC KEY-----"


@dataclass
class FakeCosign:
    """Signs in memory. `new` has the options of cosign 3; `fails` maps a command to the failures that come first, `forgets` loses signatures."""

    new: bool = False
    fails: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    forgets: bool = False
    signed: set[str] = field(default_factory=set)
    commands: list[Command] = field(default_factory=list)

    def __call__(self, command: Command, /) -> Completed:
        self.commands.append(command)
        _, word, *arguments = command.argv
        if self.fails.get(word):
            return _ended(command, *self.fails[word].pop(0))
        if arguments == ["--help"]:
            return _ended(command, 0, "  --use-signing-config=true:" if self.new else "  --tlog-upload=true:")
        if word == "public-key":
            assert command.environment is not None
            good = command.environment["COSIGN_PASSWORD"] == PASSWORD
            return _ended(command, 0, PUBLIC) if good else _ended(command, 1, "Error: reading key: decryption failed")
        if word == "sign" and not self.forgets:
            self.signed.add(arguments[-1])
        if word == "verify" and arguments[-1] not in self.signed:
            return _ended(command, 10, "Error: no signatures found")
        return _ended(command, 0, "")

    def calls(self, word: str) -> list[tuple[str, ...]]:
        return [one.argv[2:] for one in self.commands if one.argv[1] == word and one.argv[2:] != ("--help",)]


def _ended(command: Command, status: int, said: str) -> Completed:
    data = said.encode()
    good = status == 0
    return Completed(
        command=command, status=status, stdout=data if good else b"", stderr=b"" if good else data, seconds=0.1
    )


Make = Callable[..., Signer]


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "cosign.key"
    file.write_text("secret")
    return str(file)


def make(cosign: FakeCosign, key: str | None, *, tlog: bool = False, **environment: str) -> Signer:
    retries = Retries(patience=Patience(attempts=4), sleep=lambda _seconds: None)
    return signer(
        Signing(key=key, tlog=tlog),
        environment or {"COSIGN_PASSWORD": PASSWORD},
        retries=retries,
        runner=cosign,
        which=lambda _: "/usr/bin/cosign",
    )


@pytest.mark.parametrize(
    ("new", "options"),
    [(False, ["--tlog-upload=false"]), (True, ["--use-signing-config=false", "--tlog-upload=false"])],
)
def test_an_image_is_signed_once_and_verified(key: str, *, new: bool, options: list[str]) -> None:
    cosign = FakeCosign(new=new)
    one = make(cosign, key)
    assert one.sign(NAME, DIGEST)
    assert cosign.calls("sign") == [(f"--key={key}", *options, "--yes", f"{NAME}@{DIGEST}")]
    verified = ("--key=env://ORCHESTRATOR_PUBLIC_KEY", "--insecure-ignore-tlog=true", f"{NAME}@{DIGEST}")
    assert cosign.calls("verify") == [verified, verified]
    assert cosign.commands[-1].environment == {"COSIGN_PASSWORD": PASSWORD, "ORCHESTRATOR_PUBLIC_KEY": PUBLIC}
    assert not one.sign(NAME, DIGEST)
    assert len(cosign.calls("sign")) == 1


def test_the_public_log_is_used_where_it_is_asked_for(key: str) -> None:
    cosign = FakeCosign(new=True)
    assert make(cosign, key, tlog=True).sign(NAME, DIGEST, plain=True)
    assert cosign.calls("sign") == [(f"--key={key}", "--allow-http-registry=true", "--yes", f"{NAME}@{DIGEST}")]
    assert all("--insecure-ignore-tlog=true" not in call for call in cosign.calls("verify"))
    assert all("--allow-http-registry=true" in call for call in cosign.calls("verify"))


def test_a_key_elsewhere_verifies_by_itself_and_needs_no_password() -> None:
    cosign = FakeCosign()
    assert make(cosign, "awskms:///alias/x", PATH="/bin").sign(NAME, DIGEST)
    assert cosign.calls("public-key") == []
    assert "--key=awskms:///alias/x" in cosign.calls("verify")[0]


def test_a_ci_job_signs_with_its_identity() -> None:
    cosign = FakeCosign()
    one = make(cosign, None, SIGSTORE_ID_TOKEN="x")  # noqa: S106 - of nobody
    assert one.sign(NAME, DIGEST)
    assert cosign.calls("sign") == [("--yes", f"{NAME}@{DIGEST}")]
    assert cosign.calls("verify")[0][:2] == ("--certificate-identity-regexp=.+", "--certificate-oidc-issuer-regexp=.+")


def test_a_signature_that_is_not_there_afterwards_is_told(key: str) -> None:
    with pytest.raises(VerificationError, match=f"{NAME}@{DIGEST} is not signed as it should be: no signatures found"):
        make(FakeCosign(forgets=True), key).sign(NAME, DIGEST)
    with pytest.raises(VerificationError, match="no signatures found"):
        make(FakeCosign(), key).verify(NAME, DIGEST)


def test_trouble_of_the_registry_passes_or_is_told(key: str) -> None:
    busy = (1, 'error during command execution: Put "http://localhost:5000/v2/": dial tcp: connect: connection refused')
    cosign = FakeCosign(fails={"sign": [(0, ""), busy, busy], "verify": [(10, "none"), busy]})
    assert make(cosign, key).sign(NAME, DIGEST)
    with pytest.raises(UnreachableError, match=r"signing .* did not work: Put .* connection refused"):
        make(FakeCosign(fails={"sign": [(0, ""), *[busy] * 4]}), key).sign(NAME, DIGEST)
    with pytest.raises(CellsFailedError, match="cannot be signed: no idea"):
        make(FakeCosign(fails={"sign": [(0, ""), (1, "Error: no idea")]}), key).sign(NAME, DIGEST)
    with pytest.raises(CellsFailedError, match="cannot be verified: UNAUTHORIZED"):
        make(FakeCosign(fails={"verify": [(1, "Error: UNAUTHORIZED")]}), key).verify(NAME, DIGEST)


def test_what_is_missing_is_told_before_anything_is_signed(key: str) -> None:
    with pytest.raises(EnvironmentFailedError, match="no cosign"):
        signer(Signing(key=key), {}, which=lambda _: None)
    with pytest.raises(UsageError, match="nothing to sign with"):
        make(FakeCosign(), None)
    with pytest.raises(UsageError, match=r"there is no file .*gone\.key"):
        make(FakeCosign(), f"{key}/gone.key")
    with pytest.raises(UsageError, match=r"password of the key .* is not known"):
        make(FakeCosign(), key, PATH="/bin")
    with pytest.raises(UsageError, match=r"cannot be used: reading key: decryption failed"):
        make(FakeCosign(), key, COSIGN_PASSWORD="wrong")  # noqa: S106 - of no key


def test_the_password_is_shown_nowhere(key: str) -> None:
    cosign = FakeCosign()
    one = make(cosign, key)
    one.sign(NAME, DIGEST)
    assert PASSWORD not in repr(one)
    assert all(PASSWORD not in str(command) for command in cosign.commands)


def bundle(wire: FakeWire, digest: str, predicate: str) -> dict[str, object]:
    """What cosign 3 puts there, and how it lists it under a tag."""
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    annotations = {"dev.sigstore.bundle.predicateType": predicate}
    made = put(wire, {"artifactType": kind, "annotations": annotations, "subject": {"digest": digest}})
    untold = "application/vnd.oci.empty.v1+json"
    return {"mediaType": OCI_MANIFEST, "digest": made.digest, "size": len(made.raw), "artifactType": untold}


@pytest.mark.parametrize("kind", [FakeWire, ListingWire])
@pytest.mark.parametrize(
    ("predicate", "signed"), [("https://sigstore.dev/cosign/sign/v1", True), ("https://slsa.dev/provenance/v1", False)]
)
def test_bundles_are_found(kind: type[FakeWire], predicate: str, *, signed: bool) -> None:
    wire = kind()
    image, one = subject_on(wire), distribution_on(wire)
    assert not is_signed(one, REPOSITORY, image.digest)
    entry = bundle(wire, image.digest, predicate)
    if kind is FakeWire:
        other = {"mediaType": OCI_MANIFEST, "digest": "sha256:x", "size": 1, "artifactType": "application/spdx+json"}
        put(wire, {"mediaType": OCI_INDEX, "manifests": [other, entry]}, tag_of(image.digest))
    assert is_signed(one, REPOSITORY, image.digest) == signed


def test_signatures_under_a_tag_are_found() -> None:
    wire = FakeWire()
    image, one = subject_on(wire), distribution_on(wire)
    put(wire, {"layers": []}, f"{tag_of(image.digest)}.sig")
    assert is_signed(one, REPOSITORY, image.digest)
