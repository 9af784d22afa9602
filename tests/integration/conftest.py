"""Integration tests run on the real thing: an engine, a registry, a Debian mirror, pip's index. Nothing is skipped: what is missing fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from orchestrator.engine.connect import engine_for_work
from orchestrator.engine.model import Engine
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import CommandLine
from tests.integration.images import EMULATED, NATIVE, Images, build_all

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine that commands use by themselves; held open, so that it is started once for all tests that want it."""
    with engine_for_work(Places.from_environment(), Silent()) as found:
        yield found


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    """The engine's API."""
    opened = docker.DockerClient(base_url=engine.host, timeout=600)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def orchestrator(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command, with a ledger of its own; the cache (bases, inputs, the engine's) is the user's, as it is expensive to fill."""
    state = tmp_path_factory.mktemp("state")
    return CommandLine(environment={**os.environ, "XDG_STATE_HOME": str(state)}, state=state)


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config that takes no registry for bases."""
    config = tmp_path_factory.mktemp("config") / "orchestrator.yaml"
    config.write_text("bases: bootstrap\n")
    return config


@pytest.fixture(scope="session")
def native_images(
    orchestrator: CommandLine, client: docker.DockerClient, bootstrap: Path, tmp_path_factory: pytest.TempPathFactory
) -> Images:
    """3.9 and 2.7 for amd64, built and proven."""
    assert client.ping()
    return build_all(orchestrator, bootstrap, NATIVE, tmp_path_factory.mktemp("native"))


@pytest.fixture(scope="session")
def emulated_images(
    native_images: Images, orchestrator: CommandLine, bootstrap: Path, tmp_path_factory: pytest.TempPathFactory
) -> Images:
    """3.9 and 2.7 for arm64v8, built and proven, and compared with those for amd64."""
    assert native_images.ok
    return build_all(orchestrator, bootstrap, EMULATED, tmp_path_factory.mktemp("emulated"))
