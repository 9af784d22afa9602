"""The embedded engine for real: fetched from the host's mirror, started, used, killed, stopped. Needs Linux, root and apt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engine import connect, embedded, leftovers, network
from orchestrator.engine.binfmt import ensure_emulation, execution_for
from orchestrator.engine.elf import machine_of
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine
from orchestrator.engine.packages import current_tree
from orchestrator.engine.registrations import KernelTable
from orchestrator.matrix.model import Platform
from orchestrator.system.places import Places
from orchestrator.system.process import Command, run
from tests.unit.engine.fakes import Told

ARM64 = Platform.parse("linux/arm64/v8")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Nobody's engine is set up, so that the embedded one is what is found."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")} | {
        "DOCKER_HOST": ""  # an empty value means the default socket
    }


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """One engine for this module; its packages are fetched once."""
    root = tmp_path_factory.mktemp("xdg")
    made = Places(cache=root / "cache", state=root / "state")
    yield made
    connect.stop_kept(made, Told(), force=True, purge=True)
    assert {path.name for path in made.engine.iterdir()} <= {"lock", "users"}


@pytest.fixture
def clean(places: Places) -> Iterator[Layout]:
    """Compare the host before and after a test: kernel table, network, mounts, processes, sockets."""
    layout = Layout.of(places)
    before = traces(layout)
    yield layout
    assert traces(layout) == before
    assert not layout.run.exists()


def traces(layout: Layout) -> dict[str, object]:
    tree = current_tree(layout)
    rules: object = None
    if tree is not None:
        rules = {tool: sorted(lines) for tool, lines in network.snapshot(tree.environment(os.environ)).rules.items()}
    return {
        "emulators": KernelTable().entries(),
        "devices": sorted(
            device.name for device in Path("/sys/class/net").iterdir() if not device.name.startswith("veth")
        ),
        "mounts": leftovers.mounts_below([layout.root, layout.run]),
        "processes": leftovers.engine_processes(layout.trees) + leftovers.container_processes(layout.data),
        # Docker's own chains are the other engine's business while there is one; ours must be gone.
        "rules": rules,
    }


@pytest.fixture(scope="module", autouse=True)
def _unpacked(places: Places, environment: dict[str, str]) -> None:
    """Fetch once, so that every test's own before and after are comparable."""
    with connect.engine_for_work(places, Told(), environment=environment):
        pass


def docker(engine: Engine, *words: str, stdin: bytes | None = None) -> str:
    done = run(Command(argv=(engine.docker, *words), environment=engine.environment, timeout=60, stdin=stdin))
    assert done.ok, done.reason
    return done.text


def probe_image(engine: Engine, directory: Path, architecture: str) -> subprocess.CompletedProcess[bytes] | str:
    """Build an image whose only step runs a program of that architecture; it ends with status 42 by design."""
    machine = machine_of(architecture)
    assert machine is not None
    directory.mkdir()
    (directory / "probe").write_bytes(machine.probe)
    (directory / "probe").chmod(0o755)
    (directory / "Dockerfile").write_text('FROM scratch\nCOPY probe /probe\nRUN ["/probe"]\n')
    argv = (engine.docker, "buildx", "build", "--progress=plain", "--platform", f"linux/{architecture}", str(directory))
    return run(Command(argv=argv, environment=engine.environment, timeout=60)).stderr.decode()


def test_an_engine_for_work_works_and_leaves_no_trace(
    places: Places, environment: dict[str, str], clean: Layout, tmp_path: Path
) -> None:
    told = Told()
    with connect.engine_for_work(places, told, environment=environment) as engine:
        assert engine.embedded
        assert engine.local
        assert engine.containerd_store
        assert docker(engine, "version", "--format", "{{.Server.Version}}") == engine.version
        assert int(engine.version.split(".")[0]) >= 25
        assert tuple(map(int, engine.buildx_version.split(".")[:2])) >= (0, 13)
        assert network.bridge_exists(clean.bridge)
        done = ensure_emulation([ARM64], engine, places, told)
        assert done[ARM64] == execution_for(ARM64, engine)
        for architecture in ("amd64", "arm64", "arm", "s390x"):
            assert "exit code: 42" in str(probe_image(engine, tmp_path / architecture, architecture))
    assert not clean.socket.exists()
    assert len([note for note in told.notes if "starting the embedded" in note]) == 1


