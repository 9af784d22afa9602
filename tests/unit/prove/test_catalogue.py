"""The catalogue is whole, in order, and knows itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.prove import catalogue
from orchestrator.prove.catalogue import CATALOGUE, choose
from orchestrator.prove.model import Kind, Proof

PROVE = Path(catalogue.__file__).parent
NAMES = [proof.name for proof in CATALOGUE]
each = pytest.mark.parametrize("proof", CATALOGUE, ids=NAMES)


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_file_with_a_proof_is_in_the_catalogue_under_its_own_name() -> None:
    files = {
        str(path.relative_to(PROVE / "proofs").with_suffix(""))
        for path in (PROVE / "proofs").glob("*/*.py")
        if any(
            isinstance(node, ast.Assign)
            and any(isinstance(one, ast.Name) and one.id == "PROOF" for one in node.targets)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    }
    assert files == set(NAMES)


def test_every_kind_has_proofs_and_keeps_them_together() -> None:
    kinds = [proof.kind for proof in CATALOGUE]
    assert set(kinds) == set(Kind)
    assert len([kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind is not before]) == len(Kind)


@each
def test_a_claim_is_a_sentence_with_a_link_of_its_own(proof: Proof) -> None:
    assert proof.claim.endswith(".")
    assert proof.claim[0].isupper() or proof.claim.startswith(("`", "pip"))
    assert "\n" not in proof.claim
    assert proof.link.startswith("https://")
    assert " " not in proof.link


@each
def test_a_proof_needs_only_what_was_made_before_it(proof: Proof) -> None:
    assert set(proof.needs) <= set(NAMES[: NAMES.index(proof.name)])
    assert all(next(one for one in CATALOGUE if one.name == name).live for name in proof.needs)


@each
def test_times_are_sensible(proof: Proof) -> None:
    assert 0 < proof.limit(emulated=False) <= 60
    assert proof.limit(emulated=False) <= proof.limit(emulated=True) <= 600


def test_every_probe_is_used_and_there() -> None:
    probes = {path.stem for path in (PROVE / "probes").glob("*.py")} - {"prelude"}
    by_name = {proof.name.partition("/")[2] for proof in choose(["behaviour", "security/confined"])}
    assert probes == by_name | {"version", "imports_of_modules"}


@pytest.mark.parametrize(
    ("patterns", "picked"),
    [
        (["recipe/command"], ["recipe/command"]),
        (["override"], ["override/command", "override/entrypoint", "override/default"]),
        (["*/files"], ["recipe/files", "modules/files", "behaviour/files", "pip/files", "parity/files"]),
        (["pip/v*", "interpreter/starts"], ["interpreter/starts", "pip/version"]),
        (["recipe/command", "recipe/command"], ["recipe/command"]),
    ],
)
def test_proofs_are_chosen_by_name_kind_or_pattern_in_the_order_of_the_catalogue(
    patterns: list[str], picked: list[str]
) -> None:
    assert [proof.name for proof in choose(patterns)] == picked


def test_nothing_asked_for_is_everything() -> None:
    assert choose([]) == CATALOGUE


@pytest.mark.parametrize(
    ("pattern", "mend"),
    [
        ("recipy", "did you mean recipe?"),
        ("recipe/comand", "did you mean recipe/command?"),
        ("shelshock", "did you mean security/shellshock?"),
        ("qqqq", "'orchestrator test --list' shows all of them"),
        ("Recipe", "did you mean recipe?"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_was_probably_meant(pattern: str, mend: str) -> None:
    with pytest.raises(UsageError, match="there is no proof") as raised:
        choose(["pip", pattern])
    assert raised.value.mend == mend
