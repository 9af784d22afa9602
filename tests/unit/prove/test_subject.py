"""The image on a (fake) engine: confined, looked up once, and every container removed however it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from docker.errors import DockerException

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.matrix.model import Cell
from orchestrator.prove.containers.limits import LIFETIME, options, sandbox_options
from orchestrator.prove.containers.owners import labels
from orchestrator.prove.containers.subject import ImageSubject
from orchestrator.prove.model import ProofFailedError, Where
from orchestrator.prove.survey.store import Surveys
from tests.unit.prove.archives import chunks, saved
from tests.unit.prove.engine import FakeEngine, Program, refusal, says
from tests.unit.prove.images import CELLS, right

CELL = CELLS["3.7-slim-stretch-arm64v8"]
REPORT = b'a warning\nprobe:{"said": "all of it"}\n'


class FakeBuilder:
    """In the place of buildx."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    @contextmanager
    def __call__(
        self, cell: Cell, image: str, dockerfile: str, files: Mapping[str, bytes], *, seconds: float
    ) -> Iterator[str]:
        self.asked.append((cell, image, dockerfile, files, seconds))
        yield "scratch/app:1"


def subject_of(engine: FakeEngine, **changes: Any) -> ImageSubject:
    values: dict[str, Any] = {"dockerfile": "FROM x\n", "builder": FakeBuilder()} | changes
    return ImageSubject(engine.client, CELL, "local/x:k", **values)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine("local/x:k", program=lambda _: says(REPORT))


def test_an_image_that_is_not_there_says_how_to_make_it() -> None:
    with pytest.raises(UsageError, match="no image local/x:k") as raised:
        subject_of(FakeEngine())
    assert f"orchestrator build {CELL.id}" in raised.value.mend


def test_an_engine_that_does_not_answer_is_the_environments_fault(engine: FakeEngine) -> None:
    engine.trouble["get"] = DockerException("connection refused")
    with pytest.raises(EnvironmentFailedError, match="does not answer"):
        subject_of(engine)


def test_it_knows_digest_size_and_recipe(engine: FakeEngine) -> None:
    subject = subject_of(engine)
    assert (subject.digest, subject.size, subject.recipe.image) == ("sha256:image", 123, CELL.image)


def test_the_archive_is_read_once_for_everybody_who_shares_surveys(engine: FakeEngine) -> None:
    made = right(CELL.id)
    surveys = Surveys()
    engine.archive = chunks(saved(made), 65536)
    first, second = (subject_of(engine, surveys=surveys) for _ in range(2))
    before = first.surveyed
    assert first.image == made.saved.image
    assert (before, first.surveyed) == (False, True)
    assert second.survey is first.survey
    assert engine.log == ["save sha256:image"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda engine: engine.trouble.update(get_image=refusal("no such layer")),
            "the image cannot be read: no such layer",
        ),
        (lambda engine: setattr(engine, "archive", iter([b"x"])), "the saved image cannot be read"),
    ],
)
def test_an_archive_that_cannot_be_read_is_a_failed_proof(
    engine: FakeEngine, spoil: Callable[[FakeEngine], None], said: str
) -> None:
    spoil(engine)
    with pytest.raises(ProofFailedError, match=said):
        _ = subject_of(engine).survey


def test_every_container_is_limited_and_labelled(engine: FakeEngine) -> None:
    with subject_of(engine) as subject:
        subject.sandbox(Where.CONFINED)
        subject.sandbox(Where.WRITABLE)
        subject.run(["true"])
    confined, writable, ran = (one.options for one in engine.made)
    for one in (confined, writable, ran):
        assert one["network_mode"] == "none"
        assert one["platform"] == "linux/arm64/v8"
        assert one["labels"] == labels(CELL)
        assert one["mem_limit"] == one["memswap_limit"] == "1g"
        assert one["pids_limit"] == 256
        assert one["security_opt"] == ["no-new-privileges"]
        assert {limit["Name"] for limit in one["ulimits"]} == {"nofile", "core"}
        assert one["log_config"]["Type"] == "none"
    assert (confined["read_only"], confined["user"], confined["cap_drop"]) == (True, "12345:12345", ["ALL"])
    assert list(confined["tmpfs"]) == ["/tmp"]
    assert confined["entrypoint"] == writable["entrypoint"] == ["sleep", str(LIFETIME)]
    assert not {"read_only", "user", "cap_drop", "tmpfs"} & (writable.keys() | ran.keys())
    assert (ran["command"], "entrypoint" in ran) == (["true"], False)
    assert sandbox_options(CELL, Where.WRITABLE).keys() == options(CELL).keys() | {"entrypoint", "command"}


