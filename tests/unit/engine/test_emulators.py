from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.engine import emulators
from orchestrator.engine.elf import MACHINES, PROBE_STATUS, machine_of
from orchestrator.engine.packages import Tree
from orchestrator.engine.registrations import KernelTable, Registration, parse
from orchestrator.errors import EnvironmentFailedError
from tests.unit.engine.fakes import FakeRunner, FakeTable, Told

ARM64 = machine_of("arm64")
assert ARM64 is not None
S390X = machine_of("s390x")
assert S390X is not None


def entry(interpreter: str, *, name: str = "qemu-aarch64", flags: str = "PF") -> Registration:
    assert ARM64 is not None
    return Registration(name=name, interpreter=interpreter, flags=flags, magic=ARM64.magic, mask=ARM64.mask)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(path=tmp_path / "trees" / "key", multiarch="x86_64-linux-gnu", versions={})


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "emulators.json"


def test_magic_and_mask_are_those_that_the_kernels_documentation_and_debian_use() -> None:
    assert ARM64 is not None
    assert S390X is not None
    assert ARM64.magic.hex() == "7f454c460201010000000000000000000200b700"
    assert ARM64.mask.hex() == "ffffffffffffff00fffffffffffffffffeffffff"
    assert S390X.magic.hex() == "7f454c4602020100000000000000000000020016"
    assert S390X.mask.hex() == "ffffffffffffff00fffffffffffffffffffeffff"


def test_each_probe_is_claimed_by_its_own_machine_only() -> None:
    for machine in MACHINES:
        mine = Registration(name="x", interpreter="/q", flags="F", magic=machine.magic, mask=machine.mask)
        assert [other.architecture for other in MACHINES if mine.runs(other)] == [machine.architecture]


def test_a_position_independent_executable_is_claimed_too() -> None:
    assert ARM64 is not None
    kind = ARM64.magic[16] ^ 3  # 2 (fixed) and 3 (position independent) differ in a bit that the mask leaves out
    assert kind & ARM64.mask[16] == 0


def test_the_kernels_text_is_read_back_into_the_same_entry() -> None:
    assert ARM64 is not None
    text = f"enabled\ninterpreter /a b/qemu\nflags: PF\noffset 0\nmagic {ARM64.magic.hex()}\nmask {ARM64.mask.hex()}\n"
    assert parse("qemu-aarch64", text) == entry("/a b/qemu")
    disabled = parse("qemu-aarch64", text.replace("enabled", "disabled"))
    assert disabled is not None
    assert not disabled.runs(ARM64)
    assert parse("java", "enabled\ninterpreter /j\nflags: \nextension .jar\n") is None


def test_the_registering_line_chooses_a_delimiter_that_the_path_does_not_contain() -> None:
    line = entry("/odd:path/qemu").line
    assert line.startswith(b"|qemu-aarch64|M|0|\\x7f\\x45\\x4c\\x46\\x02")
    assert line.endswith(b"|/odd:path/qemu|PF")


def test_the_kernels_table_is_files(tmp_path: Path) -> None:
    assert ARM64 is not None
    table = KernelTable(directory=tmp_path, runner=FakeRunner({"/arm64": (PROBE_STATUS, ""), "/s390x": (1, "")}))
    assert not table.mounted()
    assert table.entries() == []
    (tmp_path / "register").touch()
    (tmp_path / "status").write_text("enabled\n")
    table.add(entry("/q"))
    assert (tmp_path / "register").read_bytes() == entry("/q").line
    (tmp_path / "qemu-aarch64").write_text(
        f"enabled\ninterpreter /q\nflags: PF\noffset 0\nmagic {ARM64.magic.hex()}\nmask {ARM64.mask.hex()}\n"
    )
    assert table.entries() == [entry("/q")]
    table.remove("qemu-aarch64")
    assert (tmp_path / "qemu-aarch64").read_bytes().startswith(b"-1")
    table.remove("never-there")
    assert S390X is not None
    assert table.executes(ARM64)
    assert not table.executes(S390X)


def test_what_works_is_respected(tree: Tree, memory: Path) -> None:
    assert ARM64 is not None
    table = FakeTable(present=[entry("/somebody/qemu", name="their-name")])
    assert emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=Told()) == []
    assert table.log == []
    assert not memory.exists()


def test_the_cpus_own_programs_need_no_emulator(tree: Tree, memory: Path) -> None:
    i386 = machine_of("386")
    assert i386 is not None
    table = FakeTable()
    assert emulators.register([i386], tree=tree, memory=memory, table=table, progress=Told()) == []
    assert table.present == []


