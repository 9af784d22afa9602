"""What is known of a run, cell by cell: which attempt a report is about, which came before it, how the cell stood at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.hindsight import Details, Glance, Hindsight, Verdict
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt, Examination, RunRecord, Span, Visit
from orchestrator.matrix.model import Cell
from orchestrator.report.run.failing import Comparison
from orchestrator.report.run.model import CellState
from orchestrator.report.run.standing import examined_state, glance_state, standing, visited_state


@dataclass(kw_only=True)
class Evidence:
    """What the ledger knows of some cells at the end of a run; each table is asked once, and only when something asks for it.

    `going` says that the run is alive, `limit` how many attempts of each cell count.
    """

    ledger: Ledger
    run: RunRecord
    cells: tuple[Cell, ...]
    going: bool
    limit: int

    @cached_property
    def wanted(self) -> frozenset[str]:
        """Ids of the cells."""
        return frozenset(cell.id for cell in self.cells)

    @cached_property
    def _hindsight(self) -> Hindsight:
        return Hindsight(self.ledger, run=self.run.number)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The stages of the run, of all cells."""
        return Chronicle(self.ledger).spans(self.run.number)

    @cached_property
    def visits(self) -> Mapping[str, Visit]:
        """What the run meant to do to which cell, and what came of it."""
        return {one.cell: one for one in Chronicle(self.ledger).visits(self.run.number)}

    @cached_property
    def _examinations(self) -> Mapping[str, Examination]:
        return self._hindsight.examinations()

    @cached_property
    def glances(self) -> Mapping[str, tuple[Glance, ...]]:
        """The last attempts at each cell, newest first."""
        return self._hindsight.glances(limit=self.limit)

    @cached_property
    def _last_verdicts(self) -> Mapping[str, Verdict]:
        return self._hindsight.last_verdicts()

    @cached_property
    def states(self) -> Mapping[str, CellState]:
        """How each cell stood at the end of the run."""
        return {cell.id: self._state(cell.id) for cell in self.cells}

    @cached_property
    def _failing(self) -> tuple[str, ...]:
        return tuple(cell for cell, state in self.states.items() if state is CellState.FAILED)

    @cached_property
    def verdicts(self) -> Mapping[str, tuple[Verdict, ...]]:
        """How runs left the cells that fail, newest first."""
        return self._hindsight.verdicts(self._failing)

    @cached_property
    def last_proven(self) -> Mapping[str, int]:
        """Of each failing cell the last proven attempt before the one that is shown."""
        found = {}
        for cell, numbers in self._hindsight.proven(self._failing).items():
            shown = self.shown(cell)
            before = next((number for number in numbers if shown is None or number < shown.id), None)
            if before is not None:
                found[cell] = before
        return found

    @cached_property
    def attempts(self) -> Mapping[int, Attempt]:
        """By their numbers, the attempts that are shown or compared with."""
        shown = [one for cell in self.wanted for one in (self.shown(cell), self.before(cell)) if one is not None]
        return self._hindsight.attempts({one.id for one in shown} | set(self.last_proven.values()))

    @cached_property
    def details(self) -> Mapping[int, Details]:
        """By their numbers, phases and proofs of the attempts that are shown."""
        return self._hindsight.details(one.id for cell in self.wanted if (one := self.shown(cell)) is not None)

    @cached_property
    def published(self) -> Mapping[str, tuple[str, ...]]:
        """References by the digests that they point at."""
        found: dict[str, list[str]] = {}
        for reference, digest in self._hindsight.published().items():
            found.setdefault(digest, []).append(reference)
        return {digest: tuple(references) for digest, references in found.items()}

    @cached_property
    def proving(self) -> Mapping[str, float]:
        """Seconds that the last proving of each cell took in this run."""
        return {
            span.cell: (datetime.fromisoformat(span.ended) - datetime.fromisoformat(span.started)).total_seconds()
            for span in self.spans
            if span.stage == "prove"
        }

    @cached_property
    def comparison(self) -> Comparison:
        """Compares keys; texts of Dockerfiles are kept."""
        return Comparison(self.ledger.dockerfile)

    def examined(self, cell: str) -> Examination | None:
        """The examination of a cell that this run made."""
        one = self._examinations.get(cell)
        return one if one is not None and one.run == self.run.number else None

    @cached_property
    def _all_shown(self) -> Mapping[str, Glance | None]:
        return {cell: self._find_shown(cell) for cell in self.wanted}

    def shown(self, cell: str) -> Glance | None:
        """The attempt that a cell's report is about."""
        return self._all_shown[cell]

    def _find_shown(self, cell: str) -> Glance | None:
        """Find that of the visit, or of the image that was examined, else the last."""
        glances, visit, examined = self.glances.get(cell, ()), self.visits.get(cell), self.examined(cell)
        if examined is not None:
            return next((one for one in glances if one.digest == examined.digest), None)
        if visit is not None and visit.attempt is not None:
            return next((one for one in glances if one.id == visit.attempt), None)
        return next(iter(glances), None)

    def before(self, cell: str) -> Glance | None:
        """The last attempt of an earlier run than the one that is shown; of the same run there are only other tries."""
        shown = self.shown(cell)
        if shown is None:
            return None
        return next((one for one in self.glances[cell] if one.run < shown.run), None)

    def built_before(self, cell: str) -> Glance | None:
        """The last attempt before that left an image."""
        shown = self.shown(cell)
        if shown is None or not shown.digest:
            return None
        earlier = (one for one in self.glances[cell] if one.id < shown.id and one.digest)
        return next((one for one in earlier if one.digest != shown.digest), None)

    def is_touched(self, cell: str) -> bool:
        """Tell whether the run did something to a cell."""
        shown = self.shown(cell)
        this_run = shown is not None and shown.run == self.run.number
        return cell in self.visits or self.examined(cell) is not None or this_run

    def _state(self, cell: str) -> CellState:
        shown, visit, examined = self.shown(cell), self.visits.get(cell), self.examined(cell)
        if visit is not None:
            return visited_state(visit, shown, going=self.going)
        if examined is not None:
            return examined_state(examined, shown)
        if shown is not None and shown.run == self.run.number:
            return CellState.RUNNING if self.going and shown.state == "running" else glance_state(shown)
        return standing(shown, self._last_verdicts.get(cell), self._examinations.get(cell))
