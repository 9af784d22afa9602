"""What is found when a registry is compared with what should be there, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.errors import ExitCode
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image
from orchestrator.publish.model import Held, ImageSet
from orchestrator.publish.wanted import Candidate
from orchestrator.registry.archive import Manifest


class Kind(StrEnum):
    """In which way something is not as it should be."""

    UNFINISHED = "unfinished"
    MISSING = "missing"
    DRIFTED = "drifted"
    PARTIAL = "partial index"
    UNPROVEN = "unproven"
    STALE = "stale base"
    UNSIGNED = "unsigned"
    EXTRA = "extra"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as it should be, and what to type about it.

    `image` and `cell` are ids (empty: of no image, of an index); `expected` and `seen` are digests, None for nothing, or for what is not known.
    """

    kind: Kind
    image: str
    reference: str
    reason: str
    mend: str
    cell: str = ""
    expected: str | None = None
    seen: str | None = None

    @property
    def name(self) -> tuple[Kind, str, str]:
        """What makes it the same finding when it is looked for again."""
        return self.kind, self.reference, self.cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A reference that the matrix declares: of a cell, or of an index where `cell` is None; `release` says that it names the full release."""

    reference: str
    cell: str | None
    release: bool

    @property
    def tag(self) -> str:
        """The tag alone."""
        return self.reference.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What should be in the registry of one image.

    `published` is the set that was published last, `begun` one that was begun and not finished, `candidate` what is proven as the files say now,
    or why nothing is; `taken_back` are the sets that were rolled back. `optional` are ids of cells that may be missing.
    """

    image: Image
    cells: tuple[Cell, ...]
    declared: tuple[Declared, ...]
    candidate: Candidate | Held
    published: ImageSet | None = None
    begun: ImageSet | None = None
    taken_back: tuple[ImageSet, ...] = ()
    optional: frozenset[str] = frozenset()

    @property
    def digests(self) -> dict[str, str]:
        """Map declared references to where the published set leads them; those that it cannot lead anywhere are not in here."""
        one = self.published
        if one is None:
            return {}
        known = {target.reference: target.digest for target in one.targets}
        # A set of a former release says nothing of tags that have come since.
        if any(declared.release and declared.reference in known for declared in self.declared):
            own: dict[str | None, str] = {member.cell: member.digest for member in one.members}
            own[None] = one.index.digest
            known = {found.reference: own[found.cell] for found in self.declared if found.cell in own} | known
        return {found.reference: known[found.reference] for found in self.declared if found.reference in known}

    @property
    def newer(self) -> Mapping[str, Attempt]:
        """The attempts of the candidate by cell, where it is another set than the published one, and none that was rolled back."""
        if isinstance(self.candidate, Held):
            return {}
        digests = self.candidate.digests
        others = (*self.taken_back, *([self.published] if self.published is not None else []))
        if any({member.image for member in other.members} == digests for other in others):
            return {}
        return {cell.id: attempt for cell, attempt in self.candidate.proven}

    @property
    def required(self) -> tuple[Cell, ...]:
        """The cells without which its index is not whole."""
        return tuple(cell for cell in self.cells if cell.id not in self.optional)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is in the registry.

    `heads` maps references to digests, `indexes` the digests of indexes to them (None: it is no index), `there` members' digests to whether the
    repository of the indexes has them, `behind` cells and digests to the attempts that made them, `tags` repositories to all of their tags,
    `signed` references by digest to whether there is a signature.
    """

    heads: Mapping[str, str | None]
    indexes: Mapping[str, Manifest | None] = field(default_factory=dict)
    there: Mapping[str, bool] = field(default_factory=dict)
    behind: Mapping[tuple[str, str], Attempt] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signed: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What came of it: findings that are left, those that were mended, how many references were looked at and requests made for that.

    `former` counts tags of former releases, which stay; `notes` say what could not be found out.
    """

    findings: tuple[Finding, ...]
    checked: int
    requests: int
    former: int = 0
    fixed: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> ExitCode:
        """1 where something is (left) to be mended."""
        return ExitCode.CELLS_FAILED if self.findings else ExitCode.DONE
