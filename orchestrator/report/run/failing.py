"""Why a cell failed, for people: since when, what was changed since it was last proven, and how to see it oneself."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from orchestrator.ledger.hindsight import Glance, Verdict
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.plan.difference import changes
from orchestrator.report.run.model import ProofLine

#: The matrix that commands take when none is named.
_DEFAULT = "versions.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Failures in a row at a cell: when the first of them was and in which run, and how many runs they are."""

    since: datetime
    run: int
    times: int


def failed_row(verdicts: Sequence[Verdict], glances: Sequence[Glance]) -> Row | None:
    """Count back from the newest failure to the first after the last success; None where the newest is no failure.

    Runs tell by their verdicts; those of an older orchestrator, which kept none, by their attempts. What was stopped counts neither way.
    """
    told = {one.run: (one.outcome == "failed", one.started) for one in verdicts}
    began = {one.run: one.started for one in glances}  # of several tries the first, which comes last
    for glance in reversed(glances):
        ended = glance.state in {State.PROVEN, State.FAILED} and glance.failure_class != "cancelled"
        if ended and glance.run not in {one.run for one in verdicts}:
            told[glance.run] = (glance.state == State.FAILED, glance.started)
    row: Row | None = None
    for run in sorted(told, reverse=True):
        failed, started = told[run]
        if not failed:
            break
        row = Row(
            since=datetime.fromisoformat(began.get(run, started)),
            run=run,
            times=row.times + 1 if row is not None else 1,
        )
    return row


class Comparison:
    """Compares keys by what went into them; `dockerfile` gives the text of one that was built, by its sha256."""

    def __init__(self, dockerfile: Callable[[str], str | None]) -> None:
        self._text = lru_cache(maxsize=4096)(dockerfile)

    def between(self, before: Attempt | None, after: Attempt | None) -> tuple[str, ...]:
        """Say what differs, a sentence each; empty where nothing does, or one of them is not known."""
        if before is None or after is None or not before.ingredients or before.key == after.key:
            return ()
        old, new = (one.ingredients.get("dockerfile", "") for one in (before, after))
        found = changes(before.ingredients, after.ingredients, old=self._text(old), new=self._text(new))
        return tuple(one.said for one in found) or ("the key changed",)


def matrix_word(matrix: Matrix) -> str:
    """Name the matrix as one would type it here."""
    try:
        return str(matrix.path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(matrix.path)


def build_commands(cell: Cell, matrix: Matrix) -> tuple[str, str]:
    """Write the commands that build just this cell: with make, and without."""
    word, image = matrix_word(matrix), cell.image
    other = word != _DEFAULT
    make = ["make", "build", *([f"MATRIX={word}"] if other else [])]
    make += [f"VERSION={image.line.name}", f"VARIANT={image.variant.name}", f"ARCH={cell.architecture.name}"]
    plain = ["orchestrator", "build", cell.id, *(["--matrix", word] if other else [])]
    return shlex.join(make), shlex.join(plain)


def test_command(cell: Cell, matrix: Matrix, *, reference: str, tagged: bool, proofs: Sequence[ProofLine]) -> str:
    """Write the command that makes the proofs of an image that failed once more; `tagged` says that it has the cell's own tag."""
    word = matrix_word(matrix)
    which = [cell.id] if tagged else ["--image", reference, "--as", cell.id]
    only = [part for one in proofs if one.verdict == "failed" for part in ("--only", one.name)]
    matrix_words = ["--matrix", word] if word != _DEFAULT else []
    return shlex.join(["orchestrator", "test", *which, *only, *matrix_words])
