"""How tests build on the real engine what no cell is: a request at a time, told to nobody."""

from __future__ import annotations

import functools

from orchestrator.acceleration.making import Build
from orchestrator.build.buildx import build
from orchestrator.engine.model import Engine
from orchestrator.system.process import Cancellation


def builder(engine: Engine) -> Build:
    """Give a build on an engine that nothing cancels."""
    return functools.partial(
        build,
        docker=engine.docker,
        environment=engine.environment,
        cancellation=Cancellation(),
        on_step=lambda _: None,
    )
