"""Signatures, made and verified by cosign; which of its options are needed depends on its version, so it is asked.

Tried with cosign 2.5.0, which keeps a signature under a tag beside the image (`sha256-<hex>.sig`), and 3.1.1, which attaches a bundle as a
referrer. Signing takes 0.3 s and verifying 0.1 s against a registry on the same machine.

Source: https://docs.sigstore.dev/cosign/signing/signing_with_containers/
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.attest.attach import listed_under_tag, referrers, tag_of
from orchestrator.config.settings import Signing
from orchestrator.errors import (
    CellsFailedError,
    EnvironmentFailedError,
    UnreachableError,
    UsageError,
    VerificationError,
)
from orchestrator.registry.distribution import Distribution
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.retrying import Retries, TransientError, transient

#: Seconds for one call of cosign.
_TIMEOUT = 120.0
#: The exit codes with which cosign says that there is no (good) signature; it ends with 1 when it could not find out.
#: Source: https://github.com/sigstore/cosign/blob/v2.5.0/cmd/cosign/errors/exit_codes.go
_UNSIGNED = range(10, 20)
#: What says that a CI job can prove who it is. Source: https://docs.sigstore.dev/cosign/signing/overview/
_IDENTITIES = ("SIGSTORE_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "BUILDKITE_AGENT_ACCESS_TOKEN")
#: What signs an image, as it is written on a bundle; bundles hold other statements, too.
_BUNDLE, _PREDICATE = "application/vnd.dev.sigstore.bundle", "dev.sigstore.bundle.predicateType"
_SIGNATURE = "https://sigstore.dev/cosign/sign/"
#: How cosign 3 lists its bundles under a tag: their own type stands in the manifest only.
_UNTOLD = "application/vnd.oci.empty.v1+json"
#: The variable in which cosign finds the password of a key in a file.
_PASSWORD = "COSIGN_PASSWORD"  # noqa: S105 - a name
#: The variable in which cosign finds the key to verify with: no file is needed for it.
_PUBLIC = "ORCHESTRATOR_PUBLIC_KEY"

Which = Callable[[str], str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """cosign with a key (a file, or what cosign takes as the address of one), or without one for the identity of a CI job.

    `environment` is cosign's whole environment: the password of the key is in there and nowhere else, and so is what says who we are at
    registries. `public` is the public half of a key that cannot tell it by itself (PEM); `quiet` keeps a signature out of the public log.
    """

    program: str
    environment: Mapping[str, str] = field(repr=False)
    key: str | None = None
    public: str = ""
    quiet: tuple[str, ...] = ()
    retries: Retries = field(default_factory=Retries)
    runner: Runner = run

    def sign(self, name: str, digest: str, *, plain: bool = False) -> bool:
        """Sign `REGISTRY/REPOSITORY` at a digest and verify that; False when it was signed with this key before, and nothing was done.

        `plain` is for a registry without TLS elsewhere than on this machine. Raises `VerificationError` when the signature is not there
        afterwards, `UnreachableError` when the registry (or the transparency log) does not answer, `CellsFailedError` for anything else.
        """
        if self.key is not None and not self._unverified(name, digest, plain=plain):
            return False
        key = () if self.key is None else (f"--key={self.key}",)
        done = self._patient(
            f"signing {name}", ("sign", *key, *self.quiet, *_plain(plain), "--yes", f"{name}@{digest}")
        )
        if not done.ok:
            raise CellsFailedError(
                f"{name}@{digest} cannot be signed: {_said(done)}", mend="publish with --sign again when that is mended"
            )
        self.verify(name, digest, plain=plain)
        return True

    def verify(self, name: str, digest: str, *, plain: bool = False) -> None:
        """Raise `VerificationError` unless `REGISTRY/REPOSITORY` at a digest is signed with this key, what is wrong else as in `sign`.

        Without a key, any identity that the public log vouches for will do.
        """
        if reason := self._unverified(name, digest, plain=plain):
            raise VerificationError(
                f"{name}@{digest} is not signed as it should be: {reason}",
                mend="sign it with 'orchestrator publish --sign', or find out who changed it",
            )

    def _unverified(self, name: str, digest: str, *, plain: bool) -> str:
        """Say why an image counts as unsigned; empty when it is signed."""
        if self.key is None:
            options = ["--certificate-identity-regexp=.+", "--certificate-oidc-issuer-regexp=.+"]
        else:
            options = [f"--key={f'env://{_PUBLIC}' if self.public else self.key}"]
        # A log that nothing was written to cannot be asked.
        options += ["--insecure-ignore-tlog=true"] if self.quiet else []
        done = self._patient(f"verifying {name}", ("verify", *options, *_plain(plain), f"{name}@{digest}"))
        if done.ok:
            return ""
        if done.status in _UNSIGNED:
            return _said(done)
        raise CellsFailedError(
            f"{name}@{digest} cannot be verified: {_said(done)}", mend="publish with --sign again when that is mended"
        )

    def _patient(self, what: str, arguments: tuple[str, ...]) -> Completed:
        environment = {**self.environment, **({_PUBLIC: self.public} if self.public else {})}
        command = Command(argv=(self.program, *arguments), environment=environment, timeout=_TIMEOUT)

        def work() -> Completed:
            done = self.runner(command)
            if not done.ok and (again := transient(_said(done))) is not None:
                raise again
            return done

        try:
            return self.retries.repeat(what, work)
        except TransientError as error:
            raise UnreachableError(
                f"{what} did not work: {error.reason}", mend="check that the registry answers; then run the same again"
            ) from error


def signer(
    settings: Signing,
    environment: Mapping[str, str],
    *,
    program: str | None = None,
    retries: Retries | None = None,
    runner: Runner = run,
    which: Which = shutil.which,
) -> Signer:
    """Make the signer that the config asks for, trying its key first; `program` is cosign where it is not in PATH.

    Raises `EnvironmentFailedError` without cosign, `UsageError` where there is neither a key that can be used nor the identity of a CI job.
    """
    found = program or which("cosign")
    if found is None:
        raise EnvironmentFailedError(
            "there is no cosign on this machine to sign with",
            mend="install it (Debian has the package 'cosign' from trixie on), or publish without --sign",
        )
    key = settings.key
    if key is None and not any(environment.get(name) for name in _IDENTITIES):
        raise UsageError(
            "there is nothing to sign with: the config names no key, and this is no CI job that could prove who it is",
            mend="run 'cosign generate-key-pair' and write 'signing: {key: cosign.key}' into the config",
        )
    return Signer(
        program=found,
        environment=environment,
        key=key,
        public=_public_half(key, found, environment, runner) if key is not None and _is_held_here(key) else "",
        quiet=() if settings.tlog or key is None else _quiet(found, environment, runner),
        retries=Retries() if retries is None else retries,
        runner=runner,
    )


def is_signed(distribution: Distribution, repository: str, digest: str) -> bool:
    """Tell whether there is a signature at a manifest, whoever made it: under cosign's tag, or as a bundle that refers to it.

    One to three requests. Raises what `Distribution` raises.
    """
    if distribution.head(repository, f"{tag_of(digest)}.sig") is not None:
        return True
    entries = referrers(distribution, repository, digest)
    for entry in listed_under_tag(distribution, repository, digest) if entries is None else entries:
        kind, annotations = str(entry.get("artifactType", "")), entry.get("annotations") or {}
        if kind == _UNTOLD:
            content = distribution.manifest(repository, str(entry["digest"])).content
            kind, annotations = str(content.get("artifactType", "")), content.get("annotations") or {}
        if kind.startswith(_BUNDLE) and str(annotations.get(_PREDICATE, _SIGNATURE)).startswith(_SIGNATURE):
            return True
    return False


def _is_held_here(key: str) -> bool:
    """Tell keys in files and in the environment from those in a KMS, a token or a cluster, which give their public half by themselves."""
    return key.startswith("env://") or ("://" not in key and not key.startswith("pkcs11:"))


def _public_half(key: str, program: str, environment: Mapping[str, str], runner: Runner) -> str:
    if not key.startswith("env://") and not Path(key).is_file():
        raise UsageError(f"there is no file {key} to sign with", mend="correct signing: key: in the config")
    if _PASSWORD not in environment:
        raise UsageError(
            f"the password of the key {key} is not known",
            mend=f"set {_PASSWORD} in the environment (empty for a key without one)",
        )
    done = runner(Command(argv=(program, "public-key", f"--key={key}"), environment=environment, timeout=_TIMEOUT))
    if not done.ok:
        raise UsageError(
            f"the key {key} cannot be used: {_said(done)}", mend=f"check signing: key: in the config, and {_PASSWORD}"
        )
    return done.text


def _quiet(program: str, environment: Mapping[str, str], runner: Runner) -> tuple[str, ...]:
    """Keep signatures out of the public log: where cosign takes its services from a config, that has to be declined first."""
    asked = runner(Command(argv=(program, "sign", "--help"), environment=environment))
    new = b"--use-signing-config" in asked.stdout + asked.stderr
    return (*(("--use-signing-config=false",) if new else ()), "--tlog-upload=false")


def _plain(plain: bool) -> tuple[str, ...]:  # noqa: FBT001 - one word of a command line
    # The loopback address needs neither, in any version.
    return ("--allow-http-registry=true",) if plain else ()


def _said(done: Completed) -> str:
    """Find cosign's own reason: it repeats it at the end, behind a phrase of its own."""
    return done.reason.removeprefix("error during command execution: ").removeprefix("Error: ")
