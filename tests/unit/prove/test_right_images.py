"""An image that is right passes every proof, as every cell of both matrices."""

from __future__ import annotations

import pytest

from orchestrator.prove.catalogue import CATALOGUE
from tests.unit.prove.fakes import FakeSubject, outcomes
from tests.unit.prove.images import CELLS, right

OTHER = {"amd64": "arm64v8", "arm64v8": "amd64"}


@pytest.mark.parametrize("cell_id", CELLS)
def test_a_right_image_passes_everything_that_applies(cell_id: str) -> None:
    image, _, architecture = cell_id.rpartition("-")
    peer = FakeSubject(right(f"{image}-{OTHER[architecture]}"))
    made = outcomes(FakeSubject(right(cell_id), peers=(peer,)))
    assert {one.name: one.detail for one in made if not one.passed} == {}
    assert [one.name for one in made] == [proof.name for proof in CATALOGUE if proof.applies(CELLS[cell_id])]
    assert all(one.detail and "\n" not in one.detail for one in made)


def test_without_a_peer_and_without_inputs_nothing_is_compared() -> None:
    made = {one.name for one in outcomes(FakeSubject(right("3.7-stretch-amd64"), inputs=False))}
    left_out = {proof.name for proof in CATALOGUE} - made
    assert left_out == {
        "recipe/upstream", "pip/files", "parity/files", "parity/content", "parity/packages", "parity/configuration",
    }  # fmt: skip
