"""The command: choosing checks, mending, exit codes, what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.group import run
from orchestrator.lint import before
from orchestrator.lint.catalogue import CATALOGUE, choose
from orchestrator.lint.fixing import changes, write
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix
from tests.unit.lint.ground import Project


@pytest.fixture(autouse=True)
def _no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no git: what it knows is tried in tests of `before`, and for real in the integration tests."""
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.fixture
def ground(ground: Project) -> Project:
    """The project with the rules of this program, which the command always takes."""
    ground.own = False
    ground.settle()
    return ground


def call(capsys: pytest.CaptureFixture[str], project: Project, *args: str) -> tuple[int, str, str]:
    code = run(["lint", "--matrix", str(project.matrix), "--select", "M", "--select", "D", *args])
    out, err = capsys.readouterr()
    return code, out, err


def spoil(project: Project) -> None:
    """A stale file, one that is missing, and lists out of order."""
    stale = project.root / "3.7" / "stretch" / "Dockerfile"
    stale.write_text(stale.read_text().replace("tk-dev", "tk"))
    (project.root / "3.6" / "alpine3.6" / "Dockerfile").unlink()
    text = project.matrix.read_text()
    text = text.replace('["amd64", "arm32v6", "arm64v8",', '["arm64v8", "amd64", "arm32v6",')
    text = text.replace(
        '"stretch", "slim-stretch", "alpine3.8", "alpine3.7"', '"alpine3.7", "alpine3.8", "stretch", "slim-stretch"'
    )
    project.matrix.write_text(text)


def test_the_codes_are_stable_and_every_check_has_a_reason() -> None:
    codes = [check.code for check in CATALOGUE]
    assert codes == sorted(set(codes), key=lambda code: code[1:])
    for check in CATALOGUE:
        assert check.code[1] == str("MRDATU".index(check.code[0]) + 1)
        assert check.title.endswith(".")
        assert check.why.endswith((".", ".)"))
        assert check.link.startswith("https://")
        assert (check.look is None) != (check.ask is None)
        assert check.kind


def test_checks_are_chosen_by_the_beginning_of_their_codes() -> None:
    assert {one.code for one in choose(["U61"], online=True)} == {"U610", "U611", "U612", "U613", "U614"}
    assert choose(["U61"]) == ()
    assert "M108" not in {one.code for one in choose(ignore=["M108", "T"])}
    assert {one.code[0] for one in choose(["M", "R2"], ["M1"])} == {"R"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "M999"], 'no check has the code "M999"'),
        (["--ignore", ""], "no check has the code"),
        (["--explain", "M1O8"], "did you mean M108?"),
        (["--explain", "M"], "'orchestrator lint --list' shows all of them"),
        (["--dry-run"], "add --fix"),
        (["--select", "A403", "--select", "U690"], "A403, U690: made only with --online\n  mend: add --online"),
        (["--select", "M1", "--ignore", "M"], "no check is left"),
        (["--against", "no-such-commit"], "there is no git here"),
    ],
)
def test_wrong_words_are_refused(
    capsys: pytest.CaptureFixture[str], ground: Project, words: list[str], said: str
) -> None:
    code = run(["lint", "--matrix", str(ground.matrix), *words])
    out, err = capsys.readouterr()
    assert (code, out) == (4 if "--against" in words else 2, "")
    assert said in err


