"""`orchestrator test`: its list, its refusals, its lines and its document, with examining faked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from orchestrator.build.execution import Execution
from orchestrator.cli.group import run
from orchestrator.cli.test_ import command
from orchestrator.errors import ExitCode
from orchestrator.ledger.ledger import Run
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.proving import Examination, Examinee
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.model import Outcome, Proof, Verdict
from tests.unit.conftest import ROOT

MATRIX = ("--matrix", str(ROOT / "versions.json"))
AMD, ARM = "3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"


def outcome(name: str, verdict: Verdict, detail: str = "seen") -> Outcome:
    return Outcome(name=name, verdict=verdict, detail=detail, seconds=1.25)


GOOD = (outcome("recipe/command", Verdict.PASSED),)
BAD = (
    outcome("interpreter/starts", Verdict.FAILED, "status 1"),
    outcome("pip/version", Verdict.NOT_MADE, "interpreter/starts failed"),
    outcome("recipe/command", Verdict.PASSED),
)


@dataclass
class FakeExaminer:
    """In the place of everything behind the command; `outcomes` are by cell, and all pass where nothing is said."""

    outcomes: dict[str, tuple[Outcome, ...]] = field(default_factory=dict)
    asked: list[Examinee] = field(default_factory=list)
    proofs: Sequence[Proof] = ()
    jobs: int = 0
    remembered: list[tuple[str, bool]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    code: ExitCode | None = None
    swept: int = 0

    def examine_all(
        self,
        _: Any,
        examinees: Sequence[Examinee],
        proofs: Sequence[Proof],
        *,
        jobs: int,
        on_outcome: Callable[..., None],
    ) -> tuple[Examination, ...]:
        self.asked, self.proofs, self.jobs = list(examinees), proofs, jobs
        found = []
        for examinee in examinees:
            made = self.outcomes.get(examinee.cell.id, GOOD)
            for one in made:
                on_outcome(examinee.cell, one)
            log = Path("/logs/x.log") if made == BAD else None
            found.append(
                Examination(examinee=examinee, digest="sha256:1", outcomes=made, seconds=2.5, whole=True, log=log)
            )
        return tuple(found)

    def remember(self, _: Any, run: int, examination: Examination, *, everything: bool) -> None:
        assert run == 7
        self.remembered.append((examination.examinee.cell.id, everything))

    @contextlib.contextmanager
    def ledger_run(self, command: str) -> Iterator[Run]:
        assert command == "test"
        going = Run(number=7)
        yield going
        self.code = going.code

    @contextlib.contextmanager
    def open_workshop(self, *_: Any) -> Iterator[Any]:
        def executions(cells: Sequence[Cell]) -> dict[str, Execution]:
            return {
                cell.architecture.name: Execution(emulator="qemu" if cell.architecture.name == "arm64v8" else "")
                for cell in cells
            }

        yield SimpleNamespace(
            client=None,
            progress=SimpleNamespace(note=self.notes.append),
            executions=executions,
            ledger=SimpleNamespace(run=self.ledger_run),
        )


@pytest.fixture
def examiner(monkeypatch: pytest.MonkeyPatch) -> FakeExaminer:
    fake = FakeExaminer()
    monkeypatch.setattr("orchestrator.pipeline.proving.examine_all", fake.examine_all)
    monkeypatch.setattr("orchestrator.pipeline.proving.remember", fake.remember)
    monkeypatch.setattr("orchestrator.pipeline.proving.siblings", lambda _, __: ())
    monkeypatch.setattr("orchestrator.pipeline.workshop.open_workshop", fake.open_workshop)
    monkeypatch.setattr("orchestrator.prove.containers.owners.sweep", lambda _: fake.swept)
    return fake


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(("test", *words, *MATRIX))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_list_says_everything_about_every_proof(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--list", "--json")
    document = json.loads(out)
    assert code == 0
    assert [one["name"] for one in document] == [proof.name for proof in CATALOGUE]
    linker = next(one for one in document if one["name"] == "recipe/linker")
    assert linker.keys() == {
        "name", "kind", "claim", "link", "applies", "seconds", "emulated_factor", "runs_the_image", "needs",
    }  # fmt: skip
    assert (linker["kind"], linker["applies"], linker["runs_the_image"]) == ("recipe", "Debian", False)
    install = next(one for one in document if one["name"] == "pip/install")
    assert (install["seconds"], install["needs"], install["runs_the_image"]) == (
        60,
        ["interpreter/starts", "pip/version"],
        True,
    )


def test_the_list_for_people_is_a_line_per_proof_that_was_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--list", "--only", "recipe/l*", "--only", "pip/install", "--skip", "recipe/la*")
    lines = click.unstyle(out).splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == [
        "recipe/leftovers", "recipe/libraries", "recipe/linker", "pip/install",
    ]  # fmt: skip
    linker = next(line for line in lines if line.startswith("recipe/linker "))
    assert " [Debian] " in linker
    assert "At most" not in linker
    assert " At most 60 s, emulated 600 s. https://" in lines[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "recipy"], "did you mean recipe?"),
        (["--list", "--skip", "nothing-like-it"], "there is no proof nothing-like-it"),
        (["--only", "recipe/command", "--skip", "recipe"], "no proof is left to make"),
        (["--image", "x:1"], "--image and --as go together"),
        (["--as", AMD], "--image and --as go together"),
        (["--image", "x:1", "--as", AMD, "--version", "3.7"], "--image proves one image"),
        (["--image", "x:1", "--as", AMD, ARM], "--image proves one image"),
        (["--image", "x:1", "--as", "3.7-slim-stretch"], f"name one, with its architecture: {AMD}"),
        (["--image", "x:1", "--as", "3.8-slim"], "there is no"),
        (["--jobs", "0"], "0 is not in the range"),
        (["3.9-slim"], "there is no"),
    ],
)
def test_what_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], examiner: FakeExaminer, words: list[str], said: str
) -> None:
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "mend: " in err
    assert examiner.asked == []


def test_cells_are_proven_under_their_tags_with_the_whole_catalogue(
    capsys: pytest.CaptureFixture[str], examiner: FakeExaminer
) -> None:
    code, out, _ = call(capsys, "3.7-slim-stretch", "-j", "2")
    assert code == 0
    assert [(one.cell.id, one.reference, str(one.execution)) for one in examiner.asked] == [
        (AMD, "amd64/python:3.7.2-slim-stretch", "native"),
        (ARM, "arm64v8/python:3.7.2-slim-stretch", "emulated (qemu)"),
    ]
    assert (tuple(examiner.proofs), examiner.jobs) == (CATALOGUE, 2)
    assert examiner.remembered == [(AMD, True), (ARM, True)]
    assert examiner.code is ExitCode.DONE
    assert click.unstyle(out).splitlines() == [
        f"{AMD}    ok    recipe/command               1.2 s  seen",
        f"{ARM}  ok    recipe/command               1.2 s  seen",
        f"{AMD}: all 1 proofs passed (native, 2.5 s)",
        f"{ARM}: all 1 proofs passed (emulated (qemu), 2.5 s)",
    ]


def test_a_refused_image_is_said_to_be_with_its_log(capsys: pytest.CaptureFixture[str], examiner: FakeExaminer) -> None:
    examiner.outcomes[AMD] = BAD
    code, out, _ = call(capsys, AMD)
    assert code == 1
    assert examiner.code is ExitCode.CELLS_FAILED
    assert click.unstyle(out).splitlines() == [
        f"{AMD}  FAIL  interpreter/starts           1.2 s  status 1",
        f"{AMD}        pip/version                  1.2 s  not made: interpreter/starts failed",
        f"{AMD}  ok    recipe/command               1.2 s  seen",
        f"{AMD}: REFUSED: interpreter/starts: status 1 (1 of 3 proofs passed; native, 2.5 s)",
        "    all that was said: /logs/x.log",
    ]


def test_the_wrong_architecture_has_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str], examiner: FakeExaminer
) -> None:
    examiner.outcomes[AMD] = (outcome("architecture/elf", Verdict.FAILED),)
    assert call(capsys, AMD)[0] == ExitCode.VERIFICATION
    examiner.outcomes[ARM] = BAD
    assert call(capsys, "3.7-slim-stretch")[0] == ExitCode.CELLS_FAILED


def test_the_document_is_all_there_is_on_stdout(capsys: pytest.CaptureFixture[str], examiner: FakeExaminer) -> None:
    examiner.outcomes[ARM] = BAD
    code, out, _ = call(capsys, "3.7-slim-stretch", "--json")
    good, bad = json.loads(out)
    assert code == 1
    assert good == {
        "id": AMD, "reference": "amd64/python:3.7.2-slim-stretch", "digest": "sha256:1", "ok": True, "executed": "native",
        "seconds": 2.5, "log": "",
        "proofs": [{"name": "recipe/command", "passed": True, "verdict": "passed", "detail": "seen", "seconds": 1.25}],
    }  # fmt: skip
    assert (bad["ok"], bad["log"]) == (False, "/logs/x.log")
    assert [(one["verdict"], one["passed"]) for one in bad["proofs"]] == [
        ("failed", False), ("not made", False), ("passed", True),
    ]  # fmt: skip


def test_any_image_can_be_proven_as_a_cell(capsys: pytest.CaptureFixture[str], examiner: FakeExaminer) -> None:
    examiner.swept = 3
    assert call(capsys, "--image", "theirs:1", "--as", ARM, "--only", "recipe")[0] == 0
    assert [(one.cell.id, one.reference) for one in examiner.asked] == [(ARM, "theirs:1")]
    assert {proof.name.partition("/")[0] for proof in examiner.proofs} == {"recipe"}
    assert examiner.remembered == [(ARM, False)]
    assert examiner.notes == ["removed 3 containers and images that a killed run had left"]


def test_where_no_proof_applied_nothing_is_claimed(capsys: pytest.CaptureFixture[str], examiner: FakeExaminer) -> None:
    examiner.outcomes[AMD] = ()
    code, out, _ = call(capsys, AMD, "--only", "parity")
    assert code == 2
    assert "passed" not in out
    assert f"{AMD}: no proof was made" in click.unstyle(out)


def test_proofs_are_completed() -> None:
    option = next(one for one in command.params if one.name == "only")
    with click.Context(command) as context:
        words = [one.value for one in option.shell_complete(context, "override")]
    assert words == ["override", "override/command", "override/default", "override/entrypoint"]
