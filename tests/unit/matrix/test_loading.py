from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode, InvalidFileError
from orchestrator.matrix.load import load_matrix, parse_matrix
from tests.unit.conftest import ROOT

Document = dict[str, Any]
TEXT = (ROOT / "versions.json").read_text(encoding="utf-8")
HERE = Path("versions.json")


def refused(text: str) -> str:
    with pytest.raises(InvalidFileError) as caught:
        parse_matrix(text, HERE)
    assert caught.value.code is ExitCode.INVALID
    assert caught.value.mend
    assert "\n" not in caught.value.message
    return str(caught.value)


def changed(change: Callable[[Document], object]) -> str:
    document = json.loads(TEXT)
    change(document)
    return refused(json.dumps(document, indent=2))


@pytest.mark.parametrize(
    ("change", "place", "mend"),
    [
        (lambda d: d["lines"]["3.7"].update(relase="3.7.2"), 'lines["3.7"].relase', 'did you mean "release"?'),
        (
            lambda d: d["lines"]["3.7"]["source"].update(sha265="0"),
            'lines["3.7"].source.sha265',
            'did you mean "sha256"?',
        ),
        (lambda d: d["lines"]["3.7"]["source"].pop("sha256"), 'lines["3.7"].source', 'add "sha256"'),
        (
            lambda d: d["lines"]["3.7"].update(variants=["strech"]),
            'lines["3.7"].variants[0]',
            'did you mean "stretch"?',
        ),
        (lambda d: d["lines"]["3.4"]["variants"].append("stretch"), 'lines["3.4"].variants[4]', "keep one"),
        (lambda d: d["lines"]["2.7"].update(aliases=["latest"]), 'lines["2.7"].aliases[0]', "one line only"),
        (lambda d: d["lines"]["3.6"].update(aliases=["3.7.2"]), 'lines["3.6"].aliases[0]', "one line only"),
        (lambda d: d["lines"]["3.6"].update(aliases=["slim"]), 'lines["3.6"].aliases', "alias"),
        (lambda d: d["lines"]["3.7"].update(release="3.6.9"), 'lines["3.7"].release', "3.7."),
        (lambda d: d["lines"]["3.7"].update(release=3.7), 'lines["3.7"].release', "type"),
        (lambda d: d["lines"]["3.7"]["source"].update(sha256="ABC"), 'lines["3.7"].source.sha256', "match"),
        (lambda d: d["lines"].update({"3.x": d["lines"]["3.7"]}), 'lines["3.x"]', "match"),
        (lambda d: d["suites"]["stretch"].update(family="debain"), "suites.stretch.family", 'did you mean "debian"?'),
        (lambda d: d["suites"]["stretch"].update(archived="yes"), "suites.stretch.archived", "type"),
        (
            lambda d: d["suites"]["stretch"]["architectures"].append("arm64"),
            "suites.stretch.architectures[7]",
            'mean "arm64v8"',
        ),
        (lambda d: d["enabled_architectures"].append("riscv64"), "enabled_architectures[2]", "use one of"),
        (lambda d: d.update(enabled_architectures=[]), "enabled_architectures", "size"),
        (lambda d: d["architectures"].update(i386="linux/amd64"), "architectures.i386", "of its own"),
        (lambda d: d.update(default_suite="alpine3.8"), "default_suite", "stretch"),
        (lambda d: d.update(default_alpine="alpine3.9"), "default_alpine", 'did you mean "alpine3.8"?'),
        (lambda d: d.pop("suites"), "the document", 'add "suites"'),
        (lambda d: d.update(lines={}), "lines", "add at least one"),
        (
            lambda d: d["lines"]["3.6"]["source"].update(sha256=d["lines"]["3.7"]["source"]["sha256"]),
            'lines["3.6"].source.sha256',
            "tarball",
        ),
    ],
)
def test_one_error_names_file_line_place_and_mend(change: Callable[[Document], object], place: str, mend: str) -> None:
    said = changed(change)
    assert said.startswith("versions.json:")
    assert said.split(":")[1].isdigit()
    assert f" {place}: " in said
    assert mend in said


@pytest.mark.parametrize(
    "hostile",
    [
        '"',
        "'",
        "$(id)",
        "`id`",
        "a\nb",
        "{{ x }}",
        "{% x %}",
        "..",
        "a b",
        "\\",
        "\x00",
        "é",
        "\ud800",
        "#",
        ";",
        "&",
        "|",
        "*",
    ],
)
def test_hostile_text_is_refused_wherever_it_stands(hostile: str) -> None:
    document = json.loads(TEXT)
    changes: tuple[Callable[[Document], object], ...] = (
        lambda d: d["lines"]["3.7"].update(release=f"3.7.2{hostile}"),
        lambda d: d["suites"]["stretch"]["bases"].update(slim=f"debian:{hostile}"),
        lambda d: d["lines"]["3.7"].update({f"release{hostile}": "x"}),
        lambda d: d.update(name=hostile),
    )
    for change in changes:
        copy = json.loads(json.dumps(document))
        change(copy)
        assert "not allowed" in refused(json.dumps(copy))


def test_why_an_architecture_is_best_effort_is_a_sentence_of_any_words() -> None:
    document = json.loads(TEXT)
    why = "the machine is away; its emulator isn't up to it (see #7)"
    document["best_effort_architectures"] = {"arm64v8": why}
    assert parse_matrix(json.dumps(document), Path("versions.json")).best_effort == {"arm64v8": why}
    for wrong in ("", "  ", "two\nlines", "\u001b[31m"):
        document["best_effort_architectures"] = {"arm64v8": wrong}
        assert "best_effort_architectures" in refused(json.dumps(document))
    document["best_effort_architectures"] = {"$(arm64v8)": why}
    assert "best_effort_architectures" in refused(json.dumps(document))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("{", "versions.json:1:2"),
        ("[]", "the document"),
        ("null", "the document"),
        ('{"name": NaN}', "NaN"),
        ('{"name": ' + "9" * 5000 + "}", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"name": "python", "name": "python"}', '"name" stands twice'),
    ],
)
def test_what_is_not_a_matrix_at_all(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="does not exist"):
        load_matrix(tmp_path / "versions.json")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidFileError, match="not UTF-8"):
        load_matrix(path)


def test_a_repeated_key_deep_inside_is_found_with_its_line() -> None:
    said = refused(TEXT.replace('"release": "3.7.2",', '"release": "3.7.2",\n      "release": "3.7.2",'))
    assert '"release" stands twice' in said


def test_order_in_the_file_does_not_matter() -> None:
    document = json.loads(TEXT)
    document["lines"] = dict(reversed(document["lines"].items()))
    for line in document["lines"].values():
        line["variants"].reverse()
    turned = parse_matrix(json.dumps(document), HERE)
    assert [image.id for image in turned.images] == [image.id for image in parse_matrix(TEXT, HERE).images]


def test_pre_releases_lie_in_the_directory_of_their_release() -> None:
    document = json.loads(TEXT)
    document["lines"]["3.7"]["release"] = "3.7.3rc1"
    line = parse_matrix(json.dumps(document), HERE).lines[0]
    assert line.source.url.endswith("/3.7.3/Python-3.7.3rc1.tar.xz")


def test_a_suite_without_an_enabled_architecture_has_no_cell_there() -> None:
    document = json.loads(TEXT)
    document["enabled_architectures"] = ["arm32v6"]
    cells = parse_matrix(json.dumps(document), HERE).cells
    assert cells
    assert all(cell.image.variant.suite.family == "alpine" for cell in cells)
