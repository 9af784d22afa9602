"""Which set of an image is to be published, which of its references would change, and whether they may."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.config.settings import Rebuilds
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.publish.model import Held, Member, Target
from orchestrator.publish.names import Names, is_release
from orchestrator.publish.order import in_order

#: Ingredients of a key that are not the recipe's: what differs in these alone is the same release on a newer base or machine.
_AROUND = frozenset({"base", "execution", "tools", "format"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """The proven attempts of an image by cell, in the order of its architectures; `without` are best-effort ones that are missing, and why."""

    image: Image
    proven: tuple[tuple[Cell, Attempt], ...]
    without: Mapping[str, str] = field(default_factory=dict)

    @property
    def digests(self) -> frozenset[str]:
        """What the engine calls the images: what makes it this candidate and no other one."""
        return frozenset(attempt.digest for _, attempt in self.proven)


def candidate(
    matrix: Matrix, image: Image, names: Collection[str], proven: Mapping[str, Attempt], failed: Mapping[str, str]
) -> Candidate | Held:
    """Choose the attempts of an image, of those that are `proven` as the files say now; or say why it is held back.

    `names` are the ids of its cells, `failed` says of proven ones why they count no longer. What is required has to be proven; what is best effort may be missing.
    """
    architectures = {f"{image.id}-{one.name}": one for one in matrix.enabled}
    cells = [Cell(image=image, architecture=architectures[name]) for name in names]
    best_effort = matrix.best_effort
    required = [cell for cell in cells if cell.architecture.name not in best_effort]
    missing = [cell.id for cell in required if cell.id not in proven]
    if missing:
        return Held(
            reason=f"not proven as the files say now: {', '.join(missing)}", mend=f"orchestrator build {image.id}"
        )
    broken = [f"{cell.id} ({failed[cell.id]})" for cell in required if cell.id in failed]
    if broken:
        return Held(reason=f"the last attempt failed: {', '.join(broken)}", mend=f"orchestrator build {image.id}")
    chosen = tuple((cell, proven[cell.id]) for cell in cells if cell.id in proven and cell.id not in failed)
    if not chosen:
        return Held(reason="no architecture is proven as the files say now", mend=f"orchestrator build {image.id}")
    without = {
        cell.architecture.name: f"best effort: {best_effort[cell.architecture.name]}"
        for cell in cells
        if cell.id not in proven or cell.id in failed
    }
    return Candidate(image=image, proven=chosen, without=without)


def references(names: Names, image: Image, cells: Sequence[Cell]) -> tuple[tuple[str, str | None, bool], ...]:
    """List all references of an image: each with the id of its cell (None: an index), and whether it names the full release."""
    tags = [(tag, is_release(image, tag)) for tag in (*image.tags, *image.shared_tags)]
    found: list[tuple[str, str | None, bool]] = [
        (names.of_cell(cell, tag), cell.id, release) for cell in cells for tag, release in tags
    ]
    return (*found, *((names.of_index(tag), None, release) for tag, release in tags))


def targets(
    names: Names,
    image: Image,
    cells: Sequence[Cell],
    members: Sequence[Member],
    index: str,
    heads: Mapping[str, str | None],
) -> tuple[Target, ...]:
    """Say where every reference of an image is to lead, in the order in which they become visible; `heads` say where they lead now."""
    digests: dict[str | None, str] = {member.cell: member.digest for member in members} | {None: index}
    return in_order(
        [
            Target(reference=name, digest=digests[cell], before=heads[name], index=cell is None, release=release)
            for name, cell, release in references(names, image, cells)
        ]
    )


def may_change(
    some: Sequence[Target], rebuilds: Rebuilds, before: Sequence[Attempt | None], after: Sequence[Attempt]
) -> Held | None:
    """Protect tags that name a full release: say why a set is held back, None for one that may be published.

    `before` are the attempts that are published now (None where one is not known), `after` those that would be.
    """
    changed = [target for target in some if target.release and target.changes and target.before is not None]
    if not changed or rebuilds is Rebuilds.ALWAYS:
        return None
    first = changed[0]
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    what = f"{first.reference}{more} would change from {str(first.before)[:19]}"
    differing = _differences(before, after)
    if rebuilds is Rebuilds.BASE and differing is not None and differing <= _AROUND:
        return None
    why = f" ({', '.join(sorted(differing))} changed)" if differing else ""
    return Held(reason=f"{what}{why}: a tag of a full release does not move by itself", mend="--allow-rebuild moves it")


def _differences(before: Sequence[Attempt | None], after: Sequence[Attempt]) -> set[str] | None:
    """Names of ingredients that differ; None where it is not known what is published."""
    old, new = {one.cell: one for one in before if one is not None}, {one.cell: one for one in after}
    # An architecture more is no change to what is there; one less, and what nobody here knows, may be anything.
    if None in before or not old or not old.keys() <= new.keys():
        return None
    found: set[str] = set()
    for name, was in old.items():
        found |= {
            key
            for key in (*was.ingredients, *new[name].ingredients)
            if was.ingredients.get(key) != new[name].ingredients.get(key)
        }
    return found
