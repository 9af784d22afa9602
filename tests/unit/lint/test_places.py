"""Where findings say that they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lint.positions import line_of_yaml, shown
from orchestrator.lint.scripts import Script
from tests.unit.lint.ground import Project


def test_a_finding_names_file_and_line(ground: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ground.root)
    ground.data(lambda it: it.update(default_alpine="alpine3.7"))
    number = next(n for n, line in enumerate(ground.matrix.read_text().splitlines(), 1) if '"default_alpine"' in line)
    ground.settle()
    assert [one.spot.place for one in ground.findings()] == [f"versions.json:{number}"]


def test_a_stale_dockerfile_names_the_first_line_that_differs(ground: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ground.root)
    path = ground.root / "3.7" / "stretch" / "Dockerfile"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:9], "RUN true\n", *lines[10:]]))
    assert [one.spot.place for one in ground.findings()] == ["3.7/stretch/Dockerfile:10"]
    path.write_text("".join(lines[:-1]))
    assert [one.spot.place for one in ground.findings()] == ["3.7/stretch/Dockerfile"]


def test_what_a_template_brings_is_told_at_the_template(ground: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ground.root)
    ground.template("compile.j2", "WORKDIR", "# get-pip.py is only spoken of\nRUN true \\\n\t&& apt-key list\nWORKDIR")
    ground.settle()
    lines = (ground.templates / "compile.j2").read_text().splitlines()
    (found,) = ground.findings()
    line = lines.index("\t&& apt-key list") + 1
    assert found.spot.place == f"dockerfile-templates/compile.j2:{line}"
    assert found.spot.message.endswith("(and in 22 more places)")


def test_a_rule_is_found_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("a:\n  - x: 1\n  - x: 2\n    y: 3\n")
    assert line_of_yaml(path, ("a", 1)) == 3
    assert line_of_yaml(path, ("a", 1, "y")) == 4
    assert line_of_yaml(path, ("a", 1, "nothing")) == 3
    assert line_of_yaml(path, ("a", 7)) == 2
    assert line_of_yaml(path, ("b",)) == 1
    assert line_of_yaml(path, ("a", 1, "y", "z")) == 4


def test_paths_are_short_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b") == "a/b"
    assert shown(Path("a")) == "a"
    assert shown(Path("/elsewhere/b")) == "/elsewhere/b"


def test_commands_are_taken_apart_with_their_lines() -> None:
    text = "FROM x\n\n# RUN no\nRUN a \\\n\t&& b; c \\\n# between\n\t| d\nADD e f\n"
    pieces = [(one.line, one.text.strip(" \t\n\\")) for one in Script(path=Path("x"), text=text).pieces()]
    assert [one for one in pieces if one[1]] == [
        (1, "FROM x"),
        (4, "RUN a"),
        (5, "b"),
        (5, "c"),
        (7, "d"),
        (8, "ADD e f"),
    ]
