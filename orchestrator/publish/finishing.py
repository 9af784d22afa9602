"""Going on with, and taking back, what the journal knows: a set that was begun is made whole, a set that was published is undone.

Neither needs an engine: all content was in the registry before the first tag was led to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.publish.model import ImageSet, Published, Target
from orchestrator.publish.visible import changed, fetch
from orchestrator.registry.archive import Manifest
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries

#: Leads targets to their digests, given manifests by digest, and reads them back.
Lead = Callable[[Sequence[Target], Mapping[str, Manifest]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What came of a set that had been begun: references that were still to be led to it, or `moved`, those that somebody else led elsewhere."""

    published: tuple[Published, ...] = ()
    moved: tuple[str, ...] = ()


def finish(registries: Registries, begun: ImageSet, lead: Lead) -> Finished:
    """Make a set whole that a killed run left half visible; nothing is touched when somebody else has been there since.

    Raises `UnreachableError`.
    """
    now = registries.heads(target.reference for target in begun.targets)
    moved = tuple(
        target.reference for target in begun.targets if now[target.reference] not in {target.before, target.digest}
    )
    if moved:
        return Finished(moved=moved)
    left = tuple(replace(target, before=now[target.reference]) for target in begun.targets)
    missing = [target for target in left if target.changes]
    lead(left, fetch(registries, missing))
    return Finished(published=changed(left))


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """What a roll-back did to a set: references led back, and `removed` tags that were not there before.

    `left` are references that stay as they are, each with the reason.
    """

    published: tuple[Published, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()


def backwards(
    registries: Registries, done: ImageSet
) -> tuple[tuple[Target, ...], tuple[Target, ...], tuple[tuple[str, str], ...]]:
    """Say what a roll-back would do: targets to lead back, targets to remove, and references that stay, with reasons."""
    now = registries.heads(target.reference for target in done.targets)
    back, gone, left = [], [], []
    for target in done.targets:
        if not target.changes:
            continue
        seen = now[target.reference]
        if seen not in {target.digest, target.before}:
            left.append((target.reference, f"it leads to {str(seen)[:19]} by now, which this set did not do"))
        elif target.before is None:
            if seen is not None:
                gone.append(target)
        else:
            back.append(replace(target, digest=target.before, before=seen))
    return tuple(back), tuple(gone), tuple(left)


def roll_back(registries: Registries, done: ImageSet, lead: Lead) -> RolledBack:
    """Lead the references of a set back to where they led before it. Raises `UnreachableError` when that is gone from the registry."""
    back, gone, left = backwards(registries, done)
    lead(back, fetch(registries, [target for target in back if target.changes]))
    published = changed(back)
    removed = []
    # Moving tags first: whoever follows them must not end at a release that is gone.
    for target in reversed(gone):
        where = Reference.parse(target.reference)
        with registries.asking(where.registry, f"{target.reference} cannot be removed") as distribution:
            if distribution.delete_tag(where.repository, where.tag):
                removed.append(target.reference)
            else:
                left = (*left, (target.reference, "it was new, and the registry does not remove tags"))
    return RolledBack(published=published, removed=tuple(removed), left=left)
