"""Taking back what a run published: every reference is led back to where it led before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from orchestrator.errors import ExitCode, UsageError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.journal import State
from orchestrator.pipeline.publishing import Publisher
from orchestrator.publish.finishing import RolledBack, backwards
from orchestrator.publish.model import ImageSet, Published
from orchestrator.publish.visible import changed


@dataclass(frozen=True, kw_only=True, slots=True)
class RollBack:
    """What was, or would be, done: references led back and tags removed, of which images; and what stays as it is, with the reason."""

    published: tuple[Published, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    code: ExitCode = field(default=ExitCode.DONE)


def sets_to_take_back(
    publisher: Publisher, wanted: int, images: Collection[str]
) -> tuple[tuple[ImageSet, ...], tuple[ImageSet, ...]]:
    """Find the sets of some images that the run `wanted` published: those that can be taken back, and those that were replaced since.

    Raises `UsageError` when there is nothing to take back.
    """
    every = [one for one in sets_of(publisher, wanted) if one.image in images]
    chosen = tuple(one for one in every if one.state in {State.DONE, State.BEGUN, State.ROLLING_BACK})
    if not chosen:
        raise UsageError(
            f"run {wanted} published none of these images to {publisher.place}, or that was replaced or rolled back since",
            mend="'orchestrator report --list' lists the runs",
        )
    return chosen, tuple(one for one in every if one not in chosen)


def take_back(
    publisher: Publisher, run: int, wanted: int, images: Collection[str], *, dry_run: bool = False
) -> RollBack:
    """Roll back the sets of some images that the run `wanted` published. Raises `UsageError` when it published none of them."""
    chosen, others = sets_to_take_back(publisher, wanted, images)
    results = []
    if publisher.leader is not None and not dry_run:
        publisher.leader.start()
    try:
        for one in reversed(chosen):
            former = publisher.journal.former(one.number)
            if dry_run:
                back, gone, left = backwards(publisher.registries, one, former)
                removed = tuple(target.reference for target in gone)
                results.append(RolledBack(published=changed(back), removed=removed, left=left))
            else:
                results.append(publisher.take_back(run, one))
                publisher.progress.note(f"{one.image}: as it was before run {wanted}")
    finally:
        if publisher.leader is not None:
            publisher.leader.close()
    left = tuple(pair for one in results for pair in one.left)
    left += tuple((one.image, f"{one.state} since") for one in others)
    return RollBack(
        published=tuple(ref for one in results for ref in one.published),
        removed=tuple(name for one in results for name in one.removed),
        left=left,
        images=tuple(one.image for one in chosen),
        code=ExitCode.CELLS_FAILED if left else ExitCode.DONE,
    )


def sets_of(publisher: Publisher, run: int) -> tuple[ImageSet, ...]:
    """List the sets that a run began at a place. Raises `UsageError` for a run that never was."""
    if Chronicle(publisher.ledger).run(run) is None:
        last = Chronicle(publisher.ledger).runs(limit=1)
        raise UsageError(
            f"there is no run {run}", mend=f"the last one is {last[0].number}" if last else "nothing was published yet"
        )
    return tuple(one for one in publisher.journal.of_run(run) if one.registry == publisher.place)
