"""Going on with, and taking back, what the journal knows: a set that was begun is made whole, a set that was published is undone.

Neither needs an engine: all content was in the registry before the first tag was led to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.publish.model import ImageSet, Published, Target
from orchestrator.publish.visible import ContentGoneError, changed, fetch
from orchestrator.registry.archive import Manifest
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.registry.removing import remove_tag

#: Leads targets to their digests, given manifests by digest, and reads them back.
Lead = Callable[[Sequence[Target], Mapping[str, Manifest]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What came of a set that had been begun: the references that lead to it now and did not before it was begun.

    `moved` are those that somebody else led elsewhere meanwhile; they are left there. `gone` says why it cannot be finished any more.
    """

    published: tuple[Published, ...] = ()
    moved: tuple[str, ...] = ()
    gone: str = ""


def finish(registries: Registries, begun: ImageSet, lead: Lead) -> Finished:
    """Make a set whole that a killed run left half visible. Raises `UnreachableError`."""
    now = registries.heads(target.reference for target in begun.targets)
    ours = [target for target in begun.targets if now[target.reference] in {target.before, target.digest}]
    left = [replace(target, before=now[target.reference]) for target in ours]
    try:
        manifests = fetch(registries, [target for target in left if target.changes])
    except ContentGoneError as error:
        return Finished(gone=error.message)
    lead(left, manifests)
    kept = {target.reference for target in ours}
    return Finished(
        published=changed(ours),
        moved=tuple(target.reference for target in begun.targets if target.reference not in kept),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """What a roll-back did to a set: references led back, and `removed` tags that were not there before.

    `left` are references that stay as they are, each with the reason.
    """

    published: tuple[Published, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()


def backwards(
    registries: Registries, done: ImageSet, former: ImageSet | None = None
) -> tuple[tuple[Target, ...], tuple[Target, ...], tuple[tuple[str, str], ...]]:
    """Say what a roll-back would do: targets to lead back, targets to remove, and references that stay, with reasons.

    They are led to the `former` set where that is known: what they led to just before may have been half of something.
    """
    now = registries.heads(target.reference for target in done.targets)
    wanted = {target.reference: target.digest for target in former.targets} if former is not None else {}
    back, gone, left = [], [], []
    for target in done.targets:
        if not target.changes:
            continue
        seen, before = now[target.reference], wanted.get(target.reference, target.before)
        if seen not in {target.digest, target.before, before}:
            left.append((target.reference, f"it leads to {str(seen)[:19]} by now, which this set did not do"))
        elif before is None:
            if seen is not None:
                gone.append(target)
        else:
            back.append(replace(target, digest=before, before=seen))
    return tuple(back), tuple(gone), tuple(left)


def roll_back(registries: Registries, done: ImageSet, lead: Lead, former: ImageSet | None = None) -> RolledBack:
    """Lead the references of a set back to where they led before it. Raises `UnreachableError` when that is gone from the registry."""
    back, gone, left = backwards(registries, done, former)
    lead(back, fetch(registries, [target for target in back if target.changes]))
    published = changed(back)
    removed = []
    # Moving tags first: whoever follows them must not end at a release that is gone.
    for target in reversed(gone):
        where = Reference.parse(target.reference)
        with registries.asking(where.registry, f"{target.reference} cannot be removed") as distribution:
            if remove_tag(distribution, where.repository, where.tag):
                removed.append(target.reference)
            else:
                left = (*left, (target.reference, "it was new, and the registry removes nothing"))
    return RolledBack(published=published, removed=tuple(removed), left=left)