def test_a_sandbox_is_kept_until_it_is_dead(engine: FakeEngine) -> None:
    with subject_of(engine) as subject:
        assert subject.sandbox(Where.CONFINED) is subject.sandbox(Where.CONFINED)
        engine.program = lambda _: says(status=1)
        subject.sandbox(Where.CONFINED).execute(["false"])
        subject.sandbox(Where.CONFINED)
        assert len(engine.made) == 2
        assert engine.made[1].started
        assert engine.made[0].removed == 1
    assert engine.leftovers == []


def test_a_probe_is_run_with_its_prelude_once_per_arguments(engine: FakeEngine) -> None:
    with subject_of(engine) as subject:
        for arguments in ((), (), ("a",)):
            assert subject.probe("version", *arguments) == {"said": "all of it"}
        subject.probe("version", where=Where.WRITABLE)
    assert [one["argv"][3:] for one in engine.asked] == [(), ("a",), ()]
    program, option, script = engine.asked[0]["argv"][:3]
    assert (program, option) == ("python", "-c")
    assert script.index("def report(") < script.index("report(\n    said")
    assert len(engine.made) == 2


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (says(REPORT, b"Traceback\nWrong: 1, expected 2\n", status=1), "Wrong: 1, expected 2 (status 1)"),
        (says(status=139), "no output (status 139)"),
        (says(b"nothing of ours\n"), "the probe tls did not say what it saw: nothing of ours"),
        (says(b"probe:{broken\n"), "did not say what it saw"),
        (says(b"probe:[1]\n"), "did not say what it saw"),
        (Program(hangs=True), "python: it did not end within 0 s"),
    ],
)
def test_a_probe_that_does_not_do_its_work_fails_now_and_again_without_running(program: Program, said: str) -> None:
    engine = FakeEngine("local/x:k", program=lambda _: program)
    with subject_of(engine) as subject, subject.within(0.05):
        for _ in range(2):
            with pytest.raises(ProofFailedError) as raised:
                subject.probe("tls")
            assert said in str(raised.value)
    assert len(engine.asked) == 1
    assert engine.leftovers == []


def test_time_is_limited_for_as_long_as_it_is_said(engine: FakeEngine) -> None:
    builder = FakeBuilder()
    with subject_of(engine, builder=builder) as subject:
        with subject.within(7), subject.build("FROM {image}", {"a": b""}) as reference:
            assert reference == "scratch/app:1"
        with subject.build("FROM x", {}):
            pass
    assert builder.asked == [
        (CELL, "sha256:image", "FROM {image}", {"a": b""}, 7),
        (CELL, "sha256:image", "FROM x", {}, 60.0),
    ]


def test_a_run_takes_what_docker_run_takes(engine: FakeEngine) -> None:
    with subject_of(engine) as subject:
        ran = subject.run(["x"], entrypoint=["sh"], files={"/d": {"f": b"1"}}, directory="/d", image="other:1")
        assert ran.stdout == REPORT.decode()
        (container,) = engine.made
        assert container.removed == 1
    assert container.image == "other:1"
    wanted = {"command": ["x"], "entrypoint": ["sh"], "working_dir": "/d", "volumes": ["/d"]}
    assert wanted.items() <= container.options.items()
    assert len(container.files) == 1


def run_with_files(subject: ImageSubject) -> None:
    subject.run(["x"], files={"/d": {}})


def put_into_a_sandbox(subject: ImageSubject) -> None:
    subject.sandbox(Where.CONFINED).put("/d", {})


def both(subject: ImageSubject) -> None:
    subject.sandbox(Where.WRITABLE)
    subject.run(["x"])


@pytest.mark.parametrize("operation", ["create", "start", "put_archive"])
@pytest.mark.parametrize("act", [run_with_files, put_into_a_sandbox])
def test_an_engine_that_refuses_is_a_failed_proof_and_leaves_nothing(
    engine: FakeEngine, operation: str, act: Callable[[ImageSubject], None]
) -> None:
    engine.trouble[operation] = refusal("exec format error")
    with subject_of(engine) as subject, pytest.raises(ProofFailedError, match="exec format error"):
        act(subject)
    assert engine.leftovers == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("lost")])
def test_containers_are_removed_whatever_happens(error: BaseException) -> None:
    engine = FakeEngine("local/x:k", program=lambda _: Program(error=error))
    with pytest.raises(type(error)), subject_of(engine) as subject:
        both(subject)
    assert len(engine.made) == 2
    assert engine.leftovers == []


def test_a_container_that_is_gone_already_is_no_error(engine: FakeEngine) -> None:
    engine.trouble["remove"] = refusal("no such container")
    with subject_of(engine) as subject:
        subject.run(["x"])


def test_abandoning_from_another_thread_ends_what_is_waited_for() -> None:
    engine = FakeEngine("local/x:k", program=lambda _: Program(hangs=True))
    subject = subject_of(engine)
    timer = threading.Timer(0.05, subject.abandon)
    timer.start()
    with pytest.raises(ProofFailedError, match="x: the container does not run: No such container"):
        subject.sandbox(Where.CONFINED).execute(["x"])
    timer.join()
    assert engine.leftovers == []
