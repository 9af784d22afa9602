"""A run gathered from the ledger, the logs and the contents of images: the one place where a report asks anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.build.failure import FailureClass
from orchestrator.contents.model import Contents
from orchestrator.errors import ExitCode, UsageError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.hindsight import Details, Glance, Hindsight
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt, Examination, RunRecord, Visit
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.pipeline.lock import at_work_since
from orchestrator.publish.names import Names
from orchestrator.report.run.evidence import Evidence
from orchestrator.report.run.failing import build_commands, failed_row, matrix_word, test_command
from orchestrator.report.run.model import (
    CellReport,
    CellState,
    FailureLine,
    PackageChange,
    PhaseLine,
    Point,
    ProofLine,
    Reference,
    RunPoint,
    RunReport,
)
from orchestrator.report.run.slots import lanes
from orchestrator.report.run.standing import glance_state
from orchestrator.report.run.tails import tail_of
from orchestrator.system.places import Places

#: Attempts in a trend, lines of a log in a failure and elsewhere, proofs that are told in place of a log that is gone.
_TREND, _FAILED_LINES, _LINES, _PROOFS = 30, 20, 12, 10
_NEWEST = 2**62

ReadContents = Callable[[str], Contents | None]


def gather(
    ledger: Ledger,
    matrix: Matrix,
    run: int | None,
    places: Places,
    *,
    names: Names | None = None,
    cells: Sequence[Cell] | None = None,
    contents: ReadContents = lambda _: None,
    made: datetime | None = None,
) -> RunReport:
    """Gather a run; None takes the newest that worked on any of the cells.

    `cells` (None: all of the matrix) are those that the report is about, `names` says where they are published, `contents` gives what is known
    of an image by its digest, `made` is the present. Raises `UsageError` when there is no such run.
    """
    chosen = matrix.cells if cells is None else tuple(cells)
    record = find_run(ledger, run, chosen)
    going = record.ended is None and _is_alive(record, places)
    evidence = Evidence(ledger=ledger, run=record, cells=chosen, going=going, limit=_TREND)
    gathering = _Gathering(evidence=evidence, matrix=matrix, names=names, contents=contents)
    killed = Hindsight(ledger, run=record.number).was_killed()
    images = {cell.image.id for cell in chosen}
    chronicle = Chronicle(ledger)
    return RunReport(
        number=record.number,
        command=record.command,
        matrix=matrix_word(matrix),
        started=datetime.fromisoformat(record.started),
        ended=None if record.ended is None or killed else datetime.fromisoformat(record.ended),
        code=None if killed else record.exit_code,
        cells=tuple(gathering.cell(cell) for cell in chosen),
        spans=lanes([span for span in evidence.spans if span.cell in evidence.wanted]),
        published=tuple(
            Reference(reference=one.reference, digest=one.digest) for one in chronicle.publications(record.number)
        ),
        held_back=tuple(
            (image, reason) for image, reason in chronicle.held_back(record.number).items() if image in images
        ),
        made=made or datetime.now(UTC),
        going=going,
        history=_history(chronicle, record),
    )


def find_run(ledger: Ledger, number: int | None, cells: Sequence[Cell]) -> RunRecord:
    """Find a run; None takes the newest that worked on any of some cells, else the newest. Raises `UsageError` when there is none."""
    chronicle = Chronicle(ledger)
    if number is None:
        number = Hindsight(ledger, run=_NEWEST).last_at_work(cell.id for cell in cells)
    found = chronicle.run(number) if number is not None else next(iter(chronicle.runs(limit=1)), None)
    if found is not None:
        return found
    last = ", ".join(f"{one.number} ({one.command})" for one in chronicle.runs(limit=5))
    if not last:
        raise UsageError("the ledger knows no run yet", mend="orchestrator build, or orchestrator nightly")
    raise UsageError(
        f"there is no run {number}; the last ones are {last}", mend="orchestrator report --list shows them all"
    )


def _history(chronicle: Chronicle, record: RunRecord) -> tuple[RunPoint, ...]:
    """The runs of the same command before this one that came to their end by themselves, oldest first."""
    earlier = [
        RunPoint(
            number=one.number,
            started=datetime.fromisoformat(one.started),
            seconds=(datetime.fromisoformat(one.ended) - datetime.fromisoformat(one.started)).total_seconds(),
        )
        for one in chronicle.runs(limit=1000)
        if one.number < record.number
        and one.command == record.command
        and one.ended is not None
        and one.exit_code != ExitCode.INTERRUPTED
    ]
    return tuple(reversed(earlier[:_TREND]))


def _is_alive(run: RunRecord, places: Places) -> bool:
    since = at_work_since(places)
    return since is not None and since <= run.started


@dataclass(kw_only=True)
class _Gathering:
    """The reports of cells, made of evidence."""

    evidence: Evidence
    matrix: Matrix
    names: Names | None
    contents: ReadContents

    def cell(self, cell: Cell) -> CellReport:
        """Make the report of one cell."""
        name, state = cell.id, self.evidence.states[cell.id]
        visit, examined, glance = (
            self.evidence.visits.get(name),
            self.evidence.examined(name),
            self.evidence.shown(name),
        )
        attempt = None if glance is None else self.evidence.attempts[glance.id]
        before = self.evidence.before(name)
        details = Details([], []) if glance is None else self.evidence.details[glance.id]
        proofs = _proof_lines(details, examined)
        digest = examined.digest if examined is not None else attempt.digest if attempt is not None else ""
        log = attempt.log if attempt is not None else ""
        touched = self.evidence.is_touched(name)
        known = self.contents(digest) if digest else None
        action, reason = _intention(visit, examined, touched=touched)
        return CellReport(
            id=name,
            image=cell.image.id,
            line=cell.image.line.name,
            release=cell.image.line.release,
            variant=cell.image.variant.name,
            arch=cell.architecture.name,
            platform=str(cell.architecture.platform),
            state=state,
            touched=touched,
            action=action,
            reason=_why(visit, state) or reason,
            changes=self.evidence.comparison.between(
                self.evidence.attempts[before.id] if before is not None else None, attempt
            ),
            attempt=None if attempt is None else attempt.id,
            executed=examined.execution if examined is not None else attempt.executed if attempt is not None else "",
            node=attempt.node if attempt is not None else "",
            tries=attempt.tries if attempt is not None else 0,
            setting=attempt.setting if attempt is not None else "",
            started=None if attempt is None else datetime.fromisoformat(attempt.started),
            seconds=attempt.seconds if attempt is not None else 0.0,
            prove_seconds=self._prove_seconds(name, examined, proofs),
            phases=tuple(
                PhaseLine(name=said, seconds=seconds, cached=cached) for said, seconds, cached in details.phases
            ),
            proofs=proofs,
            digest=digest,
            size=attempt.size if attempt is not None else 0,
            base=cell.image.variant.base,
            base_digest=attempt.ingredients.get("base", "") if attempt is not None else "",
            log=log,
            log_tail=tail_of(log, lines=_LINES),
            tags=(*cell.image.tags, *cell.image.shared_tags),
            published=self._references(cell, digest),
            contents=known,
            package_changes=self._packages(name, known),
            failure=self._failure(cell, visit, examined, attempt, proofs) if state is CellState.FAILED else None,
            trend=tuple(_point(one) for one in reversed(self.evidence.glances.get(name, ()))),
            key=visit.key if visit is not None else attempt.key if attempt is not None else "",
        )

    def _prove_seconds(self, cell: str, examined: Examination | None, proofs: Iterable[ProofLine]) -> float:
        if examined is not None:
            return examined.seconds
        return round(self.evidence.proving.get(cell) or sum(one.seconds for one in proofs), 3)

    def _references(self, cell: Cell, digest: str) -> tuple[str, ...]:
        """References of the cell's own repository first, in the order of its tags."""
        found = self.evidence.published.get(digest, ()) if digest else ()
        if self.names is None:
            return found
        own = [self.names.of_cell(cell, tag) for tag in (*cell.image.tags, *cell.image.shared_tags)]
        return (*(one for one in own if one in found), *(one for one in found if one not in own))

    def _packages(self, cell: str, known: Contents | None) -> tuple[PackageChange, ...]:
        before = self.evidence.built_before(cell)
        earlier = self.contents(before.digest) if before is not None and known is not None else None
        if known is None or earlier is None:
            return ()
        from orchestrator.contents.difference import package_changes  # noqa: PLC0415 - only where there are contents

        return package_changes(earlier, known)

    def _failure(
        self,
        cell: Cell,
        visit: Visit | None,
        examined: Examination | None,
        attempt: Attempt | None,
        proofs: Sequence[ProofLine],
    ) -> FailureLine:
        verdicts = self.evidence.verdicts.get(cell.id, ())
        failed = tuple(f"{one.name}: {one.detail}" for one in proofs if one.verdict == "failed")
        kind: str
        if examined is not None:
            wrong = any(one.startswith("architecture/") for one in failed)
            kind = FailureClass.ARCHITECTURE if wrong else FailureClass.PROOF
            message = failed[0] if len(failed) == 1 else f"{len(failed)} proofs failed"
        elif visit is not None and visit.failure_class:
            kind, message = visit.failure_class, visit.message
        elif verdicts and (attempt is None or verdicts[0].run >= attempt.run) and verdicts[0].failure_class:
            kind, message = verdicts[0].failure_class, verdicts[0].message
        else:
            kind, message = (attempt.failure_class, attempt.message) if attempt is not None else ("", "")
        log = () if attempt is None or examined is not None else tail_of(attempt.log, lines=_FAILED_LINES)
        row = failed_row(verdicts, self.evidence.glances.get(cell.id, ())) if examined is None else None
        proven = self.evidence.attempts.get(self.evidence.last_proven.get(cell.id, 0))
        changed = self.evidence.comparison.between(proven, attempt)
        if not changed and visit is not None and visit.action == "prove":
            # The image is the same; what is asked of it has changed.
            changed = (visit.reason,)
        make, plain = build_commands(cell, self.matrix)
        if examined is not None:
            tagged = examined.reference.endswith(f"/{self.matrix.name}:{cell.image.tags[0]}")
            make = test_command(cell, self.matrix, reference=examined.reference, tagged=tagged, proofs=proofs)
            plain = ""
        return FailureLine(
            kind=str(kind or FailureClass.UNKNOWN),
            message=message,
            tail=log or failed[:_PROOFS],
            since=row.since if row is not None else datetime.fromisoformat(self.evidence.run.started),
            since_run=row.run if row is not None else self.evidence.run.number,
            changed=changed,
            reproduce=make,
            otherwise=plain,
            proven=None if proven is None else datetime.fromisoformat(proven.started),
            proven_run=None if proven is None else proven.run,
            times=row.times if row is not None else 1,
        )


def _proof_lines(details: Details, examined: Examination | None) -> tuple[ProofLine, ...]:
    if examined is None:
        return tuple(
            ProofLine(name=name, verdict=verdict, detail=detail, seconds=seconds)
            for name, verdict, detail, seconds in details.proofs
        )
    return tuple(
        ProofLine(name=one.name, verdict=one.verdict, detail=one.detail, seconds=one.seconds) for one in examined.proofs
    )


def _intention(visit: Visit | None, examined: Examination | None, *, touched: bool) -> tuple[str, str]:
    if visit is not None:
        return visit.action, visit.reason
    if examined is not None:
        return "prove", f"{examined.reference} was examined"
    return ("build", "") if touched else ("nothing", "")


def _why(visit: Visit | None, state: CellState) -> str:
    """Of what was not tried it counts why not."""
    return visit.message if visit is not None and state is CellState.NOT_TRIED else ""


def _point(glance: Glance) -> Point:
    return Point(
        run=glance.run,
        started=datetime.fromisoformat(glance.started),
        seconds=glance.seconds,
        size=glance.size,
        emulated=glance.execution.startswith("emulated"),
        state=glance_state(glance),
    )
