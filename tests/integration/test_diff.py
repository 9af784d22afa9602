"""`diff` with real git: the matrix, the rules and the templates as they were."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.revisions import matrix_at
from tests.integration.command_line import ROOT, Called, CommandLine
from tests.unit.compare import edits
from tests.unit.compare.edits import Edit, text_of_edited

_IDENTITY = {
    **{f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
_RULES = Path("orchestrator/recipe/rules")


class Tree:
    """A repository with a matrix."""

    def __init__(self, root: Path, orchestrator: CommandLine, *, matrix: str = "versions.json") -> None:
        self.root = root
        self.matrix = root / matrix
        self._orchestrator = orchestrator
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *words],  # noqa: S607 - the one of the machine
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **_IDENTITY},
        )
        return done.stdout.strip()

    def write(self, *changes: Edit) -> None:
        self.matrix.parent.mkdir(parents=True, exist_ok=True)
        self.matrix.write_text(text_of_edited(*changes))

    def commit(self, message: str = "a change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def replace(self, file: Path | str, before: str, after: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))

    def diff(self, *words: str) -> Called:
        return self._orchestrator("diff", "--matrix", str(self.matrix), *words, timeout=60)


@pytest.fixture
def tree(tmp_path: Path, orchestrator: CommandLine) -> Tree:
    """A user's own repository: a matrix and nothing else."""
    found = Tree(tmp_path / "tree", orchestrator)
    found.write()
    found.commit()
    return found


@pytest.fixture
def checkout(tmp_path: Path, orchestrator: CommandLine) -> Tree:
    """A checkout of this program, as far as the matter goes: matrix, rules, templates."""
    found = Tree(tmp_path / "checkout", orchestrator)
    found.write()
    shutil.copytree(ROOT / _RULES, found.root / _RULES)
    shutil.copytree(ROOT / "dockerfile-templates", found.root / "dockerfile-templates")
    found.commit()
    return found


def test_from_head_to_the_working_tree(tree: Tree) -> None:
    head = tree.git("rev-parse", "--short=12", "HEAD")
    nothing = tree.diff("--exit-code")
    assert (nothing.code, nothing.err) == (0, "")
    assert nothing.out.startswith(f"HEAD ({head}) -> the working tree: no change of meaning\n")
    tree.matrix.write_text(tree.matrix.read_text().replace("\n", "\n\n"))
    blanks = tree.diff("--exit-code")
    assert blanks.code == 0
    assert "no change of meaning (the text changed all the same)" in blanks.out
    tree.write(edits.release)
    changed = tree.diff()
    assert changed.code == 0
    assert "3.7 from 3.7.2 to 3.7.3" in changed.out
    assert (
        "note: the recipes of both sides are made by today's rules: this repository has none of its own" in changed.out
    )
    assert tree.diff("--exit-code").code == 1


def test_between_two_revisions_whatever_the_working_tree_holds(tree: Tree) -> None:
    first = tree.git("rev-parse", "HEAD")
    tree.write(edits.new_alpine)
    tree.commit()
    tree.git("tag", "second")
    tree.matrix.write_text("{ broken")
    found = tree.diff(first, "--to", "second", "--json").document
    assert found["before"] == first
    assert found["after"].startswith("second (")
    moved = [one for one in found["changes"] if one["topic"] == "tag" and one["kind"] == "changed"]
    assert {"3.7-alpine", "alpine", "2.7-alpine"} <= {one["subject"] for one in moved}
    back = tree.diff("second", "--to", first, "--json").document
    assert [(one["before"], one["after"]) for one in back["changes"]] == [
        (one["after"], one["before"]) for one in found["changes"]
    ]
    # The working tree itself cannot be compared while it is broken.
    assert tree.diff().code == 3


def test_a_matrix_that_was_not_there_yet(tree: Tree) -> None:
    tree.matrix = tree.root / "deep" / "versions.json"
    tree.write()
    found = tree.diff()
    assert found.code == 0
    assert "22 images added" in found.out
    assert "44 cells new" in found.out
    assert f"note: there was no {tree.matrix} at HEAD (" in found.out
    shutil.rmtree(tree.matrix.parent)
    nowhere = tree.diff("HEAD", "--to", "HEAD")
    assert nowhere.code == 2
    assert "there is no " in nowhere.err


