"""Contents are kept by digest, and what is damaged is not there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from orchestrator.contents.store import read_contents, write_contents
from orchestrator.system.places import Places
from tests.unit.contents.images import DIGEST, debian, python, read


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def test_what_is_written_is_read(places: Places) -> None:
    contents = read(debian(), python())
    path = write_contents(places, contents)
    assert path == places.state / "contents" / f"{DIGEST.removeprefix('sha256:')}.json"
    assert read_contents(places, DIGEST) == contents
    assert write_contents(places, contents).read_bytes() == path.read_bytes()


def test_what_was_not_written_is_not_there(places: Places) -> None:
    assert read_contents(places, DIGEST) is None
    assert read_contents(places, "") is None


@pytest.mark.parametrize("digest", ["sha256:../../x", "", "sha256:", "sha256:a/b", "sha256:A"])
def test_a_digest_that_is_none_names_no_file(places: Places, digest: str) -> None:
    with pytest.raises(OSError, match="is no digest"):
        write_contents(places, dataclasses.replace(read({}), digest=digest))
    assert read_contents(places, digest) is None
    assert not places.state.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"name": "zlib1g"', '"name": 1'),
        ('"name": "zlib1g"', '"name": "zlib1g", "more": 1'),
        ('"ecosystem": "deb"', '"ecosystem": "rpm"'),
        ('"version": "6.3",', ""),
        ("0123456789abcdef", "1123456789abcdef"),
        ("{", ""),
    ],
)
def test_a_damaged_file_is_not_there(places: Places, before: str, after: str) -> None:
    path = write_contents(places, read(debian()))
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert read_contents(places, DIGEST) is None


def test_a_file_that_was_cut_is_not_there(places: Places) -> None:
    path = write_contents(places, read(debian()))
    assert json.loads(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-10])
    assert read_contents(places, DIGEST) is None
