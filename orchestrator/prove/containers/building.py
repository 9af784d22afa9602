"""`docker build` on an image under proof, as a user of the image does it: a Dockerfile that starts FROM it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import docker
from docker.errors import APIError, ImageNotFound

from orchestrator.build.buildx import BuildRequest, build
from orchestrator.engine.model import Engine
from orchestrator.matrix.model import Cell
from orchestrator.prove.containers.owners import scratch_reference
from orchestrator.prove.model import ProofFailedError
from orchestrator.system.process import Cancellation
from orchestrator.system.scratch import PROOF, scratch


class Builder(Protocol):
    """The seam: builds a Dockerfile on an image, gives the result's reference, and removes it at the end."""

    def __call__(
        self, cell: Cell, image: str, dockerfile: str, files: Mapping[str, bytes], *, seconds: float
    ) -> AbstractContextManager[str]:
        """Build without network, within so many seconds. `{image}` in the Dockerfile is replaced. Raises `ProofFailedError`."""


class BuildxBuilder:
    """Builds with buildx in an engine."""

    def __init__(self, client: docker.DockerClient, engine: Engine, cancellation: Cancellation) -> None:
        self._client = client
        self._engine = engine
        self._cancellation = cancellation

    @contextlib.contextmanager
    def __call__(
        self, cell: Cell, image: str, dockerfile: str, files: Mapping[str, bytes], *, seconds: float
    ) -> Iterator[str]:
        """Build, hand out, remove."""
        base, result = (scratch_reference(cell, word) for word in ("base", "app"))
        with scratch(PROOF) as directory, self._removing(base, result):
            context = directory / "context"
            for path, content in {**files, "Dockerfile": dockerfile.replace("{image}", base).encode()}.items():
                place = context / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            # BuildKit finds an image of the engine by its name only.
            repository, _, tag = base.rpartition(":")
            self._client.images.get(image).tag(repository, tag=tag)
            log = directory / "log"
            built = build(
                BuildRequest(
                    directory=context,
                    platform=str(cell.architecture.platform),
                    contexts={},
                    reference=result,
                    timeout=seconds,
                    log=log,
                    offline=True,
                    fresh=True,
                ),
                docker=self._engine.docker,
                environment=self._engine.environment,
                cancellation=self._cancellation,
                on_step=lambda _: None,
            )
            if built.failure is not None:
                raise ProofFailedError(
                    f"a Dockerfile FROM the image does not build: {built.failure.message}",
                    output=log.read_text(encoding="utf-8", errors="replace"),
                )
            yield result

    @contextlib.contextmanager
    def _removing(self, *references: str) -> Iterator[None]:
        try:
            yield
        finally:
            for reference in references:
                with contextlib.suppress(APIError, ImageNotFound):
                    self._client.images.remove(reference, force=True)
