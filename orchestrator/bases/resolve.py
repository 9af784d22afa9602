"""Which base a cell starts FROM on this machine: pinned in a registry, or bootstrapped here where no registry answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.provider import Bases
from orchestrator.bases.registry import NotInRegistryError, unreachable
from orchestrator.config.settings import BasePolicy
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
    _from_registry: dict[str, Base] = field(default_factory=dict)
    _resolved: dict[str, Base] = field(default_factory=dict)

    def check(self, cells: Iterable[Cell]) -> None:
        """Find out where every base will come from, before anything is made. Raises `UnreachableError` for one that nothing gives."""
        if self.policy is BasePolicy.BOOTSTRAP:
            return
        every = tuple({str(one): one for one in map(_wanted, cells)}.values())
        # The first one alone: where there is no registry, the others need not find that out at the same time.
        answers = [self._asked(one) for one in every[:1]]
        with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="look up") as pool:
            answers += pool.map(self._asked, every[1:])
        silent = False
        for wanted, answer in zip(every, answers, strict=True):
            if isinstance(answer, Base):
                self._from_registry[str(wanted)] = answer
                continue
            if not _bootstraps(wanted):
                raise unreachable(wanted, str(answer), bootstrap="") from None
            if self.policy is BasePolicy.REGISTRY:
                raise unreachable(wanted, str(answer), bootstrap="set bases: auto, or ") from None
            if not silent:
                self.progress.note(f"no registry gives {wanted.reference} ({answer}); bootstrapping bases instead")
            silent = True

    def _asked(self, wanted: Wanted) -> Base | NotInRegistryError:
        try:
            return self.look_up(wanted)
        except NotInRegistryError as error:
            return error

    def resolve(self, cell: Cell) -> Base:
        """Give the base of a cell, bootstrapping it if that is where it comes from."""
        wanted = _wanted(cell)
        name = str(wanted)
        if name not in self._resolved:
            self._resolved[name] = self._from_registry.get(name) or self.bases.ensure(wanted)
        return self._resolved[name]


def _wanted(cell: Cell) -> Wanted:
    variant = cell.image.variant
    return Wanted(reference=variant.base, suite=variant.suite, architecture=cell.architecture)


def _bootstraps(wanted: Wanted) -> bool:
    return wanted.suite.family is Family.DEBIAN and not wanted.suite.archived
