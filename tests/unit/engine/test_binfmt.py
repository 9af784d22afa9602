from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.binfmt import ensure_emulation, execution_for
from orchestrator.engine.elf import machine_of
from orchestrator.engine.model import Engine
from orchestrator.engine.registrations import Registration
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Platform
from orchestrator.system.places import Places
from tests.unit.engine.fakes import FakeRunner, FakeTable, Told

ENGINE = Engine(
    host="unix:///run/x.sock",
    docker="/bin/docker",
    environment={},
    embedded=False,
    version="26.1.5",
    api="1.45",
    buildx_version="0.13.1",
    containerd_store=True,
    architecture="amd64",
    local=True,
    platforms=("linux/amd64", "linux/arm64"),
    data_root="/d",
)
AMD64, ARM64, I386, S390X = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64/v8", "386", "s390x"))


def entry(flags: str = "PF") -> Registration:
    machine = machine_of("arm64")
    assert machine is not None
    return Registration(
        name="qemu-aarch64", interpreter="/far/qemu", flags=flags, magic=machine.magic, mask=machine.mask
    )


def test_the_engines_own_architecture_is_native_and_nothing_is_asked() -> None:
    for platform in (AMD64, I386):
        execution = execution_for(platform, ENGINE, table=FakeTable(cpu=set()), runner=FakeRunner({}))
        assert execution is not None
        assert execution.native
        assert str(execution) == "native"


def test_a_working_emulator_is_named() -> None:
    execution = execution_for(ARM64, ENGINE, table=FakeTable(present=[entry()]), runner=FakeRunner({}))
    assert execution is not None
    assert not execution.native
    assert execution.emulator is not None
    assert (execution.emulator.interpreter, execution.emulator.flags) == (Path("/far/qemu"), "PF")


@pytest.mark.parametrize(
    "table",
    [FakeTable(), FakeTable(present=[entry("P")]), FakeTable(present=[entry()], broken={"/far/qemu"})],
    ids=["none", "without F", "broken"],
)
def test_without_a_working_fixed_emulator_nothing_runs(table: FakeTable) -> None:
    assert execution_for(ARM64, ENGINE, table=table, runner=FakeRunner({})) is None


def test_a_cpu_that_does_it_by_itself_is_native() -> None:
    execution = execution_for(
        Platform.parse("linux/arm/v7"), replace(ENGINE, architecture="arm64"), table=FakeTable(cpu={"arm64", "arm"})
    )
    assert execution is not None
    assert execution.native


def test_an_engine_elsewhere_is_taken_at_its_word() -> None:
    remote = replace(ENGINE, local=False)
    table = FakeTable(present=[entry()])
    execution = execution_for(ARM64, remote, table=table)
    assert execution is not None
    assert execution.emulator is not None
    assert execution.emulator.version == "unknown"
    assert execution_for(S390X, remote, table=table) is None
    with pytest.raises(EnvironmentFailedError, match="its kernel is not this host's"):
        ensure_emulation([S390X], remote, Places(cache=Path("/c"), state=Path("/s")), Told(), table=table)


def test_an_unknown_architecture_has_no_emulator(tmp_path: Path) -> None:
    assert execution_for(Platform.parse("linux/vax"), ENGINE, table=FakeTable()) is None
    with pytest.raises(EnvironmentFailedError, match="no emulator is known for linux/vax"):
        ensure_emulation(
            [Platform.parse("linux/vax")], ENGINE, Places(cache=tmp_path, state=tmp_path), Told(), table=FakeTable()
        )


def test_nothing_is_registered_when_all_run(tmp_path: Path) -> None:
    table = FakeTable(present=[entry()])
    done = ensure_emulation(
        [AMD64, ARM64, ARM64],
        ENGINE,
        Places(cache=tmp_path, state=tmp_path),
        Told(),
        table=table,
        runner=FakeRunner({}),
    )
    assert {str(platform): execution.native for platform, execution in done.items()} == {
        "linux/amd64": True,
        "linux/arm64/v8": False,
    }
    assert table.log == []
    assert list(tmp_path.iterdir()) == []
