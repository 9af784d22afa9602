"""A key changes if, and only if, something changes that can change the bytes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.build.execution import Execution
from orchestrator.matrix.load import load_matrix
from orchestrator.plan.key import Key, key_for
from orchestrator.publish.names import local_references, staging_reference
from tests.unit.conftest import ROOT

MATRIX = load_matrix(ROOT / "versions.json")
INGREDIENTS = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(MATRIX.cells),
        "dockerfile": st.text(max_size=5),
        "base_digest": st.sampled_from(["", "sha256:a", "sha256:b"]),
        "execution": st.sampled_from([Execution(), Execution(emulator="qemu 10.0"), Execution(emulator="qemu 10.1")]),
    }
)


def key(given_: dict[str, Any]) -> Key:
    return key_for(
        given_["cell"],
        dockerfile=given_["dockerfile"],
        base_digest=given_["base_digest"],
        execution=given_["execution"],
    )


@given(INGREDIENTS, INGREDIENTS)
def test_two_keys_are_equal_exactly_when_all_ingredients_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = one == other
    assert (key(one).value == key(other).value) is same
    assert (key(one).ingredients == key(other).ingredients) is same


@given(INGREDIENTS, INGREDIENTS, st.sampled_from(["cell", "dockerfile", "base_digest", "execution"]))
def test_changing_one_ingredient_alone_changes_the_key(one: dict[str, Any], other: dict[str, Any], which: str) -> None:
    changed = one | {which: other[which]}
    assert (key(changed).value == key(one).value) is (one[which] == other[which])


def test_a_key_is_a_sha256_and_its_short_form_its_beginning() -> None:
    made = key_for(MATRIX.cells[0], dockerfile="FROM x", base_digest="sha256:a", execution=Execution())
    assert len(bytes.fromhex(made.value)) == 32
    assert made.short == made.value[:12]
    assert made.ingredients["platform"] == str(MATRIX.cells[0].architecture.platform)


def test_no_two_cells_share_a_name_in_the_engine() -> None:
    staged = [staging_reference(MATRIX, cell, "k") for cell in MATRIX.cells]
    tagged = [name for cell in MATRIX.cells for name in local_references(MATRIX, cell)]
    assert len(set(staged)) == len(staged)
    assert len(set(tagged)) == len(tagged)
