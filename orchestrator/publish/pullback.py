"""Reading back as a user would: pull a tag for a platform, and run it."""

from __future__ import annotations

import contextlib

import docker
from docker.errors import APIError, DockerException

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.matrix.model import Platform

_PROGRAM = "import platform; print(platform.machine())"


def pull_and_run(client: docker.DockerClient, reference: str, platform: Platform) -> str:
    """Pull `reference` for a platform, run Python in it without network, return what `platform.machine()` says; the tag is dropped again.

    Raises `UnreachableError` when it cannot be pulled, `VerificationError` when it does not run.
    """
    repository, _, tag = reference.rpartition(":")
    try:
        image = client.images.pull(repository, tag=tag, platform=str(platform))
    except (APIError, DockerException) as error:
        raise UnreachableError(
            f"{reference} cannot be pulled for {platform}: {error}", mend="publish it again"
        ) from error
    try:
        output: bytes = client.containers.run(
            reference, ["python", "-c", _PROGRAM], platform=str(platform), network_mode="none", remove=True
        )
    except (APIError, DockerException) as error:
        raise VerificationError(
            f"{reference} ({image.id}) does not run on {platform}: {error}",
            mend="run 'orchestrator doctor', then publish again",
        ) from error
    finally:
        with contextlib.suppress(APIError):
            client.images.remove(reference)
    return output.decode("utf-8", "replace").strip()
