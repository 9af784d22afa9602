"""Which cells a command is about: words, globs, ids; and a word that names nothing is refused with the nearest."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.select import Selection, image_words, select_cells, select_image
from tests.unit.conftest import ROOT

MATRIX = load_matrix(ROOT / "versions.json")


def chosen(**asked: Any) -> list[str]:
    return [cell.id for cell in select_cells(MATRIX, Selection(**asked))]


def test_nothing_asked_for_is_everything_in_published_order() -> None:
    assert chosen() == [cell.id for cell in MATRIX.cells]
    assert len(chosen()) == 44


@pytest.mark.parametrize("word", ["slim", "slim-stretch", "stretch/slim"])
def test_a_variant_answers_to_each_of_its_spellings(word: str) -> None:
    found = chosen(variants=(word,), versions=("3.7",))
    assert found == ["3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"]


@pytest.mark.parametrize("word", ["3.7.2", "3.7"])
def test_a_line_answers_to_its_release(word: str) -> None:
    assert chosen(versions=(word,), variants=("stretch",), architectures=("amd64",)) == ["3.7-stretch-amd64"]


@pytest.mark.parametrize("word", ["arm64v8", "linux/arm64/v8", "arm*"])
def test_an_architecture_answers_to_its_platform_and_to_globs(word: str) -> None:
    assert set(chosen(architectures=(word,))) == {
        cell.id for cell in MATRIX.cells if cell.architecture.name == "arm64v8"
    }


def test_several_words_of_one_sort_add_up_and_sorts_narrow_down() -> None:
    found = chosen(versions=("2.7", "3.7"), variants=("alpine*",), architectures=("amd64",))
    assert found
    assert all(one.startswith(("2.7-alpine", "3.7-alpine")) and one.endswith("-amd64") for one in found)


@pytest.mark.parametrize("word", ["3.7-slim-stretch", "3.7/stretch/slim", "3.7-slim", "3.7-slim-stretch-a*"])
def test_ids_of_images_are_all_their_cells(word: str) -> None:
    assert chosen(ids=(word,)) == ["3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"]


@given(st.sampled_from(MATRIX.cells))
def test_the_id_of_a_cell_is_that_cell_alone(cell: Any) -> None:
    assert chosen(ids=(cell.id,)) == [cell.id]


@pytest.mark.parametrize(
    ("asked", "said", "mend"),
    [
        ({"versions": ("3.70",)}, 'no version "3.70"', 'did you mean "3.7"?'),
        ({"variants": ("strech",)}, 'no variant "strech"', 'did you mean "stretch"?'),
        ({"architectures": ("arm64",)}, 'no architecture "arm64"', 'did you mean "arm64v8"?'),
        ({"ids": ("3.7-slim-strech",)}, "no cell or image", "did you mean"),
        ({"ids": ("",)}, 'no cell or image ""', "orchestrator list"),
        ({"versions": ("",)}, 'no version ""', "use one of: "),
        ({"versions": ("3.4",), "ids": ("3.7-slim",)}, "nothing in the matrix matches all of that", "list"),
    ],
)
def test_a_word_that_names_nothing_is_refused(asked: dict[str, Any], said: str, mend: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        chosen(**asked)
    assert mend in raised.value.mend


def test_every_spelling_of_an_image_names_that_image_alone(matrix: Matrix) -> None:
    words = [word for image in matrix.images for word in set(image_words(matrix, image))]
    assert len(set(words)) == len(words)
    for image in matrix.images:
        assert all(select_image(matrix, word) is image for word in image_words(matrix, image))


def test_an_image_that_does_not_exist_is_refused_with_the_nearest(matrix: Matrix) -> None:
    with pytest.raises(UsageError, match=r'no image "3\.7-slim-strech"') as raised:
        select_image(matrix, "3.7-slim-strech")
    assert raised.value.mend == 'did you mean "3.7-slim-stretch"?'
