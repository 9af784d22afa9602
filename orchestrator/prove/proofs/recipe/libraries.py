"""What /usr/local is linked against."""

from __future__ import annotations

from orchestrator.prove.linking import needed
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    wanted = needed(subject)
    if not wanted:
        raise ProofFailedError("nothing below /usr/local is linked against a library")
    missing = [f"{library.name} (for {library.of})" for library in wanted if library.path is None]
    if missing:
        raise ProofFailedError(f"not in the image: {listed(missing)}", output="\n".join(missing))
    return f"{len(wanted)} libraries"


PROOF = Proof(
    name="recipe/libraries",
    claim="Every shared library that a file below /usr/local is linked against is in the image (Tk excepted, where it is left out).",
    link="https://docs.python.org/3/library/tkinter.html",
    check=_check,
)
