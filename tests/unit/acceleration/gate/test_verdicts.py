"""Verdicts are kept by digest, for as long as the gate is the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.acceleration.gate import verdicts
from orchestrator.acceleration.gate.verdicts import fingerprint, keep_verdict, verdict_of
from orchestrator.acceleration.model import Verdict
from orchestrator.system.places import Places

ROOM = Path(verdicts.__file__).parent
VERDICT = Verdict(
    digest="sha256:0123",
    differences=("macros: 'é' with native tools, nothing more without",),
    compared=7,
    by="2.7-slim-bullseye-arm64v8",
    judged="2026-01-02T03:04:05+00:00",
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def test_what_is_kept_is_found_again(places: Places) -> None:
    path = keep_verdict(places, VERDICT)
    assert path == places.native_tools / "verdicts" / "0123.json"
    assert verdict_of(places, "sha256:0123") == VERDICT
    assert verdict_of(places, "sha256:4567") is None


def test_a_later_verdict_takes_the_place_of_an_earlier_one(places: Places) -> None:
    keep_verdict(places, VERDICT)
    later = Verdict(digest=VERDICT.digest, differences=(), compared=8, by="another", judged="2026-01-03T03:04:05+00:00")
    keep_verdict(places, later)
    assert verdict_of(places, "sha256:0123") == later


def test_another_gate_has_found_nothing(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_verdict(places, VERDICT)
    monkeypatch.setattr(verdicts, "fingerprint", lambda: "another")
    assert verdict_of(places, "sha256:0123") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"gate": 1}', "null", "\xff"])
def test_a_damaged_file_is_none(places: Places, content: str) -> None:
    path = keep_verdict(places, VERDICT)
    path.write_text(content, encoding="latin-1")
    assert verdict_of(places, "sha256:0123") is None


def test_a_file_with_more_or_of_other_tools_is_none(places: Places) -> None:
    path = keep_verdict(places, VERDICT)
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**kept, "more": 1}), encoding="utf-8")
    assert verdict_of(places, "sha256:0123") is None
    path.write_text(json.dumps(kept), encoding="utf-8")
    shutil.copy(path, path.with_name("4567.json"))
    assert verdict_of(places, "sha256:4567") is None


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../x", "sha256:A"])
def test_a_digest_that_is_none_names_no_file(places: Places, digest: str) -> None:
    assert verdict_of(places, digest) is None
    with pytest.raises(OSError, match="is no digest"):
        keep_verdict(places, Verdict(digest=digest, differences=(), compared=1, by="x", judged="y"))


@pytest.mark.parametrize("name", ["work/work.sh", "work/gate.mk", "work/program.c", "units.yaml", "comparing.py"])
def test_each_part_of_the_gate_counts(tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(ROOM, tmp_path / "gate")
    assert fingerprint(copy) == fingerprint(ROOM)
    shutil.copytree(copy, tmp_path / "other")
    with (tmp_path / "other" / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert fingerprint(tmp_path / "other") != fingerprint(ROOM)
