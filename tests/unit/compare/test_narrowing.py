"""A comparison of some cells only."""

from __future__ import annotations

import pytest

from orchestrator.compare.compare import compare_matrices
from orchestrator.compare.model import Fate, Topic
from orchestrator.compare.narrowing import cells_of, narrow
from orchestrator.errors import UsageError
from orchestrator.select import Selection
from tests.unit.compare import edits
from tests.unit.compare.edits import about, edited, values

BEFORE, AFTER = edited(), edited(edits.new_alpine, edits.release)
WHOLE = compare_matrices(BEFORE, AFTER)


def test_one_image_with_the_tags_that_leave_it() -> None:
    found = narrow(WHOLE, cells_of((BEFORE, AFTER), Selection(ids=("3.6-alpine3.8",))))
    assert values(found, Topic.TAG) == {
        "3.6-alpine": ("3.6-alpine3.8", "3.6-alpine3.9"),
        "3.6.8-alpine": ("3.6-alpine3.8", "3.6-alpine3.9"),
    }
    assert [cell.fate for cell in found.cells] == [Fate.RETAGGED, Fate.RETAGGED]
    assert not about(found, Topic.RELEASE, Topic.IMAGE, Topic.SUITE)
    # What holds for all is told all the same.
    assert values(found, Topic.SETTING) == {"default_alpine": ("alpine3.8", "alpine3.9")}


def test_words_of_either_side() -> None:
    chosen = cells_of((BEFORE, AFTER), Selection(ids=("3.6-alpine3.6", "3.6-alpine3.9"), architectures=("amd64",)))
    assert chosen == {"3.6-alpine3.6-amd64", "3.6-alpine3.9-amd64"}
    assert cells_of((BEFORE, AFTER), Selection(versions=("3.7.3",))) == {
        cell.id for cell in AFTER.cells if cell.image.line.name == "3.7"
    }


def test_places_outside_are_left_out() -> None:
    found = narrow(WHOLE, cells_of((BEFORE, AFTER), Selection(ids=("3.7-stretch-amd64",))))
    (variable,) = about(found, Topic.ENVIRONMENT)
    assert variable.where == ("3.7-stretch",)
    assert [cell.id for cell in found.cells] == ["3.7-stretch-amd64"]
    assert narrow(WHOLE, {cell.id for cell in WHOLE.cells}) == WHOLE


def test_architectures_of_the_chosen_cells() -> None:
    after = edited(edits.another_architecture)
    whole = compare_matrices(BEFORE, after)
    assert not narrow(whole, cells_of((BEFORE, after), Selection(architectures=("amd64",)))).changes
    assert narrow(whole, cells_of((BEFORE, after), Selection(architectures=("arm32v7",)))).changes


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(ids=("3.6-alpine3.5",)), 'no cell or image "3.6-alpine3.5"'),
        (Selection(versions=("9.9",), variants=("slim",)), 'no version "9.9"'),
        (Selection(versions=("3.7",), variants=("alpine3.6",)), "nothing on either side"),
    ],
)
def test_what_is_on_neither_side_is_refused(selection: Selection, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cells_of((BEFORE, AFTER), selection)
