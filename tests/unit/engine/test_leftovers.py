from __future__ import annotations

import signal
from pathlib import Path

from orchestrator.engine import leftovers
from tests.unit.engine.fakes import FakeRunner


def process(proc: Path, pid: int, program: str, *, state: str = "S", mountinfo: str = "") -> None:
    home = proc / str(pid)
    home.mkdir(parents=True)
    (home / "exe").symlink_to(program)
    (home / "stat").write_text(f"{pid} (odd) name) {state} 1 1")
    (home / "mountinfo").write_text(mountinfo)


def test_a_pid_counts_only_while_it_runs_the_very_program(tmp_path: Path) -> None:
    process(tmp_path, 7, "/t/key/usr/sbin/dockerd")
    process(tmp_path, 8, "/usr/bin/vim")
    process(tmp_path, 9, "/t/key/usr/sbin/dockerd", state="Z")
    process(tmp_path, 10, "/t/key/usr/sbin/dockerd (deleted)")
    program = Path("/t/key/usr/sbin/dockerd")
    assert [pid for pid in (6, 7, 8, 9, 10) if leftovers.alive(pid, program=program, proc=tmp_path)] == [7, 10]


def test_engine_programs_of_our_trees_are_found_and_no_others(tmp_path: Path) -> None:
    process(tmp_path, 7, "/t/key/usr/bin/containerd-shim-runc-v2")
    process(tmp_path, 8, "/usr/bin/containerd")
    process(tmp_path, 9, "/t/key/usr/bin/docker")
    process(tmp_path, 10, "/t/key/usr/bin/qemu-aarch64")
    (tmp_path / "self").mkdir()
    assert leftovers.engine_processes(Path("/t"), proc=tmp_path) == [7]


def test_containers_are_found_by_the_file_system_that_they_stand_on(tmp_path: Path) -> None:
    ours = "1 2 0:1 / / rw - overlay overlay rw,lowerdir=2/fs:1/fs,upperdir=/my\\040data/s/3/fs,workdir=/my\\040data/s/3/work"
    host = "1 2 0:1 / / rw - ext4 /dev/vda rw\n5 1 0:9 / /my\\040data/x rw - overlay overlay rw,upperdir=/my\\040data/s/3/fs"
    process(tmp_path, 7, "/bin/sleep", mountinfo=ours)
    process(tmp_path, 8, "/bin/sleep", mountinfo=host)
    assert leftovers.container_processes(Path("/my data"), proc=tmp_path) == [7]
    assert leftovers.container_processes(Path("/my"), proc=tmp_path) == []


def test_mounts_are_listed_deepest_first(tmp_path: Path) -> None:
    process(tmp_path, 1, "/sbin/init")
    lines = [
        f"1 2 0:1 / {point} rw - tmpfs tmpfs rw"
        for point in ("/r/data", "/r/data/a/b", "/r/database", "/run/e\\040x", "/")
    ]
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mountinfo").write_text("\n".join(lines))
    found = leftovers.mounts_below([Path("/r/data"), Path("/run/e x")], proc=tmp_path)
    assert found == [Path("/r/data/a/b"), Path("/r/data"), Path("/run/e x")]


def test_a_busy_mount_is_detached_and_a_stuck_one_reported() -> None:
    runner = FakeRunner({"--lazy /busy": "", "/busy": (32, "target is busy"), "/fine": "", "/stuck": (32, "no")})
    assert leftovers.unmount([Path("/fine"), Path("/busy"), Path("/stuck")], runner=runner) == [Path("/stuck")]
    assert runner.lines[:3] == ["umount /fine", "umount /busy", "umount --lazy /busy"]


def test_term_then_kill_and_what_is_left_is_told() -> None:
    running, sent = {1, 2, 3}, list[tuple[int, int]]()

    def kill(pid: int, sign: int) -> None:
        sent.append((pid, sign))
        if pid == 1 or (pid == 2 and sign == signal.SIGKILL):
            running.discard(pid)

    left = leftovers.end(lambda: sorted(running), grace=0.3, kill=kill, sleep=lambda _: None)
    assert left == [3]
    assert sent == [(1, 15), (2, 15), (3, 15), (2, 9), (3, 9)]
