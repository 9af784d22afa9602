"""Contents and provenance of images go when nobody will ask for them any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.disk.decision import decide
from orchestrator.disk.model import Inventory, Memory, Record
from orchestrator.disk.records import find_records, remove_record
from orchestrator.system.places import Places
from tests.unit.disk.things import KEEP, NOW, ago, attempt

DIGESTS = [f"sha256:{number:064x}" for number in range(9)]


def record(number: int, *, days: float = 100) -> Record:
    return Record(path=Path(f"/state/contents/{number:064x}.json"), digest=DIGESTS[number], written=ago(days), size=7)


def test_records_of_published_and_of_the_newest_images_stay_and_young_ones() -> None:
    attempts = tuple(replace(attempt(number, days=100), digest=DIGESTS[number]) for number in range(1, 6))
    records = (*(record(number) for number in range(1, 6)), record(7, days=1), record(8))
    decision = decide(
        Inventory(live=True, records=records),
        Memory(attempts=attempts, published=frozenset({DIGESTS[2]})),
        KEEP,
        now=NOW,
    )
    assert {one.what for one in decision.removals} == {str(record(number).path) for number in (1, 3, 8)}
    reasons = {one.what: one.reason for one in decision.kept}
    assert reasons[str(record(2).path)] == "published"
    assert reasons[str(record(5).path)] == f"of one of the newest {KEEP.images} images of its cell"
    assert "younger than" in reasons[str(record(7).path)]


def test_both_kinds_are_found_and_removed_and_nothing_else(tmp_path: Path) -> None:
    places = Places(cache=tmp_path / "cache", state=tmp_path / "state")
    assert find_records(places) == ()
    name = DIGESTS[1].removeprefix("sha256:")
    contents, provenance = places.contents / f"{name}.json", places.state / "attestations" / name / "provenance.json"
    for path in (contents, provenance, places.contents / "notes.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("four", encoding="utf-8")
    (places.contents / f"{DIGESTS[2].removeprefix('sha256:')}.json").symlink_to(contents)
    found = find_records(places)
    assert [(one.path, one.digest, one.size) for one in found] == [
        (contents, DIGESTS[1], 4),
        (provenance.parent, DIGESTS[1], 4),
    ]
    for one in found:
        remove_record(one.path)
    assert find_records(places) == ()
    assert (places.contents / "notes.json").exists()
