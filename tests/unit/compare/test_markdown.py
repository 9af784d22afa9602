"""Markdown as a renderer reads it: tables are tables, nothing from the data is markup, and it fits into a comment."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.compare.markdown import LARGEST, markdown_of
from orchestrator.compare.model import Change, Comparison, Topic
from tests.unit.compare import edits
from tests.unit.compare.edits import Edit, compared

RENDERER = MarkdownIt("commonmark").enable("table")


def tokens(comparison: Comparison) -> list[Token]:
    return RENDERER.parse(markdown_of(comparison))


def rows(comparison: Comparison) -> list[list[str]]:
    """The cells of all tables, as text."""
    found: list[list[str]] = []
    parsed = tokens(comparison)
    for index, token in enumerate(parsed):
        if token.type == "tr_open":
            found.append([])
        elif token.type in {"td_open", "th_open"}:
            inline = parsed[index + 1]
            found[-1].append("".join(child.content for child in inline.children or ()))
    return found


@pytest.mark.parametrize("edit", edits.EDITS, ids=lambda edit: edit.__name__)
def test_every_row_has_its_cells_and_every_fold_its_end(edit: Edit) -> None:
    comparison = compared(edit)
    assert {len(row) for row in rows(comparison)} <= {3, 5, 6}
    html = [token.content for token in tokens(comparison) if token.type == "html_block"]
    opened = sum("<details>" in one for one in html)
    assert opened == sum("</details>" in one for one in html)
    # Raw HTML is only ever our own.
    assert all(re.fullmatch(r"<details><summary>[^<>]*</summary>\n*|</details>\n*", one) for one in html)


def test_a_release() -> None:
    comparison = compared(edits.release)
    assert markdown_of(comparison).startswith("**`before` → `after`**: 3.7 from 3.7.2 to 3.7.3; ")
    found = rows(comparison)
    assert ["8", "built again", "all 4 images of 3.7"] in found
    assert ["Releases", "changed", "3.7", "3.7.2", "3.7.3", ""] in found
    assert ["ENV", "changed", "PYTHON_VERSION", "3.7.2", "3.7.3", "all 4 images of 3.7"] in found


def test_many_tags_are_folded() -> None:
    comparison = compared(edits.new_alpine, edits.release)
    text = markdown_of(comparison)
    assert "<details><summary>Tags: 15</summary>\n\n|" in text
    found = rows(comparison)
    assert ["added", "3.7.3-slim, 3.7.3-slim-stretch", "", "3.7-slim-stretch", ""] in found
    # Those that move are fewer, and matter more.
    assert ["Tags that move", "moved", "3-alpine, 3.7-alpine, alpine", "3.7-alpine3.8", "3.7-alpine3.9", ""] in found


def test_changed_lines_are_a_diff() -> None:
    (fence,) = [one for one in tokens(compared(edits.from_the_mirrors)) if one.type == "fence"]
    assert fence.info == "diff"
    assert "- -e '/ stretch-updates /d'" in fence.content.splitlines()


def test_people_and_markup_of_the_data_stay_text() -> None:
    comparison = compared(edits.other_hub)
    found = rows(comparison)
    assert ["Hub", "added", "maintainer Somebody | `Else` <s@example.org> (@somebody)", "", "", ""] in found
    (reason,) = [row for row in found if row[2] == "arm64v8"]
    assert reason[4].endswith("@team: <b>no</b> machine | yet, see #1")
    for token in tokens(comparison):
        for child in token.children or ():
            assert child.type not in {"html_inline", "link_open", "image"}
            # A mention or an issue in plain text would call somebody.
            assert child.type == "code_inline" or not re.search(r"[@#]\w", child.content)


@pytest.mark.parametrize("evil", ["`", "``x`", "|", r"\|", "<!--", "</details>", "@all #1 ``` ~~~", "a\n# b", " ` "])
def test_names_of_anything(evil: str) -> None:
    comparison = replace(
        compared(),
        before=evil,
        notes=(f"at {evil}: no",),
        changes=(
            Change(topic=Topic.HUB, subject=f"x{evil}", before=None, after=f"{evil}y"),
            Change(topic=Topic.DOCKERFILE, subject="lines", before=evil, after=f"{evil}`````", where=("3.7-stretch",)),
        ),
    )
    (row,) = [row for row in rows(comparison) if row[0] == "Hub"]
    on_a_line = [" ".join(text.split()) for text in (f"x{evil}", f"{evil}y")]
    assert row == ["Hub", "added", on_a_line[0], "", on_a_line[1], ""]
    (fence,) = [one for one in tokens(comparison) if one.type == "fence"]
    assert fence.content.splitlines()[-1].endswith("`````")
    assert sum("</details>" in one.content for one in tokens(comparison) if one.type == "html_block") == 1


def test_what_does_not_fit_is_left_out_as_a_whole_and_named() -> None:
    maintainers = [
        Change(topic=Topic.HUB, subject=f"maintainer {number} {'é' * 60}", before=None, after="")
        for number in range(1000)
    ]
    name = Change(topic=Topic.SETTING, subject="name", before="python", after="pypy")
    many = replace(compared(), changes=(*maintainers, name))
    text = markdown_of(many)
    assert len(text.encode()) <= LARGEST
    assert text.rstrip().endswith("Left out, as there is no room for it here: Hub.")
    assert "| Settings | changed | `name` | `python` | `pypy` |  |" in text
    assert "maintainer" not in text
    whole = markdown_of(many, largest=10_000_000)
    assert whole.count("maintainer ") == 1000
    assert "Left out" not in whole


def test_no_change_is_a_line() -> None:
    assert markdown_of(compared()) == "**`before` → `after`**: no change of meaning\n"
