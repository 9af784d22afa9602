"""Processes of runs that are gone are found by what they carry, and nobody else's are touched."""

from __future__ import annotations

import os
import platform
import signal
from pathlib import Path

import pytest

from orchestrator.system import owners
from orchestrator.system.owners import VARIABLE, end_children, end_orphans, orphans, owner, ownerless

#: No process has this number: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html
NOBODY = 2**22 + 1


def gone() -> str:
    return f"{platform.node()}:{NOBODY}:1"


def process(proc: Path, pid: int, *environment: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "environ").write_bytes(b"".join(word.encode() + b"\0" for word in environment))


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, sign: found.append((pid, sign)))
    return found


def test_a_process_that_goes_on_has_an_owner() -> None:
    assert owner().startswith(f"{platform.node()}:{os.getpid()}:")
    assert not ownerless(owner())
    assert owner(NOBODY) == ""


def test_another_process_with_the_same_number_is_another_owner() -> None:
    host, pid, start = owner().rsplit(":", 2)
    assert ownerless(f"{host}:{pid}:{int(start) + 1}")


@pytest.mark.parametrize("whose", ["", "x", "another.host:4194305:1", f"{platform.node()}:x:1", f"{platform.node()}:"])
def test_what_cannot_be_judged_is_left_alone(whose: str) -> None:
    assert not ownerless(whose)


def test_orphans_carry_the_name_of_a_run_that_is_gone(tmp_path: Path) -> None:
    process(tmp_path, 11, "PATH=/bin", f"{VARIABLE}={gone()}", "HOME=/")
    process(tmp_path, 12, f"{VARIABLE}={owner()}")
    process(tmp_path, 13, f"{VARIABLE}=another.host:{NOBODY}:1")
    process(tmp_path, 14, "PATH=/bin", f"SAID={VARIABLE}={gone()}")
    process(tmp_path, 15)
    process(tmp_path, os.getpid(), f"{VARIABLE}={gone()}")
    (tmp_path / "16").mkdir()  # it ended while we looked, or is another user's
    (tmp_path / "self").mkdir()
    assert orphans(proc=tmp_path) == [11]


def test_bytes_that_are_no_text_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "11").mkdir()
    (tmp_path / "11" / "environ").write_bytes(b"\xff=\xfe\0" + f"{VARIABLE}=".encode() + b"\xff\xfe\0")
    assert orphans(proc=tmp_path) == []


def test_orphans_are_ended_at_once(tmp_path: Path, killed: list[tuple[int, int]]) -> None:
    process(tmp_path, 11, f"{VARIABLE}={gone()}")
    process(tmp_path, 12, f"{VARIABLE}={owner()}")
    assert end_orphans(proc=tmp_path) == 1
    assert killed == [(11, signal.SIGKILL)]


def test_one_that_ends_by_itself_meanwhile_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process(tmp_path, 11, f"{VARIABLE}={gone()}")

    def too_late(_pid: int, _sign: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", too_late)
    assert end_orphans(proc=tmp_path) == 1
    process(tmp_path, 12, f"{VARIABLE}={owner()}")
    end_children(proc=tmp_path)


def test_children_are_those_that_carry_our_own_name(tmp_path: Path, killed: list[tuple[int, int]]) -> None:
    process(tmp_path, 11, f"{VARIABLE}={owner()}")
    process(tmp_path, 12, f"{VARIABLE}={owner()}0")
    process(tmp_path, 13, f"{VARIABLE}={gone()}")
    process(tmp_path, os.getpid(), f"{VARIABLE}={owner()}")
    (tmp_path / "16").mkdir()
    end_children(proc=tmp_path)
    assert killed == [(11, signal.SIGKILL)]


def test_they_look_at_this_host_by_themselves(killed: list[tuple[int, int]]) -> None:
    assert os.getpid() not in orphans()
    end_children()
    assert killed == []
    assert owners.owner() == owner()