@pytest.mark.parametrize(
    ("flags", "broken", "why"),
    [("PF", {"/old/qemu"}, "does not work"), ("P", set[str](), "lacks flag F")],
)
def test_a_broken_or_unfixed_emulator_is_replaced_and_put_back(
    tree: Tree, memory: Path, tmp_path: Path, flags: str, broken: set[str], why: str
) -> None:
    assert ARM64 is not None
    old = tmp_path / "qemu"
    old.touch()
    theirs = entry(str(old), flags=flags)
    table, told = FakeTable(present=[theirs], broken={str(old)} if broken else set()), Told()
    assert emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=told) == []
    assert [why in warning for warning in told.warnings] == [True]
    assert table.present[0].interpreter == str(tree.qemu("aarch64"))
    assert table.present[0].flags == "PF"
    assert emulators.unregister(trees=tree.path.parent, memory=memory, table=table) == ["qemu-aarch64"]
    assert table.present == [theirs]
    assert not memory.exists()


def test_unregister_leaves_what_others_have_registered_meanwhile(tree: Tree, memory: Path) -> None:
    assert ARM64 is not None
    table = FakeTable()
    emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=Told())
    table.present = [entry("/theirs/qemu")]
    assert emulators.unregister(trees=tree.path.parent, memory=memory, table=table) == []
    assert table.present == [entry("/theirs/qemu")]


def test_the_table_is_mounted_and_unmounted_only_if_it_was_not(tree: Tree, memory: Path) -> None:
    assert ARM64 is not None
    table = FakeTable(is_mounted=False)
    emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=Told())
    emulators.unregister(trees=tree.path.parent, memory=memory, table=table)
    assert table.log == ["mount", "add qemu-aarch64", "remove qemu-aarch64", "unmount"]
    assert emulators.unregister(trees=tree.path.parent, memory=memory, table=table) == []


def test_the_intention_is_written_down_before_the_kernel_is_told(tree: Tree, memory: Path) -> None:
    assert ARM64 is not None

    class Killed(FakeTable):
        def add(self, registration: Registration) -> None:
            assert json.loads(memory.read_text())["names"] == [registration.name]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emulators.register([ARM64], tree=tree, memory=memory, table=Killed(), progress=Told())
    assert json.loads(memory.read_text())["names"] == ["qemu-aarch64"]


def test_an_emulator_that_does_not_run_here_is_taken_away_again(tree: Tree, memory: Path) -> None:
    assert ARM64 is not None
    table = FakeTable(broken={str(tree.qemu("aarch64"))})
    assert emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=Told()) == [ARM64]
    assert table.present == []
    with pytest.raises(EnvironmentFailedError, match="arm64"):
        emulators.require([ARM64], ["arm64"])
    emulators.require([ARM64], ["s390x"])


def test_the_version_comes_from_the_program_when_it_is_in_reach(tmp_path: Path) -> None:
    assert ARM64 is not None
    program = tmp_path / "qemu-aarch64"
    program.write_bytes(b"")
    runner = FakeRunner({"--version": "qemu-aarch64 version 10.0.13 (Debian 1:10.0.13)\nCopyright"})
    found = emulators.describe(ARM64, entry(str(program)), runner=runner)
    assert (found.version, found.major, str(found)) == ("10.0.13", 10, "QEMU 10.0.13")
    assert found.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    hidden = emulators.describe(ARM64, entry("/other/namespace/qemu"), runner=runner)
    assert (hidden.version, hidden.major, hidden.sha256) == ("unknown", None, "")


def test_registrations_are_left_to_another_engine_that_works_under_them(
    tree: Tree, memory: Path, tmp_path: Path
) -> None:
    assert ARM64 is not None
    table, theirs = FakeTable(is_mounted=False), tmp_path / "their-emulators.json"
    emulators.hand_over(trees=tree.path.parent, memory=memory, to=theirs)
    assert not theirs.exists(), "nothing was registered yet"
    emulators.register([ARM64], tree=tree, memory=memory, table=table, progress=Told())
    emulators.hand_over(trees=tree.path.parent, memory=memory, to=theirs)
    assert not memory.exists()
    assert [entry.name for entry in table.present] == ["qemu-aarch64"]
    assert emulators.unregister(trees=tmp_path / "their-trees", memory=theirs, table=table) == ["qemu-aarch64"]
    assert table.log[-2:] == ["remove qemu-aarch64", "unmount"]
