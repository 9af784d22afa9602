"""Sides with other rules and other templates than today's: what a checkout of this program is compared with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.compare.compare import compare
from orchestrator.compare.model import Comparison, Fate, Kind, Topic
from orchestrator.compare.side import Side, side_of
from orchestrator.compare.text import text_of
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.rules import RULES, load_rules
from tests.unit.compare import edits
from tests.unit.compare.edits import about, edited, values
from tests.unit.conftest import ROOT


def with_rules(matrix: Matrix, directory: Path, file: str, before: str, after: str) -> Side:
    """The matrix by rules in which one place of a file differs."""
    shutil.copytree(RULES, directory)
    text = (directory / file).read_text()
    assert text.count(before) == 1
    (directory / file).write_text(text.replace(before, after))
    return side_of(matrix, "after", rules=load_rules(directory), identity="other")


def with_templates(matrix: Matrix, directory: Path, file: str, before: str, after: str) -> Side:
    shutil.copytree(ROOT / "dockerfile-templates", directory)
    text = (directory / file).read_text()
    assert text.count(before) == 1
    (directory / file).write_text(text.replace(before, after))
    return side_of(matrix, "after", directories=[directory])


def fate(comparison: Comparison, cell: str) -> Fate:
    return next(one.fate for one in comparison.cells if one.id == cell)


def test_a_package_for_fewer_images(matrix: Matrix, tmp_path: Path) -> None:
    after = with_rules(
        matrix,
        tmp_path / "rules",
        "packages.yaml",
        'package: uuid-dev\n  role: build\n  when: {flavor: slim, line: ">=3.7"}',
        'package: uuid-dev\n  role: build\n  when: {flavor: slim, line: ">=3.6"}',
    )
    comparison = compare(side_of(matrix, "before"), after)
    (change,) = comparison.changes
    assert (change.topic, change.subject, change.after) == (Topic.PACKAGE, "uuid-dev", "build")
    assert change.where == ("3.6-slim-stretch",)
    assert fate(comparison, "3.6-slim-stretch-amd64") is Fate.BUILT
    # The rules also say what is proven.
    assert fate(comparison, "3.7-stretch-amd64") is Fate.PROVEN


def test_a_package_that_stays_from_now_on(matrix: Matrix, tmp_path: Path) -> None:
    rule = "package: tk-dev\n  role: {}\n  when: {{flavor: [slim, alpine]}}"
    after = with_rules(matrix, tmp_path / "rules", "packages.yaml", rule.format("build"), rule.format("runtime"))
    comparison = compare(side_of(matrix, "before"), after)
    assert values(comparison, Topic.PACKAGE) == {"tk-dev": ("build", "runtime")}
    assert len(about(comparison, Topic.PACKAGE)[0].where) == 17


def test_modules_flags_and_their_order(matrix: Matrix, tmp_path: Path) -> None:
    before = side_of(matrix, "before")
    modules = with_rules(matrix, tmp_path / "modules", "modules.yaml", "module: _lzma", "module: _lzma2")
    found = values(compare(before, modules), Topic.MODULE)
    assert found == {"_lzma": ("imports", None), "_lzma2": (None, "imports")}
    comparison = compare(before, modules)
    assert not about(comparison, Topic.DOCKERFILE)
    assert not comparison.fated(Fate.BUILT)
    shared = "- flag: --enable-shared\n"
    text = (RULES / "configure.yaml").read_text()
    rule = shared + text.split(shared)[1].split("- flag:")[0]
    directory = tmp_path / "flags"
    shutil.copytree(RULES, directory)
    (directory / "configure.yaml").write_text(text.replace(rule, "") + rule)
    last = compare(before, side_of(matrix, "after", rules=load_rules(directory)))
    order = about(last, Topic.CONFIGURE)
    assert {one.subject for one in order} == {"order"}
    assert all((one.after or "").endswith("--enable-shared") for one in order)
    assert sum(len(one.where) for one in order) == 22


def test_a_template_is_told_by_its_lines(matrix: Matrix, tmp_path: Path) -> None:
    after = with_templates(
        matrix, tmp_path / "templates", "compile.j2", '\t&& make -j "$(nproc)"', '\t&& make --quiet -j "$(nproc)"'
    )
    comparison = compare(side_of(matrix, "before"), after)
    (change,) = comparison.changes
    assert (change.topic, len(change.where)) == (Topic.DOCKERFILE, 22)
    assert (change.before, change.after) == ('&& make -j "$(nproc)"', '&& make --quiet -j "$(nproc)"')
    assert len(comparison.fated(Fate.BUILT)) == 44


def test_lines_in_another_order_are_a_change(matrix: Matrix, tmp_path: Path) -> None:
    two = "COPY --from=build /usr/local /usr/local\nRUN ldconfig \\\n\t&& {{ recipe.command[0] }} --version\n"
    first, rest = two.split("\n", 1)
    after = with_templates(matrix, tmp_path / "templates", "full.Dockerfile.j2", two, f"{rest}{first}\n")
    comparison = compare(side_of(matrix, "before"), after)
    (change,) = comparison.changes
    assert (change.topic, change.kind, len(change.where)) == (Topic.DOCKERFILE, Kind.CHANGED, 5)
    assert change.before == change.after == "COPY --from=build /usr/local /usr/local"
    assert len(comparison.fated(Fate.BUILT)) == 10
    # Also beside a change that accounts for other lines.
    release = edited(edits.release)
    moved = side_of(release, "after", directories=[tmp_path / "templates"])
    assert [change] == about(compare(side_of(matrix, "before"), moved), Topic.DOCKERFILE)
    there, back = compare(side_of(matrix, "before"), moved), compare(moved, side_of(matrix, "before"))
    assert there.mirrored == back


def test_blanks_alone_are_told_once(matrix: Matrix, tmp_path: Path) -> None:
    after = with_templates(matrix, tmp_path / "templates", "full.Dockerfile.j2", "FROM base\n", "FROM  base\n")
    comparison = compare(side_of(matrix, "before"), after)
    (change,) = comparison.changes
    assert (change.topic, change.subject, len(change.where)) == (Topic.DOCKERFILE, "blanks", 5)
    assert "  ~ blanks  in all 5 full images" in text_of(comparison)


@pytest.mark.parametrize(
    ("file", "before", "after", "topic", "shown"),
    [
        ("result.yaml", "command: [python3]", "command: [python3, again]", Topic.COMMAND, ("python3", "python3 again")),
        ("result.yaml", "command: [python3]", "command: [idle3]", Topic.COMMAND, ("python3", "idle3")),
        ("result.yaml", "target: idle3", "target: idle3.x", Topic.SYMLINK, ("idle3", "idle3.x")),
        ("environment.yaml", "value: C.UTF-8", "value: en_US.UTF-8", Topic.ENVIRONMENT, ("C.UTF-8", "en_US.UTF-8")),
        ("configure.yaml", "flag: --enable-shared", "flag: --disable-shared", Topic.CONFIGURE, ("", None)),
    ],
)
def test_lines_that_a_change_accounts_for_are_not_told_again(
    matrix: Matrix,
    tmp_path: Path,
    file: str,
    before: str,
    after: str,
    topic: Topic,
    shown: tuple[str | None, str | None],
) -> None:
    comparison = compare(side_of(matrix, "before"), with_rules(matrix, tmp_path / "rules", file, before, after))
    assert shown in {(one.before, one.after) for one in about(comparison, topic)}
    assert {one.topic for one in comparison.changes} == {topic}
    assert comparison.fated(Fate.BUILT)
