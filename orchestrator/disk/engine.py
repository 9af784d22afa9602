"""The engine's side of the disk: opened where there is an engine, or an embedded one that holds data; never made for this."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import docker

from orchestrator.disk.cache import Caches
from orchestrator.engine.connect import engine_for_work, find_engine, ordered_engine
from orchestrator.engine.connection import connect
from orchestrator.engine.layout import Layout
from orchestrator.engine.packages import current_tree
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.places import Places
from orchestrator.system.process import Runner, run
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSide:
    """An engine's images, and the caches of builders, by name; the engine's own builder needs no name here."""

    client: docker.DockerClient
    caches: Caches
    builders: tuple[str, ...] = ()


@contextlib.contextmanager
def open_side(
    places: Places, builders: Sequence[str], progress: Progress, *, runner: Runner = run
) -> Iterator[EngineSide | None]:
    """Open the engine that runs use; None where there is none, and so nothing of ours in it.

    An embedded engine that does not run, but holds data, is started and stopped again. Raises `EnvironmentFailedError` where an engine
    is there but cannot be used.
    """
    layout = Layout.of(places)
    found, refusals = find_engine(places, runner=runner)
    if found is None:
        ordered = ordered_engine(os.environ, layout)
        if ordered is not None:
            raise EnvironmentFailedError(
                "; ".join(map(str, refusals)), mend="start that engine, or unset that variable"
            )
        if current_tree(layout) is None or not layout.data.is_dir():
            yield None
            return
    with engine_for_work(places, progress, runner=runner) as engine, contextlib.closing(connect(engine)) as client:
        caches = Caches(docker=engine.docker, environment=engine.environment, runner=runner)
        yield EngineSide(client=client, caches=caches, builders=tuple(builders))
