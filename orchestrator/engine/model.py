"""A Docker Engine that can do the work, in the words of its callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A reachable engine, and how to call it.

    `host` is a value for DOCKER_HOST; `docker` the path of the CLI; `environment` the whole environment for calls of it. `version`, `api`
    and `buildx_version` are as reported (`26.1.5+dfsg1`, `1.45`, `0.13.1`); `containerd_store` says that images are kept by containerd
    (multi-platform indexes); `architecture` is the engine's own, by its OCI name. `local` engines share this host's kernel, and so its
    emulators. `platforms` are those that its BuildKit claims, the native one first.
    """

    host: str
    docker: str
    environment: Mapping[str, str]
    embedded: bool
    version: str
    api: str
    buildx_version: str
    containerd_store: bool
    architecture: str
    local: bool
    platforms: tuple[str, ...]
    data_root: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why an engine that was looked at cannot be used; `engine` says which one was meant."""

    engine: str
    reason: str

    def __str__(self) -> str:
        return f"{self.engine}: {self.reason}"
