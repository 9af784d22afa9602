"""Images that are there already, examined side by side, and remembered."""

from __future__ import annotations

import dataclasses
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.build.execution import Execution
from orchestrator.build.failure import FailureClass
from orchestrator.contents.store import read_contents
from orchestrator.errors import UsageError
from orchestrator.inputs.store import Store
from orchestrator.ledger.records import State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline import proving
from orchestrator.pipeline.proving import (
    Examination,
    Examinee,
    examine,
    examine_all,
    proof_failure,
    remember,
    siblings,
    upstream_of,
)
from orchestrator.pipeline.workshop import Workshop
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.prove.model import Outcome, Verdict
from orchestrator.publish.names import local_references
from orchestrator.recipe.recipe import recipe_for
from orchestrator.system.progress import Silent
from tests.unit.pipeline.fakes import FIRST, World, outcome
from tests.unit.prove.archives import saved
from tests.unit.prove.images import Entry, right, tar

IMAGE = "3.9-slim-bullseye"
FAILED, UNMADE = Verdict.FAILED, Verdict.NOT_MADE


def examinees(world: World, count: int = 2) -> list[Examinee]:
    found = []
    for cell in world.shop.matrix.cells[:count]:
        reference = local_references(world.shop.matrix, cell)[0]
        world.engine.images_by_name[reference] = f"sha256:{cell.id}"
        found.append(Examinee(cell=cell, reference=reference, execution=Execution()))
    return found


def all_of(
    world: World, wanted: Sequence[Examinee], jobs: int = 2
) -> tuple[list[tuple[str, str]], tuple[Examination, ...]]:
    told: list[tuple[str, str]] = []
    teller = threading.get_ident()

    def on_outcome(cell: Cell, one: Outcome) -> None:
        assert threading.get_ident() == teller
        told.append((cell.id, one.name))

    return told, examine_all(world.shop, wanted, CATALOGUE[:1], jobs=jobs, on_outcome=on_outcome)


@pytest.mark.parametrize(
    ("outcomes", "kind", "message", "tail"),
    [
        (
            [outcome("recipe/command", FAILED, detail="CMD is x"), outcome("pip/version")],
            FailureClass.PROOF, "recipe/command: CMD is x", ("recipe/command: CMD is x",),
        ),
        (
            [outcome("architecture/elf", FAILED, detail="a"), outcome("pip/version", FAILED, detail="b"), outcome("x", UNMADE)],
            FailureClass.ARCHITECTURE, "2 proofs: architecture/elf, pip/version",
            ("architecture/elf: a", "pip/version: b", "1 more proofs were not made: they need one of these"),
        ),
        ([outcome("architectures/x", FAILED)], FailureClass.PROOF, "architectures/x: ", ("architectures/x: ",)),
    ],
)  # fmt: skip
def test_failed_proofs_are_summed_up(
    outcomes: list[Outcome], kind: FailureClass, message: str, tail: tuple[str, ...]
) -> None:
    failure = proof_failure(outcomes)
    assert failure is not None
    assert (failure.kind, failure.message, failure.tail) == (kind, message, tail)


def test_what_passed_or_was_not_made_is_no_failure() -> None:
    assert proof_failure([]) is None
    assert proof_failure([outcome("a"), outcome("b", UNMADE)]) is None


def test_passed_is_whole_and_all_of_it() -> None:
    def examination(*outcomes: Outcome, whole: bool = True) -> Examination:
        examinee: Any = None
        return Examination(examinee=examinee, digest="", outcomes=outcomes, seconds=0, whole=whole, log=None)

    assert examination(outcome("a")).passed
    assert not examination(outcome("a"), whole=False).passed
    assert not examination().passed
    assert not examination(outcome("a"), outcome("b", UNMADE)).passed


