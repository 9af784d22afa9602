"""Every proof, in the order they are made: what needs no running program first."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Sequence

from orchestrator.errors import UsageError
from orchestrator.prove.model import Kind, Proof
from orchestrator.prove.proofs import (
    architecture,
    behaviour,
    interpreter,
    modules,
    override,
    parity,
    pip,
    readme,
    recipe,
    security,
)

CATALOGUE: tuple[Proof, ...] = (
    *architecture.PROOFS,
    *recipe.PROOFS,
    *interpreter.PROOFS,
    *modules.PROOFS,
    *behaviour.PROOFS,
    *security.PROOFS,
    *pip.PROOFS,
    *override.PROOFS,
    *readme.PROOFS,
    *parity.PROOFS,
)


def choose(patterns: Sequence[str], proofs: Sequence[Proof] = CATALOGUE) -> tuple[Proof, ...]:
    """Pick proofs by name, kind or glob, in the order of the catalogue; all of them where nothing is asked for.

    Raises `UsageError` for a pattern that picks nothing.
    """
    if not patterns:
        return tuple(proofs)
    picked: set[str] = set()
    for pattern in patterns:
        found = {proof.name for proof in proofs if pattern == proof.kind or fnmatch.fnmatchcase(proof.name, pattern)}
        if not found:
            hint = _closest(pattern, proofs)
            raise UsageError(
                f"there is no proof {pattern}",
                mend=f"did you mean {hint}?" if hint else "'orchestrator test --list' shows all of them",
            )
        picked |= found
    return tuple(proof for proof in proofs if proof.name in picked)


def _closest(word: str, proofs: Sequence[Proof]) -> str:
    """Find what was probably meant: a kind, a name, or the second half of one."""
    names = {kind.value: kind.value for kind in Kind}
    names |= {proof.name.partition("/")[2]: proof.name for proof in proofs} | {
        proof.name: proof.name for proof in proofs
    }
    return next((names[close] for close in difflib.get_close_matches(word, names, n=1)), "")
