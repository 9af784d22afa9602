"""What goes and what stays: a pure function of what is there, what the ledger says, and how much is to be kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.config.settings import Keep
from orchestrator.disk.model import (
    CacheUse,
    Decision,
    Inventory,
    Kept,
    Kind,
    LogFile,
    Memory,
    Record,
    Removal,
    StagedImage,
)
from orchestrator.disk.tools import decide_tools
from orchestrator.ledger.records import Attempt, State

_GIB = 1024**3

Verdict = Removal | Kept


def decide(inventory: Inventory, memory: Memory, keep: Keep, *, now: datetime) -> Decision:
    """Decide about everything in the inventory, each thing once, with the reason. While a run is live its engine's things all stay."""
    verdicts: list[Verdict] = [
        *_logs(inventory.logs, memory, keep, now),
        *_records(inventory.records, memory, keep, now),
        *(
            Removal(kind=Kind.SCRATCH, what=str(one.path), size=one.size, reason="its run was killed")
            for one in inventory.scratch
        ),
    ]
    if inventory.live:
        why = "a run is going on"
        verdicts += [Kept(kind=Kind.IMAGE, what=one.reference, reason=why) for one in inventory.images]
        verdicts += [Kept(kind=Kind.CACHE, what=one.builder, reason=why) for one in inventory.caches]
        tools = [*(one.tools.path for one in inventory.tools), *(one.verdict.path for one in inventory.verdicts)]
        verdicts += [Kept(kind=Kind.TOOLS, what=str(path), reason=why) for path in tools]
    else:
        verdicts += _sized(list(_images(inventory.images, memory, keep, now)), inventory.images)
        verdicts += [_cache(one, keep) for one in inventory.caches]
        verdicts += decide_tools(inventory.tools, inventory.verdicts, keep, now=now)
    return Decision(
        removals=tuple(one for one in verdicts if isinstance(one, Removal)),
        kept=tuple(one for one in verdicts if isinstance(one, Kept)),
    )


def _logs(logs: Sequence[LogFile], memory: Memory, keep: Keep, now: datetime) -> Iterator[Verdict]:
    # Names are unique, and the directory may be reached by another path today than when the ledger wrote it down.
    needed: dict[str, str] = {}
    for attempts in _by_cell(memory.attempts).values():
        needed.setdefault(Path(attempts[0].log).name, "the newest attempt's")
        failed = next((one for one in attempts if one.state is State.FAILED), None)
        if failed is not None:
            needed.setdefault(Path(failed.log).name, "the last failure's")
        for one in attempts:
            if one.state is State.RUNNING:
                needed.setdefault(Path(one.log).name, "a running attempt's")
    cells: defaultdict[str, list[LogFile]] = defaultdict(list)
    for log in logs:
        cells[log.cell].append(log)
    for found in cells.values():
        newest = sorted(found, key=lambda log: (log.written, log.path.name), reverse=True)
        proofs = next((log for log in newest if log.proofs), None)
        if proofs is not None:
            # 'orchestrator test' writes one only where something failed.
            needed.setdefault(proofs.path.name, "the last failed proofs'")
        for rank, log in enumerate(newest):
            reason = needed.get(log.path.name) or _spared(rank, keep.logs, now - log.written, keep)
            if reason:
                yield Kept(kind=Kind.LOG, what=str(log.path), reason=reason)
            else:
                yield Removal(kind=Kind.LOG, what=str(log.path), size=log.size, reason=_stale(keep.logs, keep))


def _records(records: Sequence[Record], memory: Memory, keep: Keep, now: datetime) -> Iterator[Verdict]:
    newest = {
        one.digest
        for attempts in _by_cell(memory.attempts).values()
        for one in [one for one in attempts if one.digest][: keep.images]
    }
    for record in records:
        reason = "published" if record.digest in memory.published else ""
        if not reason and record.digest in newest:
            reason = f"of one of the newest {keep.images} images of its cell"
        if not reason and now - record.written < _age(keep):
            reason = f"younger than {keep.days:g} days"
        if reason:
            yield Kept(kind=Kind.RECORD, what=str(record.path), reason=reason)
        else:
            yield Removal(kind=Kind.RECORD, what=str(record.path), size=record.size, reason=_stale(keep.images, keep))


