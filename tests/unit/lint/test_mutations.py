"""For every code that files alone can show: one change that makes it appear, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from orchestrator.lint.catalogue import CATALOGUE
from orchestrator.lint.linting import lint
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Matrix
from tests.unit.lint.ground import Project

Change = Callable[[Project], object]


def data(change: Callable[[dict[str, Any]], object]) -> Change:
    """A change of the matrix, rendered afterwards."""

    def make(project: Project) -> None:
        project.data(change)
        project.settle()

    return make


def rule(file: str, change: Callable[[Any], object]) -> Change:
    def make(project: Project) -> None:
        project.rule(file, change)
        project.settle()

    return make


def template(name: str, old: str, new: str) -> Change:
    def make(project: Project) -> None:
        project.template(name, old, new)
        project.settle()

    return make


def package(**more: Any) -> Change:
    new = {"package": "zsh", "role": "build", "why": "A reason for a test.", "link": "https://example.org/", **more}
    return rule("packages.yaml", lambda rules: rules.append(new))


def run(words: str) -> Change:
    """Another command in the slim images."""
    return template("slim.Dockerfile.j2", "FROM base AS build\n", f"FROM base AS build\n\nRUN {words}\n")


def without_slim(document: dict[str, Any]) -> None:
    bases = {"full": "buildpack-deps:buster", "slim": "debian:buster-slim"}
    document["suites"]["buster"] = suite("buster") | {"archived": True, "bases": bases}
    document["lines"]["3.7"]["variants"].insert(2, "buster")


def newer_alpine(document: dict[str, Any]) -> None:
    document["suites"]["alpine3.10"] = {**document["suites"]["alpine3.8"], "bases": {"alpine": "alpine:3.10"}}
    document["lines"]["3.7"]["variants"].insert(2, "alpine3.10")
    document["default_alpine"] = "alpine3.10"


def reverse_lines(document: dict[str, Any]) -> None:
    document["lines"] = dict(reversed(document["lines"].items()))


def unknown_architecture(document: dict[str, Any]) -> None:
    document["architectures"]["riscv64"] = "linux/riscv64"
    document["enabled_architectures"].append("riscv64")


def suite(name: str) -> dict[str, Any]:
    return {"family": "debian", "bases": {"full": f"buildpack-deps:{name}"}, "architectures": ["amd64", "arm64v8"]}


def orphan(project: Project) -> None:
    path = project.root / "3.3" / "stretch" / "Dockerfile"
    path.parent.mkdir(parents=True)
    path.write_text((project.root / "3.4" / "stretch" / "Dockerfile").read_text())


def by_hand(project: Project) -> None:
    path = project.root / "3.7" / "stretch" / "Dockerfile"
    path.write_text(path.read_text().replace("tk-dev", "tk"))


MUTATIONS: list[tuple[str, Change]] = [
    ("M101", data(lambda it: it["suites"].update(buster=suite("buster") | {"archived": True}))),
    ("M102", data(without_slim)),
    ("M103", data(lambda it: it["lines"]["2.7"]["aliases"].append("3.0"))),
    ("M104", data(lambda it: it["lines"]["3.6"]["aliases"].append(it["lines"]["3.7"]["aliases"].pop()))),
    ("M105", data(lambda it: it["lines"]["3.7"]["aliases"].remove("latest"))),
    ("M105", data(lambda it: it["lines"]["2.7"]["aliases"].remove("2"))),
    ("M106", data(lambda it: it.update(default_alpine="alpine3.7"))),
    ("M106", data(lambda it: it.pop("default_alpine"))),
    ("M107", data(lambda it: it["lines"]["3.5"].update(gpg_key=it["lines"]["3.7"]["gpg_key"]))),
    ("M108", lambda it: setattr(it, "today", date(2019, 3, 18))),
    ("M110", data(lambda it: it.update(release_site="http://www.python.org/ftp/python"))),
    ("M110", data(lambda it: it["hub"].update(repository="http://example.org/python"))),
    ("M111", data(newer_alpine)),
    ("M112", data(reverse_lines)),
    ("M113", data(lambda it: it["lines"]["3.6"]["variants"].reverse())),
    ("M114", data(lambda it: it["suites"]["alpine3.7"]["architectures"].reverse())),
    (
        "M115",
        rule("steps.yaml", lambda it: it.append({"step": "archived-suite", "when": {"archived": True}, "why": "For a test.", "link": "https://x/"})),
    ),
    ("M116", data(lambda it: it.update(best_effort_architectures={"arm64v8": "It is slow."}))),
    ("R201", lambda it: (it.rules / "make.yaml").write_text("- {")),
    ("R201", rule("make.yaml", lambda it: it[0].update(colour="red"))),
    ("R202", rule("packages.yaml", lambda it: it[0].pop("link"))),
    ("R202", rule("result.yaml", lambda it: it["symlinks"][0].update(why=" "))),
    ("R203", rule("packages.yaml", lambda it: it[0].update(link="http://example.org/"))),
    ("R204", package(when={"flavor": "alpine", "family": "debian"})),
    ("R204", package(when={"line": ["2.9", ">=4"], "flavor": "slim"}, unless={"line": ">=3"})),
    ("R204", package(when={"suite": "alpine"})),
    ("R204", package(when={"line": ">=3"}, unless={"line": ">=3"})),
    ("R205", package(when={"flavor": "slim", "line": "<2.7"})),
    ("R206", rule("packages.yaml", lambda it: it[0].update(unless={"suite": "buster"}))),
    ("R207", rule("packages.yaml", lambda it: it[0].update(unless={"suite": "strech"}))),
    ("R208", rule("packages.yaml", lambda it: it.append(it[-1]))),
    ("R209", package(package="gcc", role="runtime", when={"flavor": "slim"})),
    ("R210", data(lambda it: it["lines"]["2.7"].pop("extras"))),
    ("D301", by_hand),
    ("D302", lambda it: (it.root / "3.7" / "stretch" / "Dockerfile").unlink()),
    ("D303", orphan),
    ("D304", lambda it: it.template("slim.Dockerfile.j2", "FROM base AS build", "{% if %}")),
    ("D304", lambda it: it.template("slim.Dockerfile.j2", '{% include "inputs.j2" %}', '{% include "none.j2" %}')),
    ("D305", template("compile.j2", "WORKDIR", "{% if false %}{{ image.nothing }}{% endif %}\nWORKDIR")),
    ("D305", lambda it: it.template("environment.j2", "variable.text", "variable.txt")),
    ("D306", lambda it: (it.templates / "left.j2").write_text("left over")),
    ("D307", run("apt-get update && apt-get install -y zsh bash")),
    ("A401", data(lambda it: it["suites"]["alpine3.6"]["architectures"].remove("arm64v8"))),
    ("A402", data(unknown_architecture)),
    ("T508", lambda it: setattr(it, "uncompared", "there is no git here")),
    ("U601", run("gpg --batch --keyserver ha.pool.sks-keyservers.net --recv-keys 0D96")),
    ("U602", run("python get-pip.py")),
    ("U603", run("cd / \\\n\t&& wget -O x http://example.org/x")),
    ("U603", template("inputs.j2", "FROM scratch AS python-wheels", "FROM scratch AS more\nADD http://example.org/x /\n\nFROM scratch AS python-wheels")),
    ("U604", run("apt-key add key.gpg")),
    ("U605", data(lambda it: it["suites"]["stretch"].pop("archived"))),
]  # fmt: skip


def test_nothing_is_to_be_said_of_the_ground(ground: Project) -> None:
    assert ground.findings() == ()


@pytest.mark.parametrize(("code", "change"), MUTATIONS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(MUTATIONS)])
def test_a_change_shows_under_its_code_alone(ground: Project, code: str, change: Change) -> None:
    change(ground)
    assert ground.codes() == {code}
    for finding in ground.findings():
        assert finding.spot.place
        assert finding.spot.message
        assert finding.spot.mend or finding.level == "note" or code in {"A401", "M115"}


def test_every_rule_that_is_not_needed_is_named(ground: Project) -> None:
    def without_alpine(document: dict[str, Any]) -> None:
        del document["default_alpine"]
        for name in [name for name in document["suites"] if name.startswith("alpine")]:
            del document["suites"][name]
        for line in document["lines"].values():
            line["variants"] = [name for name in line["variants"] if not name.startswith("alpine")]

    ground.data(without_alpine)
    said = next(one.spot.message for one in ground.findings() if one.code == "R205" and "packages" in one.spot.message)
    assert int(said.split()[0]) > 20
    assert said.count(",") >= 20
    assert "more" not in said


def test_a_suite_at_its_end_is_told(ground: Project) -> None:
    ground.data(lambda it: it["lines"].pop("3.4"))
    ground.today = date(2019, 4, 30)
    ground.settle()
    before = ground.codes()
    ground.today = date(2019, 5, 1)
    assert ground.codes() - before == {"M109"}


def test_tags_of_two_images_are_told_even_if_the_matrix_was_not_loaded(ground: Project) -> None:
    subject = ground.subject()
    doubled = replace(
        subject.matrix,
        images=(*subject.matrix.images, replace(subject.matrix.images[0], tags=("3.6",), shared_tags=())),
    )
    found = lint(replace(subject, matrix=doubled), [one for one in CATALOGUE if one.code == "T501"])
    assert [one.spot.message for one in found] == ["the tag 3.6 belongs to both 3.6-stretch and 3.7-stretch"]
    assert found[0].spot.place.endswith("versions.json:47")


def test_our_own_matrices_have_no_error_and_no_warning(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (matrix, debian_matrix):
        found = lint(Subject(matrix=one, today=date(2030, 1, 1)), CATALOGUE)
        assert {finding.level for finding in found} == {"note"}, found
        assert {"M108", "M109", "R205"} <= {finding.code for finding in found}


def test_an_archived_suite_is_accepted_with_its_reason(matrix: Matrix, debian_matrix: Matrix) -> None:
    def notes(of: Matrix) -> list[str]:
        return [
            one.spot.message
            for one in lint(Subject(matrix=of, today=date(2019, 2, 1)), CATALOGUE)
            if one.code == "M115"
        ]

    (note,) = notes(matrix)
    assert note.startswith("suites.stretch: The suite has left the mirrors")
    assert note.endswith("https://www.debian.org/distrib/archive")
    assert notes(debian_matrix) == []


def test_every_offline_code_has_a_change_of_its_own() -> None:
    tags = {"T501", "T502", "T503", "T504", "T505", "T506", "T507"}
    offline = {check.code for check in CATALOGUE if not check.online}
    assert {code for code, _ in MUTATIONS} | tags | {"M109"} == offline
