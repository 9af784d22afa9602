"""Pushing and reading back: the Docker SDK pushes what is in the engine, `buildx imagetools` makes and reads indexes by digest."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from orchestrator.errors import CellsFailedError, UnreachableError, UsageError, VerificationError
from orchestrator.system.process import Command, Runner

_ATTEMPTS = 4


class _TransientError(Exception):
    """Worth another try: the push is, the build behind it is not touched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """A registry, reached through the engine and its CLI; `environment` is that of the CLI's calls.

    `exact` says that the engine knows images by the digest that the registry will give them, as containerd's store does.
    """

    client: docker.DockerClient
    docker: str
    environment: Mapping[str, str]
    run: Runner
    exact: bool = True

    def push(self, source: str, target: str) -> str:
        """Push an image of the engine under `target`; returns the manifest's digest as the registry has it."""
        repository, _, tag = target.rpartition(":")
        try:
            self.client.images.get(source).tag(repository, tag=tag)
        except ImageNotFound:
            raise CellsFailedError(
                f"{source} is no longer in the engine", mend="build it again: 'orchestrator build', then publish"
            ) from None
        except DockerException as error:
            raise UsageError(f"{target} cannot be a name for an image: {error}", mend="check --registry") from error
        try:
            self._push_patiently(target, repository, tag)
        finally:
            # The name was needed for pushing only; the image keeps its others.
            with contextlib.suppress(APIError):
                self.client.images.remove(target, noprune=True)
        return self.digest(target)

    def _push_patiently(self, target: str, repository: str, tag: str) -> None:
        for attempt in Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.5, max=10),
            retry=retry_if_exception_type(_TransientError),
            reraise=True,
        ):
            with attempt:
                try:
                    self._push_once(repository, tag)
                except _TransientError as error:
                    if attempt.retry_state.attempt_number == _ATTEMPTS:
                        raise UnreachableError(
                            f"{target} cannot be pushed: {error}",
                            mend="check that the registry runs and that 'docker login' was done for it; then run the same again",
                        ) from error
                    raise

    def index(self, target: str, members: Sequence[str]) -> str:
        """Join manifests (references by digest) in an index under `target`; returns its digest."""
        made = self.run(
            Command(
                argv=(self.docker, "buildx", "imagetools", "create", f"--tag={target}", *members),
                environment=self.environment,
                timeout=300,
            )
        )
        if not made.ok:
            raise UnreachableError(
                f"the index {target} cannot be made: {made.reason}", mend="check the registry, then run the same again"
            )
        return self.digest(target)

    def digest(self, reference: str) -> str:
        """Ask the registry what a reference points at."""
        manifest = self._inspect(reference, "{{json .Manifest}}")
        return str(manifest["digest"])

    def platforms(self, reference: str) -> dict[str, str]:
        """Read an index: platform to digest, without attestations (they are entries for unknown/unknown)."""
        manifest = self._inspect(reference, "{{json .Manifest}}")
        found: dict[str, str] = {}
        for entry in manifest.get("manifests") or ():
            platform = entry.get("platform") or {}
            name = "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))
            if "unknown" not in name:
                found[name] = str(entry["digest"])
        return found

    def _inspect(self, reference: str, form: str) -> dict[str, Any]:
        seen = self.run(
            Command(
                argv=(self.docker, "buildx", "imagetools", "inspect", f"--format={form}", reference),
                environment=self.environment,
                timeout=60,
            )
        )
        if not seen.ok:
            raise UnreachableError(f"{reference} cannot be read back: {seen.reason}", mend="check the registry")
        value: dict[str, Any] = json.loads(seen.stdout)
        return value

    def _push_once(self, repository: str, tag: str) -> None:
        try:
            for line in self.client.images.push(repository, tag=tag, stream=True, decode=True):
                if "error" in line:
                    raise _TransientError(str(line["error"]))
        except (APIError, DockerException) as error:
            raise _TransientError(str(error)) from error


def verify(expected: str, seen: str, reference: str) -> None:
    """Refuse a registry that has something else than what was pushed."""
    if expected and seen != expected:
        raise VerificationError(
            f"{reference} points at {seen} after pushing {expected}",
            mend="somebody else pushes there, or the registry rewrites manifests: find out before going on",
        )
