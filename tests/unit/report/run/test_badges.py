from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.matrix.model import Matrix
from orchestrator.report.run.badges import AMBER, GREEN, GREY, LABEL, RED, badge, badges, text_width
from orchestrator.report.run.gathering import gather
from orchestrator.system.places import Places
from tests.unit.report.run.past import Past

SVG = "{http://www.w3.org/2000/svg}"


def words(drawn: str) -> tuple[str, ...]:
    return tuple(one.text or "" for one in ET.fromstring(drawn).iter(f"{SVG}text"))  # noqa: S314 - our own


def luminance(color: str) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("color", [LABEL, GREEN, RED, AMBER, GREY])
def test_white_words_stand_out_on_every_color(color: str) -> None:
    assert 1.05 / (luminance(color) + 0.05) >= 4.5


def test_there_is_one_per_architecture_and_one_for_all(nights: Past, matrix: Matrix, places: Places) -> None:
    found = badges(gather(nights.ledger, matrix, None, places))
    assert {name: words(drawn) for name, drawn in found.items()} == {
        "build": ("build", "2 failed, 1/44 proven"),
        "amd64": ("amd64", "1 failed, 1/22 proven"),
        "arm64v8": ("arm64v8", "1 failed, 0/22 proven"),
    }
    assert all(RED in drawn for drawn in found.values())


def test_the_color_says_what_the_words_say(past: Past, matrix: Matrix, places: Places) -> None:
    cells = [cell.id for cell in matrix.cells]
    past.begin(day=1)
    past.intend(cells)
    for cell in cells[:-1]:
        past.proven(cell)
    for code, run in ((AMBER, "43/44 proven"), (GREEN, "44/44 proven")):
        found = badges(gather(past.ledger, matrix, None, places))["build"]
        assert words(found) == ("build", run)
        assert code in found
        past.proven(cells[-1])
    part = gather(past.ledger, matrix, None, places, cells=matrix.cells[:2])
    assert words(badges(part)["build"]) == ("build", "2/2 proven")
    past.begin(day=2)
    past.intend(cells)
    for cell in cells:
        past.not_tried(cell, "the disk is full")
    assert GREY in badges(gather(past.ledger, matrix, None, places))["build"]


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=30
    )
)
def test_a_badge_is_well_formed_and_its_words_have_their_room(text: str) -> None:
    root = ET.fromstring(badge("build", text, GREEN))  # noqa: S314 - our own
    width = int(root.get("width", "0"))
    label, message = root.iter(f"{SVG}text")
    for one in (label, message):
        assert int(one.get("x", "0")) + int(one.get("textLength", "0")) + 7 <= width
    assert int(label.get("x", "0")) + int(label.get("textLength", "0")) + 14 == int(message.get("x", "0"))
    assert root.findtext(f"{SVG}title") == f"build: {text}"


def test_a_badge_needs_nothing_from_elsewhere() -> None:
    drawn = badge("amd64", "22/22 proven", GREEN)
    assert "href" not in drawn
    assert drawn.count("http") == 1  # the name of the namespace
    assert (text_width("il"), text_width("mm"), text_width("\u4e2d")) == (7, 22, 11)