def test_two_users_share_one_engine(places: Places, environment: dict[str, str], clean: Layout) -> None:
    pids, together = [], threading.Barrier(2, timeout=60)

    def work() -> None:
        with connect.engine_for_work(places, Told(), environment=environment) as engine:
            together.wait()
            state = embedded.running(clean)
            assert state is not None
            pids.append(state.pid)
            docker(engine, "info")
            together.wait()
        # Whoever leaves first must not have stopped it under the other's hands: `docker info` above would have failed.

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=90)
    assert len(pids) == 2
    assert len(set(pids)) == 1


def test_after_kill_9_everything_is_found_and_cleaned(
    places: Places, environment: dict[str, str], clean: Layout
) -> None:
    connect.start_to_keep(places, Told())
    engine, _ = connect.find_engine(places, environment=environment)
    assert engine is not None
    first = embedded.running(clean)
    assert first is not None
    docker(engine, "import", "-", "endless", stdin=_archive_of_a_sleeper())
    docker(engine, "run", "--detach", "--network=none", "endless", "/sleeper")
    assert leftovers.container_processes(clean.data)
    os.kill(first.pid, signal.SIGKILL)
    leftovers.end(lambda: [first.pid] if leftovers.alive(first.pid, program=Path(first.program)) else [], grace=5)
    assert embedded.running(clean) is None
    assert leftovers.container_processes(clean.data), "the container outlives its engine"

    connect.start_to_keep(places, Told())
    second = embedded.running(clean)
    assert second is not None
    assert second.pid != first.pid
    assert not leftovers.container_processes(clean.data)
    assert connect.stop_kept(places, Told()) == (True, 0)
    assert connect.stop_kept(places, Told()) == (False, 0)


def test_the_command_line(places: Places, environment: dict[str, str], clean: Layout) -> None:
    env = {**environment, "XDG_CACHE_HOME": str(places.cache), "XDG_STATE_HOME": str(places.state)}
    del env["DOCKER_HOST"]

    def orchestrator(*words: str) -> str:
        done = run(Command(argv=(sys.executable, "-m", "orchestrator", *words), environment=env, timeout=120))
        assert done.ok, done.stderr.decode()
        return done.text

    assert '"running": false' in orchestrator("engine", "status", "--json")
    assert '"checks"' in orchestrator("doctor", "--json")
    assert '"running": false' in orchestrator("engine", "status", "--json"), "doctor starts nothing"
    assert clean.root == places.engine.resolve()


def _archive_of_a_sleeper() -> bytes:
    """A root file system of one static program that sleeps for ever: `pause; jmp` in amd64 or arm64 machine code."""
    import io  # noqa: PLC0415 - used here only
    import tarfile  # noqa: PLC0415 - used here only
    from dataclasses import replace  # noqa: PLC0415 - used here only

    machine = machine_of(embedded.native_architecture())
    assert machine is not None
    code = {
        "amd64": bytes.fromhex("b822000000 0f05 ebf7"),  # mov eax,34 (pause); syscall; jmp back
        # mov x8,#73 (ppoll); mov x0..x3,#0; svc #0; b back: polling nothing without a limit
        "arm64": bytes.fromhex("280980d2 000080d2 010080d2 020080d2 030080d2 010000d4 fbffff17"),
    }[machine.architecture]
    program = replace(machine, code=code).probe
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("sleeper")
        member.size, member.mode = len(program), 0o755
        archive.addfile(member, io.BytesIO(program))
    return out.getvalue()
