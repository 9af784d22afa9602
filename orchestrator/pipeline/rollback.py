"""Taking back what a run published: every reference is led back to where it led before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from orchestrator.errors import ExitCode, UsageError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.pipeline.publishing import Publisher
from orchestrator.pipeline.shielding import shielded
from orchestrator.publish.finishing import RolledBack, backwards, roll_back
from orchestrator.publish.model import ImageSet, Published


@dataclass(frozen=True, kw_only=True, slots=True)
class RollBack:
    """What was, or would be, done: references led back and tags removed; what stays, with the reason; images that nothing was done to."""

    published: tuple[Published, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    code: ExitCode = field(default=ExitCode.DONE)


def take_back(
    publisher: Publisher, run: int, wanted: int, images: Collection[str], *, dry_run: bool = False
) -> RollBack:
    """Roll back the sets of some images that the run `wanted` published. Raises `UsageError` when it published none of them."""
    chosen = [one for one in sets_of(publisher, wanted) if one.image in images]
    if not chosen:
        raise UsageError(
            f"run {wanted} published none of these images to {publisher.place}, or that was replaced or rolled back since",
            mend="'orchestrator report --list' lists the runs",
        )
    results = []
    if publisher.leader is not None and not dry_run:
        publisher.leader.start()
    for one in reversed(chosen):
        if dry_run:
            back, gone, left = backwards(publisher.registries, one)
            some = tuple(
                Published(reference=target.reference, digest=target.digest) for target in back if target.changes
            )
            results.append(RolledBack(published=some, removed=tuple(target.reference for target in gone), left=left))
            continue
        done = shielded(lambda one=one: roll_back(publisher.registries, one, publisher.lead))  # type: ignore[misc]
        publisher.journal.roll_back(one.number, run, [(ref.reference, ref.digest) for ref in done.published])
        publisher.progress.note(f"{one.image}: as it was before run {wanted}")
        results.append(done)
    if publisher.leader is not None:
        publisher.leader.close()
    left = tuple(pair for one in results for pair in one.left)
    return RollBack(
        published=tuple(ref for one in results for ref in one.published),
        removed=tuple(name for one in results for name in one.removed),
        left=left,
        images=tuple(one.image for one in reversed(chosen)),
        code=ExitCode.CELLS_FAILED if left else ExitCode.DONE,
    )


def sets_of(publisher: Publisher, run: int) -> tuple[ImageSet, ...]:
    """List the sets of a run that can be taken back: those that are what is published now."""
    if Chronicle(publisher.ledger).run(run) is None:
        last = Chronicle(publisher.ledger).runs(limit=1)
        raise UsageError(
            f"there is no run {run}", mend=f"the last one is {last[0].number}" if last else "nothing was published yet"
        )
    sets = publisher.journal.of_run(run)
    return tuple(one for one in sets if one.registry == publisher.place and one.state in {"done", "begun"})