def test_a_matrix_that_is_no_longer_there(tree: Tree) -> None:
    """Reading a revision needs neither the file nor its directory."""
    tree.matrix = tree.root / "deep" / "versions.json"
    tree.write()
    tree.commit()
    shutil.rmtree(tree.matrix.parent)
    before = matrix_at(tree.matrix, "HEAD")
    assert before is not None
    assert (len(before.images), before.path) == (22, tree.matrix)
    assert matrix_at(tree.matrix, "HEAD~1") is None
    tree.write(edits.release)
    tree.matrix.write_text('{"name": "python"}')
    tree.commit()
    with pytest.raises(
        InvalidFileError, match=r"at HEAD, the matrix is invalid by today's rules: .*versions\.json:1:1: "
    ):
        matrix_at(tree.matrix, "HEAD")
    old = tree.diff("HEAD", "--to", "HEAD~1")
    assert old.code == 3
    assert str(tree.matrix) in old.err


def test_the_rules_count_as_they_were(checkout: Tree) -> None:
    checkout.replace(
        _RULES / "packages.yaml",
        'package: uuid-dev\n  role: build\n  when: {flavor: slim, line: ">=3.7"}',
        'package: uuid-dev\n  role: build\n  when: {flavor: slim, line: ">=3.6"}',
    )
    found = checkout.diff("--json").document
    assert found["notes"] == []
    (change,) = found["changes"]
    assert (change["topic"], change["subject"], change["after"]) == ("package", "uuid-dev", "build")
    assert change["where"] == ["3.6-slim-stretch"]
    assert found["cells"]["built_again"] == ["3.6-slim-stretch-amd64", "3.6-slim-stretch-arm64v8"]
    assert len(found["cells"]["proven_again"]) == 42
    checkout.commit()
    assert checkout.diff("HEAD~1", "--json").document["changes"] == [change]
    assert checkout.diff("HEAD~1", "--to", "HEAD", "--json").document["changes"] == [change]


def test_a_reason_is_no_change_of_an_image(checkout: Tree) -> None:
    checkout.replace(_RULES / "packages.yaml", "why: The C compiler.", "why: The compiler of C.")
    found = checkout.diff("--json").document
    assert (found["changes"], found["text_changed"]) == ([], True)
    assert len(found["cells"]["proven_again"]) == 44


def test_templates_count_as_they_were(checkout: Tree) -> None:
    checkout.replace("dockerfile-templates/slim.Dockerfile.j2", "# Which packages own", "# These packages own")
    checkout.commit()
    checkout.write(edits.release)
    found = checkout.diff("HEAD~1", "--json").document
    (lines,) = [one for one in found["changes"] if one["topic"] == "dockerfile"]
    assert len(lines["where"]) == 5
    assert lines["after"].startswith("# These packages own")
    assert lines["before"].startswith("# Which packages own")
    assert len(found["cells"]["built_again"]) == 16
    # From HEAD on, only the release.
    assert {one["topic"] for one in checkout.diff("--json").document["changes"]}.isdisjoint({"dockerfile"})


def test_a_matrix_deeper_in_a_checkout_has_its_rules_too(checkout: Tree) -> None:
    checkout.matrix = checkout.root / "examples" / "versions.json"
    checkout.write()
    checkout.commit()
    checkout.replace(_RULES / "result.yaml", "command: [python3]", "command: [python3, again]")
    checkout.replace("dockerfile-templates/full.Dockerfile.j2", "FROM base AS build", "FROM base AS builder")
    found = checkout.diff("--json").document
    (command,) = [one for one in found["changes"] if one["topic"] == "cmd"]
    assert (command["before"], command["after"], len(command["where"])) == ("python3", "python3 again", 17)
    (lines,) = [one for one in found["changes"] if one["topic"] == "dockerfile"]
    assert (lines["after"], len(lines["where"])) == ("FROM base AS builder", 5)
    # Those of Python 3, and the full one of 2.7.
    assert len(found["cells"]["built_again"]) == 36


