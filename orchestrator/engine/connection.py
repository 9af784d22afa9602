"""A connection to an engine's API, with the TLS settings and the address that its CLI would use."""

from __future__ import annotations

import docker
from docker.errors import DockerException

from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError

#: Seconds without a byte after which a call has failed: loading a large image says nothing for long.
_SILENCE = 600


def connect(engine: Engine) -> docker.DockerClient:
    """Open a connection; whoever asks closes it. Raises `EnvironmentFailedError` when the engine does not answer."""
    try:
        return docker.from_env(
            # With the host that was found (perhaps a context's) come the TLS settings of the environment.
            environment={**engine.environment, "DOCKER_HOST": engine.host},
            timeout=_SILENCE,
            use_ssh_client=engine.host.startswith("ssh://"),
        )
    except DockerException as error:
        raise EnvironmentFailedError(
            f"the engine at {engine.host} does not answer: {error}", mend="run 'orchestrator doctor'"
        ) from error
