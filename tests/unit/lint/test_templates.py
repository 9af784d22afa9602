"""Names and inclusions of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lint.templates import Templates


def read(directory: Path, **texts: str) -> Templates:
    for name in ("full", "slim", "alpine"):
        texts.setdefault(name, "FROM x")
    for name, text in texts.items():
        rendered = name in {"full", "slim", "alpine", "native-tools"}
        (directory / f"{name}{'.Dockerfile' if rendered else ''}.j2").write_text(text)
    return Templates.read([directory])


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{ image.variant.base }} {{ line.source.file.endswith('.xz') }} {{ suite.version[0] }}", []),
        ("{{ recipe.has_step('x') }} {{ recipe.command[0] }} {{ recipe.environment[:before_release] }}", []),
        ("{% for one in recipe.wheels %}{{ one.sha256 }}{{ loop.last }}{{ range(3) }}{% else %}{{ image.id }}{% endfor %}", []),
        ("{% set x = image.line %}{{ x.release }}", []),
        ("{% for a, b in things() %}{{ a }}{% endfor %}", ["things"]),
        ("{% for one in recipe.wheels if one.nothing %}{% endfor %}{{ one }}", ["one.nothing", "one"]),
        ("{{ imag.id }}", ["imag"]),
        ("{{ image.variant.bas }}", ["image.variant.bas"]),
        ("{% set x = image.line %}{{ x.nothing }}", ["x.nothing"]),
        ("{% with e = recipe.environment[1:] %}{{ e[0].nam }}{% endwith %}{{ e }}", ["e[...].nam", "e"]),
        ("{{ line.pip.version.nothing | join }}", ["line.pip.version.nothing"]),
        ("{{ (image or line).anything }}", []),
        ("{% if image.no %}{% endif %}", ["image.no"]),
        ("{% macro said(what) %}{{ what }}{% endmacro %}{{ said(image.id) }}{{ what }}", ["what"]),
        ("{% block one %}{{ super() }}{{ nothing }}{% endblock %}{{ self.one() }}", ["nothing"]),
        ("{% set both %}{{ image.id }}{% endset %}{{ both }}", []),
        ("{% import 'a.j2' as parts %}{% from 'a.j2' import one, two as three %}{{ parts.x }}{{ one }}{{ three }}{{ two }}", ["two"]),
    ],
)  # fmt: skip
def test_names_are_looked_up_as_far_as_types_tell(tmp_path: Path, text: str, unknown: list[str]) -> None:
    assert [one.name for one in read(tmp_path, slim=text).unknown] == unknown


def test_the_native_tools_are_offered_other_names(tmp_path: Path) -> None:
    text = '{{ tools.host.name }}{{ suite.name }}{{ tools.nothing }}{{ line.release }}{% include "a.j2" %}'
    templates = read(tmp_path, **{"native-tools": text}, a="{{ recipe.has_step('x') }}{{ image.id }}", b="")
    assert [one.name for one in templates.unknown] == ["tools.nothing", "line"]
    assert templates.unused == ("b.j2",)
    assert [one.name for one in read(tmp_path, slim="{{ tools.host }}").unknown if one.template[0] == "s"] == ["tools"]


def test_what_may_be_missing_has_the_names_that_it_has_where_it_is_there(tmp_path: Path) -> None:
    templates = read(tmp_path, **{"native-tools": "{{ tools.corrected.cross }}{{ tools.corrected.nothing }}"})
    assert [one.name for one in templates.unknown] == ["tools.corrected.nothing"]


def test_what_is_included_knows_what_was_set_around_it(tmp_path: Path) -> None:
    around = '{% with environment = recipe.environment %}{% include "part.j2" %}{% endwith %}'
    one = "\n{% for variable in environment %}{{ variable.name }}{{ variable.nothing }}{% endfor %}"
    templates = read(tmp_path, slim=around, full=around, part=one)
    assert [(one.template, one.line, one.name) for one in templates.unknown] == [("part.j2", 2, "variable.nothing")]
    templates = read(tmp_path, slim='{% include "part.j2" %}', part=one)
    assert ("part.j2", "environment") in {(one.template, one.name) for one in templates.unknown}


def test_templates_are_reached_through_others(tmp_path: Path) -> None:
    templates = read(tmp_path, slim='{% include "a.j2" %}', a='{% include ["b.j2", "none.j2"] %}', b="", c="")
    assert templates.unused == ("c.j2",)
    named = '{% extends "a.j2" %}{% import "b.j2" as b %}{% from "c.j2" import x %}'
    assert read(tmp_path, slim=named, a="", b="", c="", d="").unused == ("d.j2",)
    assert read(tmp_path, slim="{% extends image.id %}", d="").unused == ()


def test_nothing_is_unused_where_a_name_is_known_when_rendering_only(tmp_path: Path) -> None:
    assert read(tmp_path, slim="{% include image.id %}", a="").unused == ()


def test_a_template_may_include_itself(tmp_path: Path) -> None:
    assert read(tmp_path, slim='{% include "slim.Dockerfile.j2" %}{{ x }}').unknown[0].name == "x"


def test_what_is_no_file_is_no_template(tmp_path: Path) -> None:
    (tmp_path / ".#slim.Dockerfile.j2").symlink_to("somebody@example.org.1")
    (tmp_path / "directory.j2").mkdir()
    templates = read(tmp_path)
    assert (len(templates.trees), templates.unused) == (3, ())


def test_the_first_directory_counts(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "slim.Dockerfile.j2").write_text("{{ own }}")
    read(tmp_path, slim="{{ other }}")
    assert [one.name for one in Templates.read([tmp_path / "own", tmp_path]).unknown] == ["own"]
