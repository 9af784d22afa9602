"""The image on a (fake) engine: every container is removed, every oddity is a failed proof, nothing hangs."""

from __future__ import annotations

import json
import os
import platform
import tarfile
from typing import Any, cast

import docker
import pytest
from docker.errors import APIError, DockerException

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.prove.container import LABEL, OWNER, ContainerSubject, _owner, sweep
from orchestrator.prove.model import ProofFailedError
from tests.unit.prove.fakes import FakeContainer, FakeEngine, archive, elf

PATH = "/usr/local/bin/python3.7"


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def cell(matrix: Matrix) -> Cell:
    return next(cell for cell in matrix.cells if cell.architecture.name == "arm64v8")


@pytest.fixture
def subject(engine: FakeEngine, cell: Cell) -> ContainerSubject:
    return subject_of(engine, cell)


def subject_of(engine: FakeEngine, cell: Cell, timeout: float = 5) -> ContainerSubject:
    return ContainerSubject(cast("docker.DockerClient", engine), cell, "local/x:k", timeout=timeout)


def balanced(engine: FakeEngine) -> bool:
    return engine.log.count("create") == engine.log.count("remove")


def test_an_image_that_is_not_there_says_how_to_make_it(engine: FakeEngine, cell: Cell) -> None:
    engine.missing = True
    with pytest.raises(UsageError, match="no image local/x:k") as raised:
        subject_of(engine, cell)
    assert f"orchestrator build {cell.id}" in raised.value.mend


def test_an_engine_that_does_not_answer_is_the_environments_fault(engine: FakeEngine, cell: Cell) -> None:
    def get(_reference: str) -> FakeEngine:
        raise DockerException("connection refused")

    engine.get = get  # type: ignore[method-assign]
    with pytest.raises(EnvironmentFailedError, match="does not answer"):
        subject_of(engine, cell)


def test_config_and_size_are_the_engines(subject: ContainerSubject) -> None:
    assert subject.config["Architecture"] == "amd64"
    assert subject.size == 123


def test_a_file_is_copied_out_of_a_container_that_never_starts(engine: FakeEngine, subject: ContainerSubject) -> None:
    content = elf() + bytes(1000)
    engine.files[PATH] = (archive("python3.7", content), len(content))
    assert subject.file(PATH) == content
    assert engine.log == ["create", "remove"]


@pytest.mark.parametrize(
    ("data", "size", "said"),
    [
        (archive("python3.7", kind=tarfile.SYMTYPE, target="/bin/sh"), 0, "is not a regular file"),
        (archive("python3.7", kind=tarfile.DIRTYPE), 0, "is not a regular file"),
        (archive("python3.7", b"x"), 1 << 40, "is implausibly large"),
        (bytes(1024), 0, "is not a regular file"),
    ],
    ids=["symlink", "directory", "huge", "empty archive"],
)
def test_what_is_not_a_plain_file_is_refused(
    engine: FakeEngine, subject: ContainerSubject, data: bytes, size: int, said: str
) -> None:
    engine.files[PATH] = (data, size)
    with pytest.raises(ProofFailedError, match=said):
        subject.file(PATH)
    assert balanced(engine)


def test_a_file_that_is_not_there_is_refused(engine: FakeEngine, subject: ContainerSubject) -> None:
    with pytest.raises(ProofFailedError, match="there is no /nothing"):
        subject.file("/nothing")
    assert balanced(engine)


def test_a_probe_runs_confined_on_its_platform_and_gives_what_it_saw(
    engine: FakeEngine, subject: ContainerSubject, cell: Cell
) -> None:
    engine.output = b'a warning first\nprobe:{"machine": "aarch64"}\n'
    assert subject.probe("interpreter", "ssl") == {"machine": "aarch64"}
    assert engine.log == ["create", "start", "remove"]
    (options,) = engine.created
    assert options["image"] == "sha256:image"
    assert options["network_mode"] == "none"
    assert options["platform"] == "linux/arm64/v8"
    assert options["labels"] == {LABEL: cell.id, OWNER: _owner()}
    assert options["cap_drop"] == ["ALL"]
    assert options["command"][:2] == ["python", "-c"]
    assert options["command"][3:] == ["ssl"]