def test_list_and_explain_show_reasons_and_links(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--list"]) == 0
    out = capsys.readouterr().out
    for check in CATALOGUE:
        assert f"{check.code} {check.title}" in out
        assert check.why in out
        assert check.link in out
    assert run(["lint", "--explain", "d301"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("D301 ")
    assert "[error, --fix]" in out
    assert run(["lint", "--list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in document] == [check.code for check in CATALOGUE]
    assert document[0].keys() == {"code", "level", "title", "why", "link", "online", "fixable"}


def test_findings_as_json(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    spoil(ground)
    code, out, err = call(capsys, ground, "--json")
    assert (code, err) == (3, "")
    document: list[dict[str, Any]] = json.loads(out)
    assert list(document[0]) == ["code", "level", "place", "message", "mend", "fixable", "fixed"]
    wrong = [one for one in document if one["level"] != "note"]
    assert [one["code"] for one in wrong] == [
        "M113",
        "M113",
        "M113",
        "M113",
        "M113",
        "M114",
        "M114",
        "M114",
        "D301",
        "D302",
    ]
    assert all(one["fixable"] and not one["fixed"] for one in wrong)


def test_a_dry_run_shows_a_diff_and_writes_nothing(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    spoil(ground)
    before_ = {path: path.read_bytes() for path in ground.root.rglob("*") if path.is_file()}
    code, out, _ = call(capsys, ground, "--fix", "--dry-run")
    assert code == 3
    assert '+      "variants": ["stretch", "slim-stretch", "alpine3.8", "alpine3.7"]' in out
    assert "-\t\ttk \\" in out
    assert "--- /dev/null" in out
    assert {path: path.read_bytes() for path in ground.root.rglob("*") if path.is_file()} == before_


def test_fixing_brings_back_what_was_and_tells_it(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    clean = {path: path.read_bytes() for path in ground.root.rglob("*") if path.is_file()}
    spoil(ground)
    code, out, _ = call(capsys, ground, "--fix")
    assert code == 0
    assert {path: path.read_bytes() for path in ground.root.rglob("*") if path.is_file()} == clean
    assert "wrote " in out
    assert "fixed: D301" in out
    assert "error:" not in out
    code, out, _ = call(capsys, ground, "--fix", "--json")
    assert (code, {one["level"] for one in json.loads(out)}) == (0, {"note"})


def test_fixing_as_json_marks_what_was_fixed(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    spoil(ground)
    ground.data(lambda it: it["lines"]["3.5"].update(gpg_key="0" * 40))
    code, out, _ = call(capsys, ground, "--fix", "--json")
    document = [one for one in json.loads(out) if one["level"] != "note"]
    assert code == 3
    assert {one["code"] for one in document if not one["fixed"]} == {"M107"}
    assert {one["code"] for one in document if one["fixed"]} >= {"M113", "M114", "D301", "D302"}


def test_lines_are_put_in_order_and_nothing_else_moves(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    text = ground.matrix.read_text()
    at, end = text.index('    "3.6": {'), text.index('    "3.5": {')
    first = text.index('    "3.7": {')
    ground.matrix.write_text(text[:first] + text[at:end] + text[first:at] + text[end:])
    assert [one.code for one in ground.findings() if one.level != "note"] == ["M112"]
    matrix = load_matrix(ground.matrix)
    code, out, _ = call(capsys, ground, "--fix")
    assert code == 0
    assert "fixed: M112" in out
    assert ground.matrix.read_text() == text
    assert load_matrix(ground.matrix) == matrix


def test_warnings_fail_where_that_is_wanted(capsys: pytest.CaptureFixture[str], ground: Project) -> None:
    ground.data(lambda it: it.update(default_alpine="alpine3.7"))
    ground.settle()
    options = ("--ignore", "D", "--ignore", "M108", "--ignore", "M109")
    code, out, _ = call(capsys, ground, *options)
    assert code == 0
    assert "1 warning, 1 note; 'orchestrator lint --explain CODE' says why" in out
    assert call(capsys, ground, "--strict", *options)[0] == 3


def test_orphans_go_only_when_git_has_them(ground: Project) -> None:
    orphan = ground.root / "3.3" / "stretch" / "Dockerfile"
    orphan.parent.mkdir(parents=True)
    orphan.write_text((ground.root / "3.4" / "stretch" / "Dockerfile").read_text())
    assert changes(ground.findings()) == ()
    ground.committed = lambda path: path == orphan
    (change,) = changes(ground.findings())
    assert change.diff.splitlines()[1] == "+++ /dev/null"
    write([change], ground.root)
    assert change.done.startswith("removed ")
    assert not (ground.root / "3.3").exists()
    assert ground.root.exists()


def test_a_file_that_cannot_be_read_hides_no_other_finding(ground: Project) -> None:
    spoil(ground)
    broken = ground.root / "3.4" / "stretch" / "Dockerfile"
    broken.write_bytes(b"\xff")
    found = {one.spot.place: one for one in ground.findings() if one.code in {"D301", "D302"}}
    assert len(found) == 3
    one = found[str(broken)]
    assert (one.code, one.fixable) == ("D301", False)
    assert "cannot be read" in one.spot.message


def test_what_was_mended_is_told_although_the_same_is_left_elsewhere(
    capsys: pytest.CaptureFixture[str], ground: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suite in ("stretch", "wheezy"):
        (ground.root / "3.3" / suite).mkdir(parents=True)
        text = (ground.root / "3.4" / "stretch" / "Dockerfile").read_text()
        (ground.root / "3.3" / suite / "Dockerfile").write_text(text)
    monkeypatch.setattr(before, "committed", lambda _, path: "wheezy" in str(path))
    code, out, _ = call(capsys, ground, "--fix", "--select", "D303", "--json")
    found = [one for one in json.loads(out) if one["code"] == "D303"]
    assert code == 3
    assert [("wheezy" in one["place"], one["fixed"]) for one in found] == [(True, True), (False, False)]


def test_without_git_there_is_a_note_and_with_none_there_is_not(
    capsys: pytest.CaptureFixture[str], ground: Project
) -> None:
    code, out, _ = call(capsys, ground, "--select", "T", "--ignore", "M", "--ignore", "D")
    assert code == 0
    assert "T508" in out
    assert "there is no git here" in out
    assert call(capsys, ground, "--select", "T", "--ignore", "M", "--ignore", "D", "--against", "none") == (0, "", "")


def test_what_git_says_decides_what_is_compared(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def at(_: Path, revision: str, **__: Any) -> Matrix | None:
        asked.append(revision)
        return matrix if revision != "HEAD" else None

    monkeypatch.setattr(before, "matrix_at", at)
    assert before.before(Path("versions.json"), None) == (None, "versions.json is not in HEAD")
    assert before.before(Path("versions.json"), "HEAD~1") == (matrix, "")
    assert before.before(Path("versions.json"), "none") == (None, "")
    # An empty one is a variable that is not set, not a wish for the default.
    assert before.before(Path("versions.json"), "") == (matrix, "")
    assert asked == ["HEAD", "HEAD~1", ""]