def test_ends_of_lines_and_what_an_editor_leaves_are_no_change(checkout: Tree) -> None:
    for directory in (_RULES, Path("dockerfile-templates")):
        for path in (checkout.root / directory).iterdir():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    # Not yet committed, committed, and checked out as git does for Windows.
    assert (same := checkout.diff("--exit-code")).code == 0, same.out
    checkout.commit()
    assert (same := checkout.diff("--exit-code")).code == 0, same.out
    for path in (checkout.root / _RULES).iterdir():
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    (checkout.root / _RULES / "packages.yaml~").write_text("- {}\n")
    (checkout.root / os.fsdecode(b"dockerfile-templates/\xff.j2")).write_text("")
    same = checkout.diff("--exit-code", "--json")
    assert (same.code, same.document["empty"]) == (0, True)
    checkout.commit()
    assert not checkout.diff("--json").document["text_changed"]


def test_a_template_that_is_not_utf8_is_named(checkout: Tree) -> None:
    (checkout.root / "dockerfile-templates" / "compile.j2").write_bytes(b"{# \xff #}")
    found = checkout.diff()
    assert found.code == 3
    assert "dockerfile-templates/compile.j2: byte 3 is not UTF-8" in found.err


def test_rules_that_nobody_understands_any_more(checkout: Tree) -> None:
    good = (checkout.root / _RULES / "steps.yaml").read_text()
    (checkout.root / _RULES / "steps.yaml").write_text("- {pace: quick}\n")
    checkout.commit()
    (checkout.root / _RULES / "steps.yaml").write_text(good)
    found = checkout.diff()
    assert found.code == 0
    assert "no change of meaning" in found.out
    assert "do not work today, so today's are taken: steps.yaml: " in found.out


def test_what_git_cannot_give(tree: Tree, tmp_path: Path, orchestrator: CommandLine) -> None:
    unknown = tree.diff("nonsense")
    assert (unknown.code, unknown.out) == (2, "")
    assert 'git knows no commit "nonsense"' in unknown.err
    option = tree.diff("--", "--output=x")
    assert option.code == 2
    assert not (tree.root / "x").exists()
    # A variable that is not set is no wish for the default.
    assert tree.diff("").code == 2
    cell = tree.diff("3.7-slim")
    assert "mend: name the revision first: orchestrator diff HEAD 3.7-slim" in cell.err
    tree.write(edits.release)
    tree.commit()
    shallow = Tree(tmp_path / "shallow", orchestrator)
    shallow.git("pull", "--quiet", "--depth=1", tree.root.as_uri(), "main")
    found = shallow.diff("HEAD~1")
    assert found.code == 2
    assert "this clone lacks its past\n  mend: git fetch --unshallow" in found.err
    outside = tmp_path / "outside" / "versions.json"
    outside.parent.mkdir()
    outside.write_text(text_of_edited())
    nowhere = orchestrator("diff", "--matrix", str(outside))
    assert nowhere.code == 4
    assert "not in a git repository" in nowhere.err


def test_a_comment_for_a_pull_request(tree: Tree) -> None:
    tree.write(edits.new_line)
    found = tree.diff("HEAD", "--format", "markdown", "3.8-*", "3.7-slim")
    assert found.code == 0
    assert found.out.startswith("**`HEAD (")
    assert (
        "| Tags that move | moved | `3-slim`, `3-slim-stretch`, `slim`, `slim-stretch` | `3.7-slim-stretch` |"
        in found.out
    )


def test_twenty_two_images_in_a_second(checkout: Tree) -> None:
    checkout.write(edits.release, edits.pip, edits.new_alpine)
    checkout.replace(_RULES / "packages.yaml", "why: The C compiler.", "why: The compiler of C.")
    checkout.replace("dockerfile-templates/slim.Dockerfile.j2", "# Which packages own", "# These packages own")
    # The quickest of some: what the machine does besides is not measured.
    seconds = min(checkout.diff("--json").seconds for _ in range(5))
    assert seconds < 1.0
    assert json.loads(checkout.diff("--json").out)["changes"]
