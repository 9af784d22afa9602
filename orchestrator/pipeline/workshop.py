"""Everything outside that a run works with, opened once and closed at the end: engine, ledger, places, settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import docker

from orchestrator.build.execution import Execution
from orchestrator.config.settings import Settings
from orchestrator.engine.binfmt import ensure_emulation
from orchestrator.engine.connect import engine_for_work
from orchestrator.engine.connection import connect
from orchestrator.engine.model import Engine
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.pipeline.lock import run_lock
from orchestrator.prove.survey.store import Surveys
from orchestrator.system.owners import VARIABLE, owner
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The open seams of one run. `lock` is the open file of its lock, None where it need not be alone."""

    matrix: Matrix
    settings: Settings
    places: Places
    progress: Progress
    engine: Engine
    client: docker.DockerClient
    ledger: Ledger
    cancellation: Cancellation
    surveys: Surveys = field(default_factory=Surveys)
    lock: int | None = None

    def open_client(self) -> docker.DockerClient:
        """Open another connection to the engine, for a thread of its own; whoever asks closes it."""
        return connect(self.engine)

    def executions(self, cells: Sequence[Cell]) -> dict[str, Execution]:
        """Make the platforms of some cells executable in the engine; tells how each runs, by the architecture's name."""
        platforms = {cell.architecture.name: cell.architecture.platform for cell in cells}
        found = ensure_emulation(platforms.values(), self.engine, self.places, self.progress)
        return {
            name: Execution(emulator="" if found[platform].native else str(found[platform].emulator))
            for name, platform in platforms.items()
        }

    def images(self) -> dict[str, str]:
        """Map every reference in the engine to its image id (with containerd's store, the manifest's digest); on a connection of its own."""
        with contextlib.closing(self.open_client()) as client:
            return images_in(client)


def images_in(client: docker.DockerClient) -> dict[str, str]:
    """Map every reference in an engine to its image id."""
    # Not `images.list()`, which asks for each image once more.
    listed: list[dict[str, Any]] = client.api.images()
    return {str(tag): str(image["Id"]) for image in listed for tag in image.get("RepoTags") or ()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """What a run is called that may not go on beside another one, and whether it waits for that."""

    command: str
    wait: bool = True


@contextlib.contextmanager
def open_workshop(
    matrix: Matrix, settings: Settings, progress: Progress, *, alone: Alone | None = None
) -> Iterator[Workshop]:
    """Open everything; an embedded engine that has to be started for this is stopped again at the end.

    With `alone`, no other such run is alive meanwhile. Raises `EnvironmentFailedError` when one is and is not waited for.
    """
    places = Places.from_environment()
    lock: contextlib.AbstractContextManager[int | None] = contextlib.nullcontext()
    if alone:
        lock = run_lock(places, progress, command=alone.command, wait=alone.wait)
    with lock as held, open_ledger(places.ledger) as ledger, engine_for_work(places, progress) as found:
        # Whatever is started for this engine says whose it is: after a kill -9 the next run ends it.
        engine = replace(found, environment={**found.environment, VARIABLE: owner()})
        client = connect(engine)
        with contextlib.closing(client):
            yield Workshop(
                matrix=matrix,
                settings=settings,
                places=places,
                progress=progress,
                engine=engine,
                client=client,
                ledger=ledger,
                cancellation=Cancellation(),
                lock=held,
            )
