"""Contents of files of two images, read through containers that are never started."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import docker

from benchmarks.acceleration.comparing import Contents


@contextlib.contextmanager
def contents(client: docker.DockerClient, platform: str, one: str, other: str) -> Iterator[Contents]:
    """Open two images by reference; they may be asked for contents until the end. A symlink is not followed."""
    with contextlib.ExitStack() as stack:
        containers = []
        for reference in (one, other):
            container = client.containers.create(reference, command=["true"], platform=platform, network_mode="none")
            stack.callback(container.remove, force=True)
            containers.append(container)

        first, second = containers
        yield lambda path: (_read(first, path), _read(second, path))


def _read(container: Any, path: str) -> bytes:
    stream, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        member = archive.extractfile(archive.next() or path)
        return b"" if member is None else member.read()
