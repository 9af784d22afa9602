"""Native tools go when no build has asked for them for long; the newest of each kind stay, and what was found out goes with its tools."""

from __future__ import annotations

import fcntl
import io
import json
import os
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.acceleration.shelf import Record
from orchestrator.acceleration.stock import Judged, Stocked, judged, stocked
from orchestrator.bases.oci import write_layout
from orchestrator.disk.decision import decide
from orchestrator.disk.model import Decision, Inventory, Kind, Memory, ToolsOnDisk, VerdictOnDisk
from orchestrator.disk.pruning import carry_out, look, removers
from orchestrator.disk.tools import find_tools, find_verdicts, remove_tools
from orchestrator.matrix.model import Platform
from orchestrator.system.places import Places
from tests.unit.disk.things import KEEP, NOW, ago

ROOT = Path("/cache/native-tools")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def record(number: int, *, made: float = 200, used: float = 200, suite: str = "bullseye") -> Record:
    return Record(
        suite=suite,
        target="arm64v8",
        host="amd64",
        base_digest="sha256:b",
        digest=f"sha256:{number:064x}",
        size=5,
        seconds=20.0,
        made=ago(made).timestamp(),
        used=ago(used).timestamp(),
    )


def tools(number: int, *, made: float = 200, used: float = 200, suite: str = "bullseye") -> ToolsOnDisk:
    """Tools that were made and used so many days ago."""
    kept = record(number, made=made, used=used, suite=suite)
    return ToolsOnDisk(tools=Stocked(path=ROOT / f"{number:064x}", record=kept, used=ago(min(made, used))), size=7)


def broken(number: int, *, days: float) -> ToolsOnDisk:
    return ToolsOnDisk(tools=Stocked(path=ROOT / f"{number:064x}", record=None, used=ago(days)), size=3)


def verdict(number: int) -> VerdictOnDisk:
    name = f"{number:064x}"
    return VerdictOnDisk(verdict=Judged(path=ROOT / "verdicts" / f"{name}.json", digest=f"sha256:{name}"), size=1)


def of(*found: ToolsOnDisk, verdicts: tuple[VerdictOnDisk, ...] = (), live: bool = False) -> Decision:
    return decide(Inventory(live=live, tools=found, verdicts=verdicts), Memory(), KEEP, now=NOW)


def gone(decision: Decision) -> list[str]:
    return [one.what for one in decision.removals]


def reasons(decision: Decision) -> dict[str, str]:
    return {Path(one.what).name.removesuffix(".json").lstrip("0"): one.reason for one in decision.kept}


def test_what_was_not_used_for_long_goes_but_the_newest_of_each_kind() -> None:
    decision = of(
        tools(1, made=300, used=31),
        tools(2, made=200, used=29),
        tools(3, made=100, used=100),
        tools(4, made=400, used=400, suite="buster"),
    )
    assert [(one.what, one.size, one.reason) for one in decision.removals] == [
        (str(ROOT / f"{1:064x}"), 7, "not used for 30 days")
    ]
    assert reasons(decision) == {
        "2": "used within 30 days",
        "3": "the newest of bullseye for arm64v8 on amd64",
        "4": "the newest of buster for arm64v8 on amd64",
    }
    assert {one.kind for one in decision.kept} == {one.kind for one in decision.removals} == {Kind.TOOLS}


def test_what_is_not_whole_is_the_newest_of_nothing() -> None:
    decision = of(broken(1, days=31), broken(2, days=29))
    assert [(one.what, one.reason) for one in decision.removals] == [
        (str(ROOT / f"{1:064x}"), "not whole, and not touched for 30 days")
    ]
    assert reasons(decision) == {"2": "touched within 30 days"}


def test_a_verdict_goes_with_its_tools() -> None:
    decision = of(
        tools(1), tools(2, made=100), broken(3, days=1), verdicts=tuple(verdict(number) for number in (1, 2, 3, 4))
    )
    names = [f"{1:064x}", *(f"verdicts/{number:064x}.json" for number in (1, 3, 4))]
    assert gone(decision) == [str(ROOT / name) for name in names]
    assert decision.size == 7 + 3
    assert reasons(decision)["2"] == "its tools stay"


