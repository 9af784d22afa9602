from __future__ import annotations

import os
from pathlib import Path

from orchestrator.bases.sweep import clear, mounts_below, processes_in
from orchestrator.system.process import Command, Completed


def proc(root: Path, *, mounts: str = "", processes: dict[int, tuple[str, bytes]] | None = None) -> Path:
    (root / "self").mkdir(parents=True)
    (root / "self" / "mountinfo").write_text(mounts)
    for pid, (chroot, environ) in (processes or {}).items():
        (root / str(pid)).mkdir()
        (root / str(pid) / "root").symlink_to(chroot)
        (root / str(pid) / "environ").write_bytes(environ)
    return root


def mount(point: str) -> str:
    return f"36 35 98:0 / {point} rw,noatime - ext4 /dev/root rw\n"


def refuse(command: Command) -> Completed:
    return Completed(command=command, status=32, stdout=b"", stderr=b"busy", seconds=0.0)


def test_processes_are_known_by_their_temporary_directory_or_root(tmp_path: Path) -> None:
    made = tmp_path / "base-a"
    fake = proc(
        tmp_path / "proc",
        processes={
            11: ("/", f"A=1\0TMPDIR={made}/x/tmp\0".encode()),
            12: (f"{made}/mmdebstrap.1", b"HOME=/root\0"),
            13: ("/", f"TMPDIR={made}b\0".encode()),
            14: ("/", f"OTHER={made}\0MYTMPDIR={made}\0".encode()),
            os.getpid(): ("/", f"TMPDIR={made}\0".encode()),
        },
    )
    assert sorted(processes_in(made, proc=fake)) == [11, 12]


def test_mounts_are_found_innermost_first_whatever_their_name(tmp_path: Path) -> None:
    made = Path("/cache/a b")
    fake = proc(
        tmp_path / "proc",
        mounts=mount("/") + mount("/cache/a\\040b/x") + mount("/cache/a\\040b/x/dev") + mount("/cache/a"),
    )
    assert mounts_below(made, proc=fake) == [made / "x" / "dev", made / "x"]


def test_nothing_is_removed_through_a_mount_that_stays(tmp_path: Path) -> None:
    made = tmp_path / "base-a"
    (made / "dev").mkdir(parents=True)
    fake = proc(tmp_path / "proc", mounts=mount(f"{made}/dev"))
    assert clear(made, runner=refuse, proc=fake) is False
    assert (made / "dev").is_dir()


def test_an_unmounted_directory_goes_with_its_lock(tmp_path: Path) -> None:
    made, lock = tmp_path / "base-a", tmp_path / "base-a.lock"
    made.mkdir()
    lock.touch()
    assert clear(made, runner=refuse, proc=proc(tmp_path / "proc")) is True
    assert not made.exists()
    assert not lock.exists()
