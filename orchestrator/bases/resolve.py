"""Which base a cell starts FROM on this machine: pinned in a registry, or bootstrapped here where no registry answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.provider import Bases
from orchestrator.bases.registry import NotInRegistryError, unreachable
from orchestrator.config.settings import BasePolicy
from orchestrator.errors import OrchestratorError, UnreachableError, VerificationError
from orchestrator.matrix.model import Cell, Family
from orchestrator.system.progress import Progress

#: So many look-ups at once: each waits for a network.
_LANES = 8


@dataclass(kw_only=True)
class BaseResolver:
    """Decides once per base and architecture, then always answers the same.

    `look_up` asks a registry (and raises `NotInRegistryError`), `bases` makes what no registry gives.
    """

    policy: BasePolicy
    look_up: Callable[[Wanted], Base]
    bases: Bases
    progress: Progress
    _answered: set[str] = field(default_factory=set)
    _from_registry: dict[str, Base] = field(default_factory=dict)
    _resolved: dict[str, Base] = field(default_factory=dict)
    _missing: dict[str, OrchestratorError] = field(default_factory=dict)

    def check(self, cells: Iterable[Cell]) -> None:
        """Find out where every base will come from, before anything is made.

        A base that nothing gives is told by `missing`: other cells may have theirs. Raises `UnreachableError` when nothing gives any.
        """
        if self.policy is BasePolicy.BOOTSTRAP:
            return
        every = tuple({str(one): one for one in map(wanted_by, cells)}.values())
        # The first one alone: where there is no registry, the others need not find that out at the same time.
        answers = [self._asked(one) for one in every[:1]]
        with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="look up") as pool:
            answers += pool.map(self._asked, every[1:])
        silent = False
        for wanted, answer in zip(every, answers, strict=True):
            if self._taken(wanted, answer) or str(wanted) in self._missing:
                continue
            if not silent:
                self.progress.note(f"no registry gives {wanted.reference} ({answer}); bootstrapping bases instead")
            silent = True
        if len(self._missing) == len(every):
            raise next(iter(self._missing.values()))

    def missing(self, cell: Cell) -> OrchestratorError | None:
        """Say why a cell's base cannot be had; None when it can, or when that is not known yet."""
        return self._missing.get(str(wanted_by(cell)))

    def _asked(self, wanted: Wanted) -> Base | NotInRegistryError:
        try:
            return self.look_up(wanted)
        except NotInRegistryError as error:
            return error

    def _taken(self, wanted: Wanted, answer: Base | NotInRegistryError) -> bool:
        """Keep what a registry answered. False where it gives nothing: then the base is bootstrapped, or it is `missing`."""
        name = str(wanted)
        self._answered.add(name)
        if isinstance(answer, Base):
            self._from_registry[name] = answer
            return True
        bootstraps = _bootstraps(wanted)
        if not bootstraps or self.policy is BasePolicy.REGISTRY:
            hint = "set bases: auto, or " if bootstraps else ""
            self._missing[name] = unreachable(wanted, str(answer), bootstrap=hint)
        return False

    def _unasked(self, wanted: Wanted) -> bool:
        """Tell whether a registry may give what `check` was not told of: the building machine's base is wanted for its tools, whatever is built."""
        if self.policy is BasePolicy.BOOTSTRAP or str(wanted) in self._answered:
            return False
        return bool(self._from_registry) or not _bootstraps(wanted)

    def resolve(self, cell: Cell) -> Base:
        """Give the base of a cell, bootstrapping it if that is where it comes from.

        Raises like `Bases.ensure`; what is unreachable or wrong is remembered for `missing`.
        """
        wanted = wanted_by(cell)
        name = str(wanted)
        if self._unasked(wanted):
            self._taken(wanted, self._asked(wanted))
        if name in self._missing:
            raise self._missing[name]
        if name not in self._resolved:
            try:
                self._resolved[name] = self._from_registry.get(name) or self.bases.ensure(wanted)
            except (UnreachableError, VerificationError) as error:
                self._missing[name] = error
                raise
        return self._resolved[name]


def wanted_by(cell: Cell) -> Wanted:
    """Say which base a cell starts FROM."""
    variant = cell.image.variant
    return Wanted(reference=variant.base, suite=variant.suite, architecture=cell.architecture)


def _bootstraps(wanted: Wanted) -> bool:
    return wanted.suite.family is Family.DEBIAN and not wanted.suite.archived
