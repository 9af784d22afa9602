"""What people read: images in few words, lines of text, and what stands in the summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.compare.colour import coloured
from orchestrator.compare.entries import Mark, summary_of
from orchestrator.compare.model import Spot
from orchestrator.compare.naming import spoken_images
from orchestrator.compare.text import lines_of, text_of
from orchestrator.matrix.model import Image, Matrix
from tests.unit.compare import edits
from tests.unit.compare.edits import compared


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("all 22 images", lambda _: True),
        ("all 10 Debian images", lambda one: one.variant.suite.name == "stretch"),
        ("all 5 slim images", lambda one: one.variant.flavor == "slim"),
        ("all 12 Alpine images", lambda one: one.variant.flavor == "alpine"),
        ("all 5 alpine3.7 images", lambda one: one.variant.name == "alpine3.7"),
        ("all 4 images of 3.7", lambda one: one.line.name == "3.7"),
        ("all 17 images of 3.7, 3.6, 3.5 and 3.4", lambda one: one.line.version >= (3, 0)),
        ("all 4 slim images of 3.7, 3.6, 3.5 and 3.4", lambda one: "slim" in one.id and one.line.version >= (3, 0)),
        (
            "all 3 slim images of 3.6, 3.5 and 3.4",
            lambda one: "slim" in one.id and one.line.name in {"3.6", "3.5", "3.4"},
        ),
        ("all 22 images but 3.4-alpine3.7", lambda one: one.id != "3.4-alpine3.7"),
        ("all 12 Alpine images but 3.6-alpine3.6 and 2.7-alpine3.6", lambda one: one.variant.suite.version >= (3, 7)),
        ("3.7-stretch", lambda one: one.id == "3.7-stretch"),
        ("3.7-stretch and 2.7-stretch", lambda one: one.id in {"3.7-stretch", "2.7-stretch"}),
        (
            "3.7 (stretch, alpine3.8); 3.4-slim-stretch",
            lambda one: one.id in {"3.7-stretch", "3.7-alpine3.8", "3.4-slim-stretch"},
        ),
    ],
)
def test_images_in_few_words(matrix: Matrix, said: str, chosen: Callable[[Image], bool]) -> None:
    spots = [Spot.of(image, before=True, after=True) for image in matrix.images]
    assert spoken_images({one.id for one in matrix.images if chosen(one)}, spots) == said


def test_a_release_as_text() -> None:
    text = text_of(compared(edits.release))
    lines = text.splitlines()
    assert lines[0] == (
        "before -> after: 3.7 from 3.7.2 to 3.7.3; the recipe of 4 images; tags: 7 added, 7 vanish; 8 of 44 cells to build"
    )
    assert "  ~ 3.7: 3.7.2 -> 3.7.3" in lines
    assert "  ~ PYTHON_VERSION: 3.7.2 -> 3.7.3  in all 4 images of 3.7" in lines
    assert "  + 3.7-slim-stretch: 3.7.3-slim, 3.7.3-slim-stretch" in lines
    assert "  ~ 8 cells built again: all 4 images of 3.7" in lines
    assert lines[-1] == "note: a registry keeps a tag that vanishes as it is, and nothing renews it"


def test_tags_that_move_as_text() -> None:
    lines = text_of(compared(edits.new_alpine)).splitlines()
    assert "  > 3.7-alpine3.8 -> 3.7-alpine3.9: 3-alpine, 3.7-alpine, 3.7.2-alpine, alpine" in lines
    assert "    10 cells not built, only tagged anew: all 5 alpine3.8 images" in lines
    assert "  + 10 cells new: all 5 alpine3.9 images" in lines
    assert "    30 cells as they were" in lines


def test_a_suite_of_all_images_stays_readable() -> None:
    lines = text_of(compared(edits.new_suite)).splitlines()
    assert len(lines) < 60
    assert "  > 3.7-stretch -> 3.7-buster: 3, 3.7, 3.7.2, latest" in lines
    assert (
        "  + 3.7-slim-buster, 3.6-slim-buster, 3.5-slim-buster, 3.4-slim-buster, 2.7-slim-buster: "
        "from debian:buster-slim for amd64, arm64v8"
    ) in lines


def test_an_architecture_as_text() -> None:
    lines = text_of(compared(edits.another_architecture, edits.from_the_mirrors)).splitlines()
    assert "  + arm32v7  in all 10 Debian images" in lines
    assert "  + 10 cells new: all 10 Debian images on arm32v7" in lines
    assert "  ~ 20 cells built again: all 10 Debian images on amd64 and arm64v8" in lines
    assert "      - RUN sed -i -E" in lines


def test_nothing_is_said_to_be_nothing() -> None:
    nothing = compared()
    assert text_of(nothing) == "before -> after: no change of meaning"
    assert summary_of(replace(nothing, text_changed=True)) == "no change of meaning (the text changed all the same)"


def test_what_is_removed_is_red_and_what_is_added_green() -> None:
    comparison = compared(edits.new_alpine)
    text = coloured(comparison)
    assert text.plain == text_of(comparison)
    for mark, line in lines_of(comparison):
        styles = {str(span.style) for span in text.spans if text.plain[span.start : span.end] == line}
        assert ("green" in styles) == (mark is Mark.ADDED)
        assert ("red" in styles) == (mark is Mark.REMOVED)


def test_nothing_that_a_terminal_would_obey() -> None:
    comparison = replace(compared(), before="\x1b[31mred\x07", notes=("\x9b2J",))
    assert not set("\x1b\x07\x9b") & set(text_of(comparison))