def test_while_a_run_is_going_on_all_of_it_stays() -> None:
    decision = of(tools(1), tools(2, made=100), verdicts=(verdict(9),), live=True)
    assert (gone(decision), set(reasons(decision).values())) == ([], {"a run is going on"})
    assert len(decision.kept) == 3


def shelve(places: Places, number: int, *, made: float = 200) -> Path:
    """Write tools as they are kept."""
    directory = places.native_tools / f"{number:064x}"
    layer = places.cache / "layer.tar"
    (directory / "layout").mkdir(parents=True)
    with tarfile.open(layer, "w") as archive:
        archive.addfile(tarfile.TarInfo("dash"), io.BytesIO())
    written = write_layout(
        directory / "layout", layer=layer, platform=Platform.parse("linux/amd64"), created=number, comment="tools"
    )
    kept = asdict(record(number, made=made, used=made)) | {"digest": written.digest, "size": written.size}
    (directory / "record.json").write_text(json.dumps(kept), encoding="utf-8")
    return directory


def judge(places: Places, digest: str) -> Path:
    path = places.native_tools / "verdicts" / f"{digest.removeprefix('sha256:')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}", encoding="utf-8")
    return path


def test_tools_are_found_with_what_is_not_whole_and_nothing_else(places: Places) -> None:
    assert (find_tools(places), find_verdicts(places)) == ((), ())
    whole, damaged = shelve(places, 1), places.native_tools / f"{2:064x}"
    damaged.mkdir()
    (damaged / "record.json").write_text("[", encoding="utf-8")
    os.utime(damaged, (NOW.timestamp(), NOW.timestamp()))
    (places.native_tools / "locks").mkdir()
    (places.native_tools / f"{3:064x}").symlink_to(whole)
    found = find_tools(places)
    assert [one.tools.path for one in found] == [whole, damaged]
    first, second = (one.tools for one in found)
    assert first.record is not None
    assert (first.record.suite, first.used, second.record, second.used) == ("bullseye", ago(200), None, NOW)
    assert found[0].size > first.record.size > 0
    path = judge(places, first.record.digest)
    judge(places, "sha256:short")
    assert [(one.verdict.path, one.verdict.digest, one.size) for one in find_verdicts(places)] == [
        (path, first.record.digest, 2)
    ]


def test_a_layout_that_lacks_something_is_not_whole(places: Places) -> None:
    blobs = shelve(places, 1) / "layout" / "blobs" / "sha256"
    max(blobs.iterdir(), key=lambda one: one.stat().st_size).write_bytes(b"")
    assert [one.record for one in stocked(places)] == [None]


def test_from_looking_to_removing(places: Places) -> None:
    old, new = shelve(places, 1), shelve(places, 2, made=100)
    records = [one.record for one in stocked(places)]
    paths = [judge(places, one.digest) for one in records if one is not None]
    inventory = look(places, None, live=False)
    decision = decide(inventory, Memory(), KEEP, now=NOW)
    assert gone(decision) == [str(old), str(paths[0])]
    places.state.mkdir(parents=True)
    with places.run_lock.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        report = carry_out(decision, removers(places, None))
        assert [one.reason for one in report.skipped] == ["needed by now, or gone"] * 2
        assert old.exists()
        held = carry_out(decision, removers(places, None, alone=True))
        assert len(held.done) == 2
    assert (old.exists(), new.exists(), [one.path for one in judged(places)]) == (False, True, [paths[1]])
    assert [one.reason for one in carry_out(decision, removers(places, None)).skipped] == ["needed by now, or gone"] * 2


def test_what_is_gone_already_is_told(places: Places) -> None:
    with pytest.raises(FileNotFoundError):
        remove_tools(places.native_tools / f"{1:064x}")
