"""Pushing and reading back, in two ways: the usual tools first, request by request with a registry that stumbles.

The tools are the Docker SDK, which pushes what is in the engine, and `buildx imagetools`, which makes and reads indexes by digest. They know
best how a registry is reached (the engine's certificates and mirrors), but fail as a whole when one request of theirs does. So after their
first transient failure the registry is spoken to by `registry/distribution.py`, which repeats single requests, for the rest of the run; the
figures behind that are there. The bytes are the engine's (containerd's store gives them out by `docker save`) and so are the digests; no
try builds anything. Where that way is not open (an engine without containerd's store, a registry that only the engine can reach, the
default registry, whose address is the tools' affair) the tools are repeated instead, and go on with the layers that the registry has.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import docker
import httpx
from docker import auth
from docker.errors import APIError, DockerException, ImageNotFound

from orchestrator.errors import CellsFailedError, UnreachableError, UsageError, VerificationError
from orchestrator.registry.archive import saved
from orchestrator.registry.conversation import Conversation, RefusedError, make_client
from orchestrator.registry.credentials import login_for
from orchestrator.registry.distribution import Distribution, Memory
from orchestrator.system.process import Command, Completed, Runner
from orchestrator.system.retrying import Reachability, Retries, TransientError, transient

T = TypeVar("T")
_MEND = "check that the registry runs and that 'docker login' was done for it; then run the same again"


@dataclass(kw_only=True, slots=True)
class _Host:
    """What was learnt of one registry: whether it stumbled, whether it can be spoken to directly, what it has."""

    stumbled: bool = False
    direct: bool | None = None
    memory: Memory = field(default_factory=Memory)
    tokens: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """Registries, reached through the engine and its CLI, or directly; `environment` is that of the CLI's calls.

    `exact` says that the engine knows images by the digest that the registry will give them, as containerd's store does. `retries` holds the
    patience, counts what was repeated and tells of it; `reachability` remembers registries that did not answer at all, and may be shared.
    `http` makes the client for a registry (`HOST[:PORT]`).
    """

    client: docker.DockerClient
    docker: str
    environment: Mapping[str, str]
    run: Runner
    exact: bool = True
    retries: Retries = field(default_factory=Retries)
    reachability: Reachability = field(default_factory=Reachability)
    http: Callable[[str], httpx.Client] = make_client
    _hosts: dict[str, _Host] = field(default_factory=dict, init=False, repr=False)

    def push(self, source: str, target: str) -> str:
        """Push an image of the engine under `target`; returns the manifest's digest as the registry has it.

        Raises `UnreachableError` when the registry refuses or patience ends, `CellsFailedError` when the image is gone.
        """
        registry, name = _split(target)
        # Before anything is done in the engine: it would be in vain.
        self.reachability.check(registry)
        repository, _, tag = target.rpartition(":")
        try:
            image = self.client.images.get(source)
            image.tag(repository, tag=tag)
        except ImageNotFound:
            raise CellsFailedError(
                f"{source} is no longer in the engine", mend="build it again: 'orchestrator build', then publish"
            ) from None
        except DockerException as error:
            raise UsageError(f"{target} cannot be a name for an image: {error}", mend="check --registry") from error

        def direct(distribution: Distribution) -> None:
            distribution.push(lambda: saved(self.client, source), name, str(image.id))

        try:
            self._patiently(
                registry,
                f"{target} cannot be pushed",
                lambda: self._push_once(repository, tag),
                direct if self.exact else None,
            )
        finally:
            # The name was needed for pushing only; the image keeps its others.
            with contextlib.suppress(APIError):
                self.client.images.remove(target, noprune=True)
        return self.digest(target)

    def index(self, target: str, members: Sequence[str]) -> str:
        """Join manifests (references by digest in the same registry) in an index under `target`; returns its digest. Raises like `push`."""
        registry, name = _split(target)
        parts = [_by_digest(member) for member in members]
        self._patiently(
            registry,
            f"the index {target} cannot be made",
            lambda: self._imagetools("create", f"--tag={target}", *members, timeout=300),
            lambda distribution: distribution.index(name, parts),
        )
        return self.digest(target)

    def digest(self, reference: str) -> str:
        """Ask the registry what a reference points at. Raises `UnreachableError`."""
        return self._manifest(reference)[0]

    def platforms(self, reference: str) -> dict[str, str]:
        """Read an index: platform to digest, without attestations (they are entries for unknown/unknown). Raises `UnreachableError`."""
        found: dict[str, str] = {}
        for entry in self._manifest(reference)[1].get("manifests") or ():
            platform = entry.get("platform") or {}
            name = "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))
            if "unknown" not in name:
                found[name] = str(entry["digest"])
        return found

    def _manifest(self, reference: str) -> tuple[str, dict[str, Any]]:
        registry, name = _split(reference)

        def tool() -> tuple[str, dict[str, Any]]:
            seen = self._imagetools("inspect", "--format={{json .Manifest}}", reference, timeout=60)
            content: dict[str, Any] = json.loads(seen.stdout)
            return str(content["digest"]), content

        def direct(distribution: Distribution) -> tuple[str, dict[str, Any]]:
            repository, digest = _by_digest(reference) if "@" in name else (name.rpartition(":")[0], "")
            manifest = distribution.manifest(repository, digest or name.rpartition(":")[2])
            return manifest.digest, manifest.content

        return self._patiently(registry, f"{reference} cannot be read back", tool, direct)

    def _patiently(
        self, registry: str, trouble: str, tool: Callable[[], T], direct: Callable[[Distribution], T] | None
    ) -> T:
        """Do something with the tool, and after its first transient failure directly where that is possible."""
        self.reachability.check(registry)
        host = self._hosts.setdefault(registry, _Host())

        def work() -> T:
            if direct is not None and host.stumbled and self._is_open(registry, host):
                with self._distribution(registry, host) as distribution:
                    try:
                        return direct(distribution)
                    except TransientError as error:
                        # Each request had all the patience that there is.
                        raise _ExhaustedError from error
            try:
                return tool()
            except TransientError as error:
                host.stumbled = host.stumbled or error.connected
                raise

        try:
            return self.retries.repeat(trouble, work)
        except RefusedError as error:
            raise UnreachableError(f"{trouble}: {error}", mend=_MEND) from error
        except (_ExhaustedError, TransientError) as error:
            last = error.__cause__ if isinstance(error, _ExhaustedError) else error
            if isinstance(last, TransientError) and not last.connected:
                self.reachability.down(registry, last.reason)
            raise UnreachableError(f"{trouble}: {last}", mend=_MEND) from error

    def _is_open(self, registry: str, host: _Host) -> bool:
        if host.direct is None:
            with self.http(registry) as client:
                host.direct = registry != auth.INDEX_NAME and Conversation(registry=registry, client=client).answers()
        return host.direct

    @contextlib.contextmanager
    def _distribution(self, registry: str, host: _Host) -> Iterator[Distribution]:
        with self.http(registry) as client:
            conversation = Conversation(
                registry=registry,
                client=client,
                login=lambda: login_for(registry, self.environment),
                tokens=host.tokens,
            )
            yield Distribution(conversation=conversation, retries=self.retries, memory=host.memory)

    def _imagetools(self, *words: str, timeout: float) -> Completed:
        ended = self.run(
            Command(argv=(self.docker, "buildx", "imagetools", *words), environment=self.environment, timeout=timeout)
        )
        if ended.timed_out:
            raise TransientError(ended.reason)
        if not ended.ok:
            raise transient(ended.reason) or RefusedError(ended.reason)
        return ended

    def _push_once(self, repository: str, tag: str) -> None:
        try:
            for line in self.client.images.push(repository, tag=tag, stream=True, decode=True):
                if "error" in line:
                    said = str(line["error"])
                    raise transient(said) or RefusedError(said)
        except APIError as error:
            said = str(error.explanation or error)
            raise transient(said) or RefusedError(said) from error
        except DockerException as error:
            raise transient(str(error)) or RefusedError(str(error)) from error


class _ExhaustedError(Exception):
    """Patience ended within one way; its cause is the last failure."""


def _split(reference: str) -> tuple[str, str]:
    """Split `HOST[:PORT]/REPOSITORY:TAG` into registry and the rest."""
    registry, name = auth.resolve_repository_name(reference)
    return registry, name


def _by_digest(reference: str) -> tuple[str, str]:
    """Split `HOST[:PORT]/REPOSITORY[:TAG]@DIGEST` into repository and digest."""
    name, _, digest = _split(reference)[1].partition("@")
    return name.partition(":")[0], digest


def verify(expected: str, seen: str, reference: str) -> None:
    """Refuse a registry that has something else than what was pushed."""
    if expected and seen != expected:
        raise VerificationError(
            f"{reference} points at {seen} after pushing {expected}",
            mend="somebody else pushes there, or the registry rewrites manifests: find out before going on",
        )
