"""A builder that can work, and one that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.schedule.model import Node

#: Variables by which a docker CLI finds its engine; those of one engine must not reach the calls for another.
_WAYS = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How to reach an engine: `host` is a value for DOCKER_HOST, `certificates` the directory of ca.pem, cert.pem and key.pem.

    `inherited` says that certificates, if any, are those of the caller's own environment.
    """

    host: str
    certificates: Path | None = None
    verify: bool = True
    inherited: bool = False

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The whole environment for calls of this engine, for the docker CLI and for `docker.from_env` alike."""
        if self.inherited:
            return {**base, "DOCKER_HOST": self.host}
        clean = {name: value for name, value in base.items() if name not in _WAYS}
        if self.certificates is None:
            return {**clean, "DOCKER_HOST": self.host}
        secure = {"DOCKER_TLS_VERIFY": "1"} if self.verify else {"DOCKER_TLS": "1"}
        return {**clean, **secure, "DOCKER_HOST": self.host, "DOCKER_CERT_PATH": str(self.certificates)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """A buildx builder that answers; `name` is None for the engine itself, where no builders are configured.

    A build is sent to it by `docker buildx build`, `arguments`, ..., in `environment` (the whole one).

    `engine` is the way to the Docker Engine in which `--load` leaves an image; None for the drivers docker-container, kubernetes and remote,
    whose images come home with `--load`. `home` says that this engine is the one that the program works with, so that nothing has to be
    carried. `local` builders share this host's kernel. The platforms of `node` are normalised (`orchestrator.matrix.platforms`).
    """

    name: str | None
    driver: str
    node: Node
    engine: Access | None
    home: bool
    local: bool
    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def engine_host(self) -> str | None:
        """The DOCKER_HOST value of the engine in which its images land; None where `--load` brings them home."""
        return None if self.engine is None else self.engine.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Dead:
    """A builder (or one node of a builder that has several) that cannot work now, and why.

    `idle` ones were only asked, not started: their driver would start them when they are used.
    """

    name: str
    reason: str
    idle: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"
