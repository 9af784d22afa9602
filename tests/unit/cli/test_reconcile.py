"""`reconcile`: what its words mean. What it finds is shown in `tests/unit/reconcile` and, with a real registry, in `tests/integration`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.group import run
from orchestrator.config.settings import Rebuilds
from orchestrator.errors import UnreachableError
from orchestrator.reconcile import reconcile as room
from orchestrator.reconcile.model import Compared, Finding, Kind
from orchestrator.reconcile.reconcile import Fix, Task
from tests.unit.conftest import ROOT

VERSIONS = str(ROOT / "versions.json")
FINDING = Finding(
    kind=Kind.EXTRA, image="", reference="localhost:5000/amd64/python:typo", reason="why", mend="type this"
)


class FakeReconcile:
    """Keeps what it was asked, and finds one thing."""

    def __init__(self) -> None:
        self.asked: list[tuple[Task, Fix | None]] = []
        self.error: Exception | None = None
        self.found = Compared(findings=(FINDING,), checked=288, requests=3)

    def __call__(self, task: Task, _places: object, _progress: object, *, fix: Fix | None) -> Compared:
        self.asked.append((task, fix))
        if self.error is not None:
            raise self.error
        return self.found


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeReconcile:
    found = FakeReconcile()
    monkeypatch.setattr(room, "reconcile", found)
    monkeypatch.chdir(tmp_path)
    return found


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(("reconcile", "--matrix", VERSIONS, *args))
    out, err = capsys.readouterr()
    return code, out, err


def test_findings_end_with_1_and_go_to_stdout(capsys: pytest.CaptureFixture[str], fake: FakeReconcile) -> None:
    code, out, err = call(capsys, "--registry", "localhost:5000", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["findings"][0]["reference"] == FINDING.reference
    code, out, _ = call(capsys, "--registry", "localhost:5000")
    assert (code, out.splitlines()[0]) == (1, "declared nowhere")
    fake.found = Compared(findings=(), checked=288, requests=3)
    assert call(capsys, "--registry", "localhost:5000")[0] == 0


def test_a_registry_that_cannot_be_asked_ends_with_5(capsys: pytest.CaptureFixture[str], fake: FakeReconcile) -> None:
    fake.error = UnreachableError("it is not there", mend="start it")
    assert call(capsys, "--registry", "localhost:5000") == (
        5, "", "orchestrator: it is not there\n  mend: start it\n",
    )  # fmt: skip


def test_all_images_are_whole_and_some_are_not(capsys: pytest.CaptureFixture[str], fake: FakeReconcile) -> None:
    call(capsys, "--registry", "localhost:5000")
    call(capsys, "--registry", "localhost:5000", "--arch", "amd64", "3.7-stretch-amd64", "3.7-alpine3.8")
    (everything, _), (some, fix) = fake.asked
    assert (len(everything.images), everything.whole, everything.signed) == (22, True, False)
    assert ([image.id for image in some.images], some.whole, fix) == (["3.7-stretch", "3.7-alpine3.8"], False, None)
    assert some.names.of_index("3") == "localhost:5000/library/python:3"
    assert some.words.fix("x") == f"orchestrator reconcile --fix x --registry localhost:5000 --matrix {VERSIONS}"


def test_the_config_says_where_and_how(capsys: pytest.CaptureFixture[str], fake: FakeReconcile, tmp_path: Path) -> None:
    (tmp_path / "orchestrator.yaml").write_text(
        "registry: registry.example\nnamespace: us\nrebuilds: never\nsigning: {tlog: true}\n"
    )
    call(capsys, "--fix", "--no-wait", "--remove-extra")
    call(capsys, "--fix", "--allow-rebuild")
    (task, first), (_, second) = fake.asked
    assert task.names.of_index("3") == "registry.example/us/python:3"
    assert task.signed
    assert task.words.remove_extra == f"orchestrator reconcile --fix --remove-extra --matrix {VERSIONS}"
    assert first == Fix(rebuilds=Rebuilds.NEVER, remove_extra=True, wait=False)
    assert second == Fix(rebuilds=Rebuilds.ALWAYS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no registry to publish to"),
        (["--registry", "user:secret@host"], "cannot be --registry"),
        (["--registry", "myregistry"], 'docker takes "myregistry", a name without a dot, for a namespace'),
        (["--registry", "localhost:99999"], "localhost has no port 99999"),
        (["--registry", "localhost:5000", "--remove-extra"], "--remove-extra changes the registry"),
        (["--registry", "localhost:5000", "--allow-rebuild"], "--allow-rebuild changes the registry"),
    ],
)
def test_what_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], fake: FakeReconcile, words: list[str], said: str
) -> None:
    code, out, err = call(capsys, *words)
    assert (code, out, fake.asked) == (2, "", [])
    assert said in err
    assert "mend: " in err
