"""Everything outside that a run works with, opened once and closed at the end: engine, ledger, places, settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import docker
from docker.errors import DockerException

from orchestrator.build.execution import Execution
from orchestrator.config.settings import Settings
from orchestrator.engine.binfmt import ensure_emulation
from orchestrator.engine.connect import engine_for_work
from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.ledger import Ledger, open_ledger
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.prove.survey.store import Surveys
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The open seams of one run."""

    matrix: Matrix
    settings: Settings
    places: Places
    progress: Progress
    engine: Engine
    client: docker.DockerClient
    ledger: Ledger
    cancellation: Cancellation
    surveys: Surveys = field(default_factory=Surveys)

    def open_client(self) -> docker.DockerClient:
        """Open another connection to the engine, for a thread of its own; whoever asks closes it."""
        return _connect(self.engine)

    def executions(self, cells: Sequence[Cell]) -> dict[str, Execution]:
        """Make the platforms of some cells executable; tells how each runs, by the architecture's name."""
        platforms = {cell.architecture.name: cell.architecture.platform for cell in cells}
        found = ensure_emulation(platforms.values(), self.engine, self.places, self.progress)
        return {
            name: Execution(emulator="" if found[platform].native else str(found[platform].emulator))
            for name, platform in platforms.items()
        }

    def images(self) -> dict[str, str]:
        """Map every reference in the engine to its image id: with containerd's store, the manifest's digest."""
        return {str(tag): str(image.id) for image in self.client.images.list() for tag in image.tags}


@contextlib.contextmanager
def open_workshop(matrix: Matrix, settings: Settings, progress: Progress) -> Iterator[Workshop]:
    """Open everything; an embedded engine that has to be started for this is stopped again at the end."""
    places = Places.from_environment()
    with open_ledger(places.ledger) as ledger, engine_for_work(places, progress) as engine:
        client = _connect(engine)
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
            )


def _connect(engine: Engine) -> docker.DockerClient:
    try:
        return docker.from_env(
            # With the host that was found (perhaps a context's) come the TLS settings of the environment.
            environment={**engine.environment, "DOCKER_HOST": engine.host},
            timeout=600,
            use_ssh_client=engine.host.startswith("ssh://"),
        )
    except DockerException as error:
        raise EnvironmentFailedError(
            f"the engine at {engine.host} does not answer: {error}", mend="run 'orchestrator doctor'"
        ) from error