def _images(images: Sequence[StagedImage], memory: Memory, keep: Keep, now: datetime) -> Iterator[Verdict]:
    by_cell = _by_cell(memory.attempts)
    groups: defaultdict[str, list[StagedImage]] = defaultdict(list)
    for image in images:
        # Matrices of different names may have cells of the same id.
        groups[image.reference.rpartition(":")[0]].append(image)
    for group in groups.values():
        attempts = by_cell.get(group[0].cell, [])
        ours: list[tuple[StagedImage, Attempt]] = []
        for image in group:
            made = _maker(image, attempts)
            if made is not None:
                ours.append((image, made))
            else:
                yield _foreign(image, attempts, memory, keep, now)
        ours.sort(key=lambda pair: pair[1].id, reverse=True)
        proven = _newest_proven(group, attempts)
        for rank, (image, made) in enumerate(ours):
            if image is proven:
                reason = "the newest proven image of its cell"
            else:
                times = [datetime.fromisoformat(made.started), *([image.tagged] if image.tagged else [])]
                reason = _needed(image, attempts, memory) or _spared(rank, keep.images, now - max(times), keep)
            yield _image(image, reason, _stale(keep.images, keep))


def _foreign(
    image: StagedImage, attempts: Sequence[Attempt], memory: Memory, keep: Keep, now: datetime
) -> Removal | Kept:
    """Decide about an image that this ledger does not know: another ledger (XDG_STATE_HOME) may need it, so only age counts."""
    reason = _needed(image, attempts, memory)
    since = memory.sightings.get(image.name)
    if not reason and since is None:
        reason = "not of this ledger, and not seen before"
    if not reason and since is not None and now - max([since, *([image.tagged] if image.tagged else [])]) < _age(keep):
        reason = f"not of this ledger, and here for less than {keep.days:g} days"
    return _image(image, reason, f"not of this ledger, and here for more than {keep.days:g} days")


def _image(image: StagedImage, kept: str, stale: str) -> Removal | Kept:
    if kept:
        return Kept(kind=Kind.IMAGE, what=image.reference, reason=kept)
    return Removal(kind=Kind.IMAGE, what=image.reference, size=image.size, reason=stale, digest=image.digest)


def _needed(image: StagedImage, attempts: Sequence[Attempt], memory: Memory) -> str:
    """Say who needs an image whatever its age; empty when nobody does."""
    same = [one for one in attempts if one.key.startswith(image.key)]
    if any(one.state is State.RUNNING for one in same):
        return "a running attempt's"
    newest = next(iter(attempts), None)
    if newest in same and any(one.state is State.BUILT and one.digest == image.digest for one in same):
        return "built, and not yet proven"
    if memory.published & {image.digest, *image.digests}:
        return "published"
    return f"also tagged {image.others[0]}" if image.others else ""


def _maker(image: StagedImage, attempts: Sequence[Attempt]) -> Attempt | None:
    """Find the newest attempt that left exactly this image under this reference."""
    return next((one for one in attempts if one.key.startswith(image.key) and one.digest == image.digest), None)


def _newest_proven(group: Sequence[StagedImage], attempts: Sequence[Attempt]) -> StagedImage | None:
    """Find the newest proven image that is still there: that of a newer attempt may have been removed by hand."""
    for one in attempts:
        if one.state is State.PROVEN:
            for image in group:
                if one.key.startswith(image.key) and one.digest == image.digest:
                    return image
    return None


def _cache(use: CacheUse, keep: Keep) -> Removal | Kept:
    limit = round(keep.cache_gib * _GIB)
    over = min(use.size - limit, use.reclaimable)
    if over <= 0:
        return Kept(kind=Kind.CACHE, what=use.builder, reason=f"not more than {keep.cache_gib:g} GiB, or in use")
    return Removal(
        kind=Kind.CACHE,
        what=use.builder,
        size=over,
        reason=f"more than {keep.cache_gib:g} GiB; what was used least lately goes",
        limit=limit,
    )


def _sized(verdicts: Sequence[Verdict], images: Sequence[StagedImage]) -> Iterator[Verdict]:
    """Count what an image frees once: with the last of its names, and not at all while one of them stays."""
    digests = {image.reference: image.digest for image in images}
    held = {digests[one.what] for one in verdicts if isinstance(one, Kept)}
    held |= {image.digest for image in images if image.others}
    for one in verdicts:
        if isinstance(one, Removal):
            if one.digest in held:
                yield Removal(kind=one.kind, what=one.what, size=0, reason=one.reason, digest=one.digest)
                continue
            held.add(one.digest)
        yield one


def _by_cell(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    cells: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda one: one.id, reverse=True):
        cells[attempt.cell].append(attempt)
    return cells


def _age(keep: Keep) -> timedelta:
    return timedelta(days=keep.days)


def _spared(rank: int, count: int, age: timedelta, keep: Keep) -> str:
    if rank < count:
        return f"one of the newest {count} of its cell"
    return f"younger than {keep.days:g} days" if age < _age(keep) else ""


def _stale(count: int, keep: Keep) -> str:
    return f"not one of the newest {count} of its cell, and older than {keep.days:g} days"
