"""Database files, by those of the C libraries that the image is meant to have.

Without one of them Python falls back to another or to `dumbdbm` without a word, so each is asked for by name.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.prove.model import Subject
from orchestrator.prove.proofs.probing import probe_proof

#: Extension modules of both Pythons, in the order in which the probe opens them.
MODULES = ("_gdbm", "_dbm", "gdbm", "dbm", "_bsddb")


def check(subject: Subject) -> str:
    """Give the probe the names of the modules that the recipe expects; without any it fails."""
    expected = {module.text for module in subject.recipe.modules}
    return str(subject.probe("dbm", *(name for name in MODULES if name in expected))["said"])


PROOF = replace(
    probe_proof(
        "behaviour/dbm",
        claim="Each database module that the recipe expects keeps on disk what it is given.",
        link="https://docs.python.org/3/library/dbm.html",
    ),
    check=check,
)
