"""Looking, deciding, removing: what `orchestrator prune` does, and what it would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.config.settings import Keep
from orchestrator.disk.decision import decide
from orchestrator.disk.engine import EngineSide
from orchestrator.disk.images import find_images, remove_image
from orchestrator.disk.logs import find_logs
from orchestrator.disk.memory import read_memory
from orchestrator.disk.model import (
    CacheUse,
    Decision,
    Done,
    Inventory,
    Kept,
    Kind,
    Removal,
    Report,
    ScratchDirectory,
    StagedImage,
)
from orchestrator.disk.records import find_records, remove_record
from orchestrator.disk.sightings import read_sightings, write_sightings
from orchestrator.disk.space import tree_size
from orchestrator.disk.tools import find_tools, find_verdicts, remove_tools
from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.opening import open_ledger
from orchestrator.system.files import is_locked
from orchestrator.system.places import Places
from orchestrator.system.scratch import OF_RUNS, dead_scratch, remove_scratch

#: What may go wrong with one thing and leave the others to be removed.
_TROUBLE = (EnvironmentFailedError, DockerException, RequestException, OSError)

#: Removes one thing, and returns the bytes freed; None where it has become needed, or is gone. Raises one of `_TROUBLE`.
Remover = Callable[[Removal], int | None]


def look(places: Places, side: EngineSide | None, *, live: bool, temporary: Path | None = None) -> Inventory:
    """Take the inventory. `live`: a run is going on, so the engine is not asked. `temporary` is where scratch directories are."""
    notes: list[str] = []
    images: tuple[StagedImage, ...] = ()
    caches: list[CacheUse] = []
    if live:
        notes.append("a run is going on: images and build cache stay as they are")
    elif side is None:
        notes.append("no engine was looked at: images and build cache stay as they are")
    else:
        try:
            images = find_images(side.client)
        except (DockerException, RequestException) as error:
            notes.append(f"the engine's images stay: {_line(error)}")
        caches = list(_caches(side, notes))
    return Inventory(
        live=live,
        logs=find_logs(places.logs),
        scratch=tuple(
            ScratchDirectory(path=path, size=tree_size(path)) for path in dead_scratch(*OF_RUNS, parent=temporary)
        ),
        images=images,
        caches=tuple(caches),
        records=find_records(places),
        tools=find_tools(places),
        verdicts=find_verdicts(places),
        notes=tuple(notes),
    )


def foresee(places: Places, inventory: Inventory, keep: Keep) -> Decision:
    """Decide by the ledger; changes nothing. Raises `EnvironmentFailedError` for a ledger that cannot be read."""
    with open_ledger(places.ledger, create=False) as ledger:
        memory = replace(read_memory(ledger), sightings=read_sightings(_sightings(places)))
    return decide(inventory, memory, keep, now=datetime.now(UTC))


def freeable(places: Places, keep: Keep, side: EngineSide | None = None, *, temporary: Path | None = None) -> int:
    """Count the bytes that `orchestrator prune` would free, at most; without an engine, and while a run is live, of logs and scratch only."""
    live = is_locked(places.run_lock)
    return foresee(places, look(places, side, live=live, temporary=temporary), keep).size


def note_sightings(places: Places, inventory: Inventory) -> None:
    """Write down which images are there, so that those of other ledgers get an age. Raises `OSError` where that cannot be written."""
    if inventory.images:
        write_sightings(_sightings(places), inventory.images, now=datetime.now(UTC))


def removers(places: Places, side: EngineSide | None, *, alone: bool = False) -> Mapping[Kind, Remover]:
    """Give what removes each kind. A run that starts meanwhile is seen: from then on its engine's things stay.

    `alone` says that the caller holds the run's lock itself, so that no run can.
    """

    def live() -> bool:
        return not alone and is_locked(places.run_lock)

    def kept(removal: Removal) -> int | None:
        remove_record(Path(removal.what))
        return removal.size

    def tools(removal: Removal) -> int | None:
        if live():
            return None
        remove_tools(Path(removal.what))
        return removal.size

    def scratch(removal: Removal) -> int | None:
        return removal.size if remove_scratch(Path(removal.what)) else None

    def image(removal: Removal) -> int | None:
        if side is None or live():
            return None
        return removal.size if remove_image(side.client, removal.what, removal.digest) else None

    def cache(removal: Removal) -> int | None:
        if side is None or live():
            return None
        return side.caches.prune(removal.what, removal.limit)

    return {
        Kind.LOG: kept,
        Kind.RECORD: kept,
        Kind.TOOLS: tools,
        Kind.SCRATCH: scratch,
        Kind.IMAGE: image,
        Kind.CACHE: cache,
    }


def carry_out(decision: Decision, by_kind: Mapping[Kind, Remover]) -> Report:
    """Remove what was decided, one by one; what cannot be removed is reported and holds back nothing else."""
    done, skipped, refused = [], [], []
    for removal in decision.removals:
        try:
            freed = by_kind[removal.kind](removal)
        except FileNotFoundError:
            freed = None
        except _TROUBLE as error:
            refused.append(Kept(kind=removal.kind, what=removal.what, reason=_line(error)))
            continue
        if freed is None:
            skipped.append(Kept(kind=removal.kind, what=removal.what, reason="needed by now, or gone"))
        else:
            done.append(Done(removal=removal, size=freed))
    return Report(done=tuple(done), skipped=tuple(skipped), refused=tuple(refused))


def _sightings(places: Places) -> Path:
    return places.state / "sightings.json"


def _caches(side: EngineSide, notes: list[str]) -> Iterator[CacheUse]:
    names = list(side.builders)
    try:
        names.insert(0, side.caches.own())
    except EnvironmentFailedError as error:
        notes.append(f"the engine's build cache stays: {error.message}")
    for name in dict.fromkeys(names):
        try:
            yield side.caches.use(name)
        except EnvironmentFailedError as error:
            notes.append(f"the cache of builder {name} stays: {error.message}")


def _line(error: Exception) -> str:
    text = error.message if isinstance(error, EnvironmentFailedError) else str(error)
    return " ".join(text.split())[:300]