def test_results_come_back_in_order_whoever_is_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = examinees(world, 4)
    last_is_done = threading.Event()

    def prove(subject: Any, *arguments: Any, **more: Any) -> tuple[Outcome, ...]:
        if subject.cell is wanted[0].cell:
            assert last_is_done.wait(10)
        made = world.prover(subject, *arguments, **more)
        if subject.cell is wanted[-1].cell:
            last_is_done.set()
        return made

    monkeypatch.setattr(proving, "prove", prove)
    told, found = all_of(world, wanted)
    assert [one.examinee for one in found] == wanted
    assert [one.digest for one in found] == [f"sha256:{one.cell.id}" for one in wanted]
    assert sorted(told) == sorted((one.cell.id, CATALOGUE[0].name) for one in wanted)
    assert told[-1][0] == wanted[0].cell.id
    assert world.engine.closed == 4
    assert not world.shop.cancellation.requested


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_are_examined_at_once_than_asked_for(world: World, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    running: list[str] = []
    most: list[int] = []
    together = threading.Barrier(jobs)

    def prove(subject: Any, *_: Any, **__: Any) -> tuple[Outcome, ...]:
        running.append(subject.cell.id)
        together.wait(10)
        most.append(len(running))
        together.wait(10)
        running.remove(subject.cell.id)
        return (outcome("a"),)

    monkeypatch.setattr(proving, "prove", prove)
    all_of(world, examinees(world, 4), jobs=jobs)
    assert set(most) == {jobs}


def test_one_that_cannot_be_examined_stops_the_others(world: World) -> None:
    wanted = examinees(world, 3)
    del world.engine.images_by_name[wanted[0].reference]
    with pytest.raises(UsageError, match="there is no image"):
        all_of(world, wanted, jobs=1)
    assert world.shop.cancellation.requested
    assert len(world.prover.subjects) < 2


def test_an_interruption_abandons_what_is_running(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    abandoned = threading.Event()
    examined: list[Examination] = []

    def prove(subject: Any, *_: Any, on_outcome: Callable[[Outcome], None], **__: Any) -> tuple[Outcome, ...]:
        subject._cleanup.callback(abandoned.set)
        on_outcome(outcome("a"))
        assert abandoned.wait(10), "nobody removed its containers"
        return (outcome("a"),)

    def interrupt(_: Cell, __: Outcome) -> None:
        raise KeyboardInterrupt

    def remembered(*arguments: Any, **more: Any) -> Examination:
        examined.append(examine(*arguments, **more))
        return examined[-1]

    monkeypatch.setattr(proving, "prove", prove)
    monkeypatch.setattr(proving, "examine", remembered)
    with pytest.raises(KeyboardInterrupt):
        examine_all(world.shop, examinees(world, 3), CATALOGUE[:1], jobs=1, on_outcome=interrupt)
    assert [(one.whole, one.passed) for one in examined] == [(False, False)]


def test_peers_are_subjects_of_their_own(world: World) -> None:
    one, other = examinees(world)
    examinee = Examinee(
        cell=one.cell,
        reference=one.reference,
        execution=Execution(emulator="qemu"),
        peers=((other.cell, other.reference),),
    )
    examine(world.shop, world.shop.client, examinee, CATALOGUE[:1])
    assert world.prover.peers == [[other.cell.id]]
    assert world.prover.emulated == [True]


def test_what_failed_ones_said_is_in_a_log_of_its_own(world: World) -> None:
    (examinee,) = examinees(world, 1)
    world.prover.refusing[examinee.cell.id] = "pip/version"
    found = examine(world.shop, world.shop.client, examinee, CATALOGUE[:1])
    assert found.failure is not None
    assert found.log is not None
    assert found.log.name.startswith(f"{examinee.cell.id}-")
    assert found.log.read_text(encoding="utf-8") == "=== pip/version FAILED: as told\nall\nthat was said\n"
    world.prover.refusing.clear()
    assert examine(world.shop, world.shop.client, examinee, CATALOGUE[:1]).log is None


def test_a_failure_that_said_nothing_is_a_line_in_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (examinee,) = examinees(world, 1)
    made = (outcome("recipe/command", FAILED, detail="CMD"), outcome("recipe/layers"))
    monkeypatch.setattr(proving, "prove", lambda *_, **__: made)
    log = world.shop.places.logs / "x.log"
    assert examine(world.shop, world.shop.client, examinee, CATALOGUE[:1], log=log).log == log
    assert log.read_text(encoding="utf-8") == "=== recipe/command FAILED: CMD\n"


@pytest.mark.parametrize(
    ("state", "everything", "expected"),
    [
        ("proven", True, State.FAILED),
        ("built", True, State.FAILED),
        ("proven", False, State.PROVEN),
        ("running", True, State.RUNNING),
    ],
)
def test_an_examination_is_remembered_and_where_it_was_whole_the_attempt_has_its_result(
    world: World, state: str, *, everything: bool, expected: State
) -> None:
    (cell, _) = world.cells(IMAGE)
    (result,) = world.run((cell,))
    world.change(f"state = '{state}'")
    world.prover.refusing[cell.id] = "pip/version"
    examinee = Examinee(cell=cell, reference=result.tags[0], execution=Execution(emulator="qemu 10"))
    examination = examine(world.shop, world.shop.client, examinee, CATALOGUE)
    run = world.shop.ledger.start_run("test")
    remember(world.shop, run, examination, everything=everything)
    (kept,) = world.shop.ledger.examinations(cell.id)
    assert (kept.run, kept.reference, kept.digest, kept.execution) == (
        run,
        result.tags[0],
        FIRST,
        "emulated (qemu 10)",
    )
    assert [(one.name, one.verdict) for one in kept.proofs] == [
        (CATALOGUE[0].name, "passed"),
        ("pip/version", "failed"),
    ]
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert attempt.state is expected


def test_what_was_examined_whole_is_proven_by_this_catalogue(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    (result,) = world.run((cell,))
    world.change("proven_by = 'yesterday'")
    examination = examine(
        world.shop, world.shop.client, Examinee(cell=cell, reference=result.tags[0], execution=Execution()), CATALOGUE
    )
    remember(world.shop, 1, examination, everything=True)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.proven_by) == (State.PROVEN, fingerprint())


def test_what_was_interrupted_proves_nothing(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    (result,) = world.run((cell,))
    world.change("state = 'built'")
    examinee = Examinee(cell=cell, reference=result.tags[0], execution=Execution())
    examination = examine(world.shop, world.shop.client, examinee, CATALOGUE)
    remember(world.shop, 1, dataclasses.replace(examination, whole=False), everything=True)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert attempt.state is State.BUILT
    assert len(world.shop.ledger.examinations(cell.id)) == 1


def test_somebody_elses_image_changes_no_attempt(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    world.run((cell,))
    world.engine.images_by_name["other:1"] = "sha256:other"
    world.prover.refusing[cell.id] = "pip/version"
    examinee = Examinee(cell=cell, reference="other:1", execution=Execution())
    remember(world.shop, 1, examine(world.shop, world.shop.client, examinee, CATALOGUE), everything=True)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert attempt.state is State.PROVEN


def test_siblings_are_the_same_image_as_it_is_tagged_now(world: World) -> None:
    amd64, arm64 = world.cells(IMAGE)
    assert siblings(world.shop, amd64) == ()
    world.run((arm64,))
    assert siblings(world.shop, amd64) == ((arm64, local_references(world.shop.matrix, arm64)[0]),)
    assert siblings(world.shop, arm64) == ()


def test_inputs_are_compared_with_where_all_of_them_are_stored(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = world.cells(IMAGE)[0].image
    source = tmp_path / image.line.source.file
    source.write_bytes(tar({"/Python/Lib/os.py": Entry()}))
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x.py", "")
    assert upstream_of(world.shop.places, image) is None
    monkeypatch.setattr(Store, "find", lambda *_: source)
    assert upstream_of(world.shop.places, image) is None
    wheels = {pin.sha256: wheel for pin in recipe_for(image).wheels}
    monkeypatch.setattr(Store, "find_any", lambda _, sha256: wheels.get(sha256))
    found = upstream_of(world.shop.places, image)
    assert found is not None
    assert (list(found.library), list(found.packages)) == (["os.py"], ["x.py"])
    wheels.popitem()
    assert upstream_of(world.shop.places, image) is None


class Telling(Silent):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str, /) -> None:
        self.warnings.append(message)


def surveyed(world: World, monkeypatch: pytest.MonkeyPatch, archive: bytes) -> tuple[Examinee, Workshop, Telling]:
    """An image that the engine can save, and proofs that look into it."""
    (examinee,) = examinees(world, 1)
    digest = f"sha256:{'ab' * 32}"
    world.engine.images_by_name |= {examinee.reference: digest, digest: digest}
    world.engine.archives[digest] = archive

    def look(subject: Any, *_: Any, **__: Any) -> tuple[Outcome, ...]:
        assert subject.image.platform
        return (outcome("recipe/files", FAILED if world.prover.refusing else Verdict.PASSED),)

    monkeypatch.setattr(proving, "prove", look)
    telling = Telling()
    return examinee, dataclasses.replace(world.shop, progress=telling), telling


def test_what_is_in_an_image_that_passed_is_kept_and_it_is_saved_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell_id = world.shop.matrix.cells[0].id
    examinee, shop, telling = surveyed(world, monkeypatch, saved(right(cell_id)))
    found = examine(shop, shop.client, examinee, CATALOGUE[:1])
    assert found.passed
    assert (len(world.engine.saves), telling.warnings) == (1, [])
    contents = read_contents(shop.places, found.digest)
    assert contents is not None
    assert contents.digest == found.digest
    assert ("cpython", examinee.cell.image.line.release) in {(one.name, one.version) for one in contents.components}
    assert contents.layers


def test_of_an_image_that_was_refused_or_not_read_nothing_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.prover.refusing["all"] = "x"
    examinee, shop, telling = surveyed(world, monkeypatch, saved(right(world.shop.matrix.cells[0].id)))
    found = examine(shop, shop.client, examinee, CATALOGUE[:1])
    assert not found.passed
    assert read_contents(shop.places, found.digest) is None
    world.engine.saves.clear()
    monkeypatch.setattr(proving, "prove", lambda *_, **__: (outcome("security/shellshock"),))
    assert examine(shop, shop.client, examinee, CATALOGUE[:1]).passed
    assert read_contents(shop.places, found.digest) is None
    assert (world.engine.saves, telling.warnings) == ([], [])


def test_contents_that_cannot_be_kept_are_a_warning_and_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    examinee, shop, telling = surveyed(world, monkeypatch, saved(right(world.shop.matrix.cells[0].id)))

    def broken(*_: Any, **__: Any) -> Any:
        raise LookupError("no such thing")

    monkeypatch.setattr(proving, "contents_of", broken)
    assert examine(shop, shop.client, examinee, CATALOGUE[:1]).passed
    (said,) = telling.warnings
    assert (
        said
        == f"{examinee.cell.id}: its contents could not be kept, so that it has no SBOM: LookupError: no such thing"
    )