def test_a_probe_runs_once_for_the_same_arguments(engine: FakeEngine, subject: ContainerSubject) -> None:
    engine.output = b'probe:{"machine": "aarch64"}'
    subject.probe("interpreter", "ssl")
    subject.probe("interpreter", "ssl")
    assert engine.log.count("start") == 1
    subject.probe("interpreter", "zlib")
    assert engine.log.count("start") == 2


def test_a_failed_probe_fails_the_same_way_again_without_running(engine: FakeEngine, subject: ContainerSubject) -> None:
    engine.status = 1
    for _ in range(2):
        with pytest.raises(ProofFailedError, match="status 1: no output"):
            subject.probe("interpreter")
    assert engine.log == ["create", "start", "remove"]


@pytest.mark.parametrize(
    ("status", "output", "said"),
    [
        (1, b"Traceback\nImportError: no module\n", "ended with status 1: ImportError: no module"),
        (0, b"nothing of ours\n", "ended with status 0: nothing of ours"),
        (1, b'probe:{"machine": "aarch64"}\n', "ended with status 1"),
        (0, b"probe:{broken\n", "not JSON"),
        (0, b"probe:[1]\n", "not an object"),
        (139, b"", "ended with status 139: no output"),
        (0, b"\xff\xfe\n", "ended with status 0"),
    ],
)
def test_a_probe_that_does_not_do_its_work_is_a_failed_proof(
    engine: FakeEngine, subject: ContainerSubject, status: int, output: bytes, said: str
) -> None:
    engine.status, engine.output = status, output
    with pytest.raises(ProofFailedError, match=said):
        subject.probe("interpreter")
    assert balanced(engine)


def test_a_probe_that_hangs_is_killed_at_its_limit(engine: FakeEngine, cell: Cell) -> None:
    engine.hangs = True
    with pytest.raises(ProofFailedError, match=r"status 137 \(limit 0 s\)"):
        subject_of(engine, cell, timeout=0.05).probe("interpreter")
    assert engine.log == ["create", "start", "kill", "remove"]


def test_a_container_that_does_not_start_is_removed(engine: FakeEngine, subject: ContainerSubject) -> None:
    engine.refuses_start = True
    with pytest.raises(ProofFailedError, match="does not start: exec format error"):
        subject.probe("interpreter")
    assert balanced(engine)


def test_a_container_that_cannot_be_made_is_a_failed_proof(engine: FakeEngine, subject: ContainerSubject) -> None:
    engine.refuses_create = True
    with pytest.raises(ProofFailedError, match="no container can be made of it: no such platform"):
        subject.probe("interpreter")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a lost connection")])
def test_the_container_is_removed_whatever_happens(
    engine: FakeEngine, subject: ContainerSubject, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_self: FakeContainer, **_: Any) -> dict[str, int]:
        raise error

    monkeypatch.setattr(FakeContainer, "wait", wait)
    with pytest.raises(type(error)):
        subject.probe("interpreter")
    assert engine.log == ["create", "start", "remove"]


def test_a_container_that_is_gone_already_is_no_error(
    engine: FakeEngine, subject: ContainerSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(_self: FakeContainer, **_: Any) -> None:
        raise APIError("gone")

    monkeypatch.setattr(FakeContainer, "remove", remove)
    engine.output = b"probe:" + json.dumps({"machine": "x"}).encode()
    assert subject.probe("interpreter") == {"machine": "x"}


def test_sweeping_removes_what_a_killed_run_left(engine: FakeEngine) -> None:
    host = platform.node()
    gone = [
        f"{host}:{os.getpid()}:1",
        f"{host}:999999999:5",
    ]  # the number was given to another process since; no such process
    mine = _owner()
    others = [mine, "elsewhere:1:2", ""]
    engine.left = [FakeContainer(engine, labels={OWNER: owner}) for owner in (*gone, *others)]
    assert sweep(cast("docker.DockerClient", engine)) == 2
    assert engine.log == ["remove", "remove"]
