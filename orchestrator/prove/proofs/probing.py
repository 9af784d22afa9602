"""Proofs that are made by a probe alone: the script insists on everything and says what it saw."""

from __future__ import annotations

from orchestrator.prove.cells import Predicate, everywhere
from orchestrator.prove.model import Proof, Subject, Where

#: Without an interpreter that starts, a probe would only fail in its place.
STARTS = "interpreter/starts"


def probe_proof(
    name: str,
    *,
    claim: str,
    link: str,
    applies: Predicate = everywhere,
    seconds: float = 10.0,
    emulated_factor: float = 10.0,
    arguments: tuple[str, ...] = (),
    where: Where = Where.CONFINED,
) -> Proof:
    """Make a proof of the probe that is called like it: `behaviour/tls` runs `probes/tls.py`, which reports `said`, a few words."""
    probe = name.partition("/")[2]

    def check(subject: Subject) -> str:
        return str(subject.probe(probe, *arguments, where=where)["said"])

    return Proof(
        name=name,
        claim=claim,
        link=link,
        check=check,
        applies=applies,
        seconds=seconds,
        emulated_factor=emulated_factor,
        needs=(STARTS,),
        live=True,
    )
