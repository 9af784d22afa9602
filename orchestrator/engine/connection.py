"""A connection to an engine's API, with the TLS settings and the address that its CLI would use."""

from __future__ import annotations

import docker
from docker.errors import DockerException
from docker.utils.config import find_config_file

from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError, UsageError

#: Seconds without a byte after which a call has failed: loading a large image says nothing for long.
_SILENCE = 600


def connect(engine: Engine) -> docker.DockerClient:
    """Open a connection; whoever asks closes it.

    Raises `EnvironmentFailedError` when the engine does not answer, `UsageError` when the SDK, which reads all logins on the way, cannot read them.
    """
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
    except (ValueError, TypeError, AttributeError):
        # Not the error's own words, nor it itself: they may quote a login.
        raise UsageError(
            f"{str(find_config_file() or '') or 'the config.json of docker'} holds an entry that is damaged",
            mend="run 'docker login' again for the registries in it, or remove the entry",
        ) from None
