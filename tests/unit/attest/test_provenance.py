"""Statements about where an image comes from, and which one is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.attest.model import IN_TOTO, Kind, Told, UntoldError
from orchestrator.attest.provenance import OURS, Material, Stated, document, is_ours, keep, ours, place
from orchestrator.system.places import Places
from tests.unit.attest.test_history import CAPTURED, IMAGE

STATED = Stated(
    cell="3.9-slim-bullseye-amd64",
    platform="linux/amd64",
    key="abc",
    ingredients={"base": "sha256:b", "execution": "native"},
    materials=(
        Material(name="debian:bullseye-slim", uri="", digest="sha256:b"),
        Material(name="pip", uri="pkg:pypi/pip@20.3.4", digest="c"),
    ),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def told(*digests: str, kind: str = "v0.2") -> Told:
    predicate = json.loads((CAPTURED / "predicate.json").read_bytes())
    return Told(
        predicate_type=f"https://slsa.dev/provenance/{kind}",
        predicate=predicate,
        digests=frozenset(digests or (IMAGE,)),
    )


def untold() -> Told:
    raise UntoldError("as told")


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@pytest.mark.parametrize(("kind", "statement"), [("v0.2", "v0.1"), ("v1", "v1")])
def test_what_buildkit_says_becomes_a_statement_about_the_image(places: Places, kind: str, statement: str) -> None:
    kept = keep(places, IMAGE, STATED, lambda: told(kind=kind))
    assert (kept.path, kept.reason) == (place(places, IMAGE), "")
    found = read(kept.path)
    assert found["_type"] == f"https://in-toto.io/Statement/{statement}"
    assert found["predicateType"] == f"https://slsa.dev/provenance/{kind}"
    assert found["subject"] == [{"name": STATED.cell, "digest": {"sha256": IMAGE.removeprefix("sha256:")}}]
    wanted = told().predicate
    assert "sysUsage" in str(wanted)
    assert "sysUsage" not in str(found)
    assert found["predicate"]["buildConfig"] == wanted["buildConfig"]
    assert found["predicate"]["invocation"] == wanted["invocation"]
    assert not is_ours(kept.path.read_bytes())


def test_without_buildkit_we_state_what_we_know_and_that_it_is_us(places: Places) -> None:
    kept = keep(places, IMAGE, STATED, untold)
    assert kept.reason == "as told"
    found = read(kept.path)["predicate"]
    assert found["runDetails"]["builder"]["id"] == OURS
    assert found["buildDefinition"]["externalParameters"] == {"cell": STATED.cell, "platform": "linux/amd64"}
    assert found["buildDefinition"]["internalParameters"]["key"] == "abc"
    assert found["buildDefinition"]["internalParameters"]["ingredients"] == STATED.ingredients
    assert found["buildDefinition"]["resolvedDependencies"] == [
        {"name": "debian:bullseye-slim", "digest": {"sha256": "b"}},
        {"name": "pip", "uri": "pkg:pypi/pip@20.3.4", "digest": {"sha256": "c"}},
    ]
    assert is_ours(kept.path.read_bytes())
    assert kept.path.read_bytes() == ours(STATED, IMAGE)


def test_a_record_of_another_image_is_not_taken(places: Places) -> None:
    kept = keep(places, IMAGE, STATED, lambda: told("sha256:other"))
    assert kept.reason == f"BuildKit's record is of a build that made sha256:other, not {IMAGE}"
    assert is_ours(kept.path.read_bytes())


def test_buildkits_statement_stays_ours_gives_way(places: Places) -> None:
    keep(places, IMAGE, STATED, untold)
    keep(places, IMAGE, STATED, told)
    first = place(places, IMAGE).read_bytes()
    assert not is_ours(first)

    def asked() -> Told:
        raise AssertionError("BuildKit is asked for what is known")

    assert keep(places, IMAGE, STATED, asked).reason == ""
    assert place(places, IMAGE).read_bytes() == first


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"predicate": 1}'])
def test_a_damaged_file_is_no_statement_and_is_written_anew(places: Places, damage: bytes) -> None:
    place(places, IMAGE).parent.mkdir(parents=True)
    place(places, IMAGE).write_bytes(damage)
    assert document(places, IMAGE, IMAGE) is None
    keep(places, IMAGE, STATED, told)
    assert document(places, IMAGE, IMAGE) is not None


def test_the_document_speaks_of_the_manifest_that_was_pushed(places: Places) -> None:
    """Engines of the older kind name an image by its config: its manifest is made in pushing."""
    assert document(places, IMAGE, IMAGE) is None
    keep(places, IMAGE, STATED, told)
    same = document(places, IMAGE, IMAGE)
    other = document(places, IMAGE, "sha256:pushed")
    assert same is not None
    assert other is not None
    assert (same.kind, same.media_type, same.name) == (Kind.PROVENANCE, IN_TOTO, "provenance.json")
    assert same.data == place(places, IMAGE).read_bytes()
    assert json.loads(other.data)["subject"][0]["digest"] == {"sha256": "pushed"}
    assert json.loads(other.data)["predicate"] == json.loads(same.data)["predicate"]
