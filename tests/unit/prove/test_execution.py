"""Programs end: by themselves, at their limit, or with their container."""

from __future__ import annotations

import io
import itertools
import tarfile
from typing import Any

import pytest
from requests.exceptions import ConnectionError as LostConnectionError

from orchestrator.prove.containers.execution import RunningSandbox, archive, put, run_to_end
from orchestrator.prove.containers.limits import OUTPUT_BYTES
from orchestrator.prove.model import ProofFailedError
from tests.unit.prove.engine import FakeContainer, FakeEngine, Program, refusal, says

FLOOD = Program(output=((b"x" * 300_000, b"y" * 300_000),) * 4, hangs=True)


def container_of(engine: FakeEngine, **options: Any) -> FakeContainer:
    return engine.create("image", labels={}, **options)


def sandbox_of(engine: FakeEngine, seconds: float = 10) -> RunningSandbox:
    return RunningSandbox(engine.client, container_of(engine), itertools.repeat(seconds))


def engine_of(program: Program) -> FakeEngine:
    return FakeEngine(program=lambda _: program)


def test_a_program_runs_to_its_end() -> None:
    engine = engine_of(Program(output=((b"a", b"1"), (b"b\n", None), (None, b"\xff2")), status=0))
    sandbox = sandbox_of(engine)
    found = sandbox.execute(["python", "-c", "x"], environment={"A": "1"}, directory="/d")
    assert (found.status, found.stdout, found.stderr) == (0, "ab\n", "1\ufffd2")
    assert engine.asked == [
        {"argv": ("python", "-c", "x"), "environment": {"A": "1"}, "workdir": "/d", "container": "container0"}
    ]
    assert not sandbox.dead
    assert engine.log == []
    assert [one.closed for one in engine.connections] == [True]


def test_one_that_fails_is_an_answer_but_leaves_a_sandbox_that_is_not_used_again() -> None:
    sandbox = sandbox_of(engine_of(says(status=3)))
    assert sandbox.execute(["false"]).status == 3
    assert sandbox.dead


def test_one_that_does_not_end_is_killed_at_its_limit() -> None:
    engine = engine_of(Program(output=((b"begun\n", None),), hangs=True))
    sandbox = sandbox_of(engine, seconds=0.05)
    with pytest.raises(ProofFailedError, match=r"^sleep 9: it did not end within 0 s$") as raised:
        sandbox.execute(["sleep", "9"])
    assert raised.value.output == "begun"
    assert sandbox.dead
    assert engine.log == ["kill"]


def test_one_that_writes_without_end_is_killed_and_what_it_wrote_is_cut() -> None:
    engine = engine_of(FLOOD)
    with pytest.raises(ProofFailedError, match=r"^yes: it wrote more than 1024 KiB$") as raised:
        sandbox_of(engine).execute(["yes"])
    assert engine.log == ["kill"]
    assert OUTPUT_BYTES <= len(raised.value.output) <= OUTPUT_BYTES + 300_000


@pytest.mark.parametrize(
    ("argv", "called"),
    [(["python", "-c", "x" * 999], "python"), (["pip", "install", "y"], "pip install"), (["z" * 99], "z" * 60)],
)
def test_the_program_is_named_in_a_few_words(argv: list[str], called: str) -> None:
    engine = engine_of(Program(hangs=True))
    with pytest.raises(ProofFailedError, match=f"^{called}: "):
        sandbox_of(engine, seconds=0.01).execute(argv)


def test_a_container_that_dies_under_a_program_is_said_to() -> None:
    sandbox = sandbox_of(engine_of(says(b"half", status=None)))
    with pytest.raises(ProofFailedError, match="x: the container died under it") as raised:
        sandbox.execute(["x"])
    assert (sandbox.dead, raised.value.output) == (True, "half")


def test_a_container_that_does_not_run_is_said_not_to() -> None:
    engine = engine_of(says())
    engine.trouble["exec_create"] = refusal("container is not running")
    sandbox = sandbox_of(engine)
    with pytest.raises(ProofFailedError, match="x: the container does not run: container is not running"):
        sandbox.execute(["x"])
    assert sandbox.dead


@pytest.mark.parametrize("error", [LostConnectionError("reset"), ConnectionResetError(104, "reset")])
def test_a_stream_that_breaks_off_is_the_end_of_what_was_said(error: OSError) -> None:
    engine = engine_of(Program(output=((b"half", None),), error=error))
    assert sandbox_of(engine).execute(["x"]).stdout == "half"


def test_killing_what_is_gone_already_is_no_error() -> None:
    engine = engine_of(Program(hangs=True))
    engine.trouble["kill"] = refusal("no such container")
    with pytest.raises(ProofFailedError, match="did not end"):
        sandbox_of(engine, seconds=0.01).execute(["x"])


def test_each_program_has_the_limit_of_its_time() -> None:
    engine = engine_of(Program(hangs=True))
    sandbox = RunningSandbox(engine.client, container_of(engine), [0.01, 0.02])
    for _ in range(2):
        with pytest.raises(ProofFailedError):
            sandbox.execute(["x"])
    with pytest.raises(StopIteration):
        sandbox.execute(["x"])


def test_a_container_of_its_own_is_run_to_its_end() -> None:
    engine = engine_of(says(b"out", b"err", status=4))
    found = run_to_end(engine.client, container_of(engine, command=["x"]), 10)
    assert (found.status, found.stdout, found.stderr) == (4, "out", "err")


@pytest.mark.parametrize(
    ("program", "seconds", "said"),
    [(Program(hangs=True), 0.05, "^it did not end within 0 s$"), (FLOOD, 10, "^it wrote more than")],
)
def test_it_has_the_same_limits(program: Program, seconds: float, said: str) -> None:
    engine = engine_of(program)
    with pytest.raises(ProofFailedError, match=said):
        run_to_end(engine.client, container_of(engine), seconds)
    assert engine.log == ["kill"]


def test_one_that_closes_its_streams_and_lives_on_has_its_whole_time(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(says())
    waited: list[float] = []

    def wait(_: FakeContainer, *, timeout: float) -> dict[str, int]:
        waited.append(timeout)
        return {"StatusCode": 0}

    monkeypatch.setattr(FakeContainer, "wait", wait)
    run_to_end(engine.client, container_of(engine), 600)
    assert waited == [660]


def test_one_that_does_not_start_is_refused() -> None:
    engine = engine_of(says())
    engine.trouble["start"] = refusal("exec format error")
    with pytest.raises(ProofFailedError, match="the container does not start: exec format error"):
        run_to_end(engine.client, container_of(engine), 10)


def test_files_are_packed_readable_for_everybody() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive("/usr/src/app/", {"a.py": b"a", "d/b": b"b"}))) as packed:
        assert {one.name: (one.mode, one.isreg()) for one in packed} == {
            "usr/src/app/a.py": (0o644, True), "usr/src/app/d/b": (0o644, True),
        }  # fmt: skip
        content = packed.extractfile("usr/src/app/d/b")
        assert content is not None
        assert content.read() == b"b"


def test_files_are_put_below_the_root_one_archive_per_directory() -> None:
    engine = FakeEngine()
    container = container_of(engine)
    put(container, {"/a": {"x": b"1"}, "/b": {"y": b"2"}})
    sandbox_of(engine).put("/c", {"z": b"3"})
    assert [path for path, _ in container.files] == ["/", "/"]
    assert len(engine.made[1].files) == 1
    engine.trouble["put_archive"] = refusal("read-only file system")
    with pytest.raises(ProofFailedError, match="nothing can be written into the container: read-only"):
        put(container, {"/a": {}})
