"""Two real engines as two builders: found, used, carried home from, and found dead."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from orchestrator.builders.carry import carry, open_client
from orchestrator.builders.model import Builder
from orchestrator.builders.probe import probe, still_alive
from orchestrator.config.settings import BuilderSettings, Emulation, Settings
from orchestrator.engine.binfmt import ensure_emulation
from orchestrator.engine.elf import PROBE_STATUS, machine_of
from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Platform
from orchestrator.matrix.platforms import normalise
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed, run
from tests.integration.relay import relay
from tests.integration.second_engine import SecondEngine, second_engine
from tests.unit.engine.fakes import Told

REFERENCE = "orchestrator.local/carried:test"
FARM = Settings(builders=(BuilderSettings(name="default"), BuilderSettings(name="second")))
CERTIFICATES = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
ARM64 = Platform.parse("linux/arm64/v8")


@pytest.fixture(scope="module")
def second(engine: Engine) -> Iterator[SecondEngine]:
    """One for this module; the last test kills it."""
    with second_engine(engine) as started:
        yield started
    assert not started.layout.run.exists()
    assert not started.layout.root.exists()


@pytest.fixture(scope="module")
def home(engine: Engine, second: SecondEngine) -> Engine:
    """The first engine, for a docker CLI that knows the second one, too."""
    return replace(engine, environment=second.environment)


@pytest.fixture
def builders(home: Engine) -> tuple[Builder, Builder]:
    """Both, as the config names them."""
    (first, other), dead = probe(FARM, home)
    assert dead == ()
    return first, other


def build(home: Engine, builder: Builder, directory: Path, architecture: str) -> Completed:
    """Build an image that is only a program of that architecture; it would end with a status of its own."""
    machine = machine_of(architecture)
    assert machine is not None
    (directory / "probe").write_bytes(machine.probe)
    (directory / "probe").chmod(0o755)
    (directory / "Dockerfile").write_text('FROM scratch\nCOPY probe /probe\nCMD ["/probe"]\n')
    words = ("--load", "--provenance=false", f"--platform=linux/{architecture}", f"--tag={REFERENCE}", str(directory))
    argv = (home.docker, "buildx", "build", *builder.arguments, *words)
    return run(Command(argv=argv, environment=builder.environment, timeout=120))


def forget(client: docker.DockerClient) -> None:
    with contextlib.suppress(ImageNotFound):
        client.images.remove(REFERENCE, force=True)


def test_without_builders_the_engine_is_the_only_node(engine: Engine) -> None:
    executions = ensure_emulation([ARM64], engine, Places.from_environment(), Told())
    (only,), dead = probe(Settings(), engine, executions=executions)
    assert dead == ()
    assert (only.name, only.node.name, only.home, only.engine_host) == (None, "engine", True, engine.host)
    assert normalise(f"linux/{engine.architecture}") in only.node.native
    assert only.node.runs("linux/arm64/v8")
    assert only.node.slots >= 1
    (never,), _ = probe(Settings(emulation=Emulation.NEVER), engine, executions=executions)
    assert never.node.runs("linux/arm64/v8") == ("linux/arm64/v8" in never.node.native)
    assert still_alive(only, engine)


def test_two_living_builders_are_two_machines(
    home: Engine, second: SecondEngine, builders: tuple[Builder, Builder]
) -> None:
    first, other = builders
    assert [builder.node.name for builder in builders] == ["default", "second"]
    assert (first.home, first.engine_host) == (True, home.host)
    assert (other.home, other.engine_host) == (False, second.host)
    own = normalise(f"linux/{home.architecture}")
    for builder in builders:
        assert (builder.driver, builder.local) == ("docker", home.local)
        assert own in builder.node.native
        # Both run under one kernel, whose emulators the first engine's start has registered.
        assert {"linux/amd64", "linux/arm64/v8"} <= builder.node.native | builder.node.emulated
        assert builder.node.slots >= builder.node.emulated_slots >= 1
        assert still_alive(builder, home)


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_an_image_is_built_in_the_second_engine_and_carried_home(
    home: Engine,
    client: docker.DockerClient,
    builders: tuple[Builder, Builder],
    tmp_path: Path,
    architecture: str,
) -> None:
    forget(client)
    done = build(home, builders[1], tmp_path, architecture)
    assert done.ok, done.stderr.decode()
    with pytest.raises(ImageNotFound):
        client.images.get(REFERENCE)
    try:
        with open_client(builders[1], home) as there:
            built = there.images.get(REFERENCE).id
            assert carry(REFERENCE, there, client) == built
        arrived = client.images.get(REFERENCE)
        assert (arrived.id, arrived.attrs["Architecture"]) == (built, architecture)
        container = client.containers.create(REFERENCE, network_mode="none", platform=f"linux/{architecture}")
        try:
            container.start()
            assert container.wait(timeout=60)["StatusCode"] == PROBE_STATUS
        finally:
            container.remove(force=True)
    finally:
        forget(client)


def test_what_is_not_there_cannot_be_carried(second: SecondEngine, client: docker.DockerClient) -> None:
    with second.client() as there, pytest.raises(EnvironmentFailedError, match="none:such cannot be copied"):
        carry("orchestrator.local/none:such", there, client)


def test_one_engine_under_two_names_counts_once(home: Engine) -> None:
    """A context for the engine at work is not another machine."""
    argv = (home.docker, "context", "create", "again", "--docker", f"host={home.host}")
    assert run(Command(argv=argv, environment=home.environment)).ok
    try:
        settings = Settings(builders=(BuilderSettings(name="default"), BuilderSettings(name="again")))
        living, dead = probe(settings, home)
        assert [builder.name for builder in living] == ["default"]
        assert [str(one) for one in dead] == ["again: the same engine as builder default"]
        (alone,), _ = probe(Settings(builders=(BuilderSettings(name="again"),)), home)
        assert (alone.home, alone.engine_host) == (True, home.host)
    finally:
        run(Command(argv=(home.docker, "context", "rm", "--force", "again"), environment=home.environment))


def test_a_remote_buildkit_behind_tls_is_a_builder_whose_images_come_home(
    home: Engine, second: SecondEngine, client: docker.DockerClient, tmp_path: Path
) -> None:
    """It names its emulated platforms like its own; its machine is unknown, so it works on one cell unless told otherwise."""
    with relay(second.layout.socket, tmp_path / "certificates", buildkit=True) as remote:
        create(home, "far", "--driver", "remote", "--driver-opt", remote.options, remote.address)
        create(home, "stranger", "--driver", "remote", remote.address)  # without the certificates
        try:
            far = BuilderSettings(name="far", platforms=("linux/amd64",), slots=3, emulated_slots=1)
            living, dead = probe(Settings(builders=(far, BuilderSettings(name="stranger"))), home)
            assert [one.name for one in dead] == ["stranger"]
            (builder,) = living
            assert (builder.driver, builder.engine_host, builder.home, builder.local) == ("remote", None, True, False)
            assert "linux/amd64" in builder.node.native
            assert "linux/arm64/v8" in builder.node.emulated
            assert (builder.node.slots, builder.node.emulated_slots) == (3, 1)
            done = build(home, builder, tmp_path, "arm64")
            assert done.ok, done.stderr.decode()
            try:
                assert client.images.get(REFERENCE).attrs["Architecture"] == "arm64"
            finally:
                forget(client)
            (untold,), _ = probe(Settings(builders=(BuilderSettings(name="far"),)), home)
            assert untold.node.slots == 1
        finally:
            for name in ("far", "stranger"):
                run(Command(argv=(home.docker, "buildx", "rm", "--force", name), environment=home.environment))


def test_a_context_behind_tls_is_used_with_its_own_certificates(
    home: Engine, second: SecondEngine, client: docker.DockerClient, tmp_path: Path
) -> None:
    with relay(second.layout.socket, tmp_path / "certificates", buildkit=False) as far:
        files = (f"{name}={far.certificates / file}" for name, file in CERTIFICATES.items())
        endpoint = ",".join([f"host={far.address}", *files])
        run(
            Command(
                argv=(home.docker, "context", "create", "secure", "--docker", endpoint), environment=home.environment
            )
        )
        try:
            (builder,), dead = probe(Settings(builders=(BuilderSettings(name="secure"),)), home)
            assert dead == ()
            assert (builder.driver, builder.engine_host) == ("docker", far.address)
            assert (builder.home, builder.local) == (False, False)
            assert still_alive(builder, home)
            done = build(home, builder, tmp_path, "amd64")
            assert done.ok, done.stderr.decode()
            try:
                with open_client(builder, home) as there:
                    built = there.images.get(REFERENCE).id
                    assert carry(REFERENCE, there, client) == built
            finally:
                forget(client)
        finally:
            run(Command(argv=(home.docker, "context", "rm", "--force", "secure"), environment=home.environment))


def create(home: Engine, name: str, *words: str) -> None:
    done = run(Command(argv=(home.docker, "buildx", "create", "--name", name, *words), environment=home.environment))
    assert done.ok, done.reason


def test_a_builder_that_cannot_be_started_is_idle_until_it_is_wanted(home: Engine) -> None:
    """Its image is nowhere to be had: no registry is asked, as the reference has a host that is none."""
    image = "--driver-opt=image=registry.invalid/buildkit:none"
    create(home, "contained", "--driver", "docker-container", image, home.host)
    settings = Settings(builders=(BuilderSettings(name="contained"),))
    try:
        _, (idle,) = probe(settings, home, boot=False)
        assert (idle.name, idle.idle, idle.reason) == ("contained", True, "node contained0 is inactive")
        _, (failed,) = probe(settings, home)
        assert (failed.name, failed.idle) == ("contained", False)
        assert "registry.invalid" in failed.reason
    finally:
        run(Command(argv=(home.docker, "buildx", "rm", "--force", "contained"), environment=home.environment))


def test_an_engine_that_hangs_is_dead_after_the_time_limit(home: Engine, second: SecondEngine) -> None:
    with second.frozen():
        started = time.monotonic()
        living, dead = probe(FARM, home)
        assert 15 < time.monotonic() - started < 30
        assert [builder.name for builder in living] == ["default"]
        assert [one.name for one in dead] == ["second"]
    living, dead = probe(FARM, home)
    assert ([builder.name for builder in living], dead) == (["default", "second"], ())


def test_a_killed_engine_is_a_dead_builder(
    home: Engine, second: SecondEngine, builders: tuple[Builder, Builder], tmp_path: Path
) -> None:
    """The last test with this engine."""
    second.kill()
    started = time.monotonic()
    living, dead = probe(FARM, home)
    assert time.monotonic() - started < 25
    assert [builder.name for builder in living] == ["default"]
    assert [one.name for one in dead] == ["second"]
    assert "Cannot connect" in dead[0].reason
    assert [still_alive(builder, home) for builder in builders] == [True, False]
    assert not build(home, builders[1], tmp_path, "amd64").ok


def test_a_builder_that_nobody_made_is_dead(home: Engine) -> None:
    living, dead = probe(Settings(builders=(BuilderSettings(name="nobody"),)), home)
    assert living == ()
    assert [str(one) for one in dead] == ['nobody: no builder "nobody" found']
