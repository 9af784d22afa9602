"""Where emulation can be measured: proven images of both architectures first, then bases; with the newest tools of their suite."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.acceleration.grounds import Ground, Side, find_grounds
from orchestrator.acceleration.shelf import Record
from orchestrator.bases import shelf
from orchestrator.bases.oci import Written, write_layout
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Platform
from orchestrator.system.places import Places
from tests.unit.engine.fakes import FakeRunner
from tests.unit.engine.test_binfmt import ENGINE

MATRIX = load_matrix(Path(__file__).parents[3] / "examples" / "debian" / "versions.json")
AMD64, ARM64 = (next(one for one in MATRIX.known if one.name == name) for name in ("amd64", "arm64v8"))
SLIM = "debian:bullseye-slim"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def layout(directory: Path, platform: str) -> Written:
    directory.mkdir(parents=True)
    layer = directory.parent / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        archive.addfile(tarfile.TarInfo("x"), io.BytesIO())
    return write_layout(directory, layer=layer, platform=Platform.parse(platform), created=0, comment="x")


def base(places: Places, architecture: str, platform: str, reference: str = SLIM) -> str:
    """Put a base on its shelf; gives its context."""
    slot = shelf.Slot(root=places.bases, reference=reference, architecture=architecture)
    made = layout(places.cache / "made" / architecture, platform)
    slot.place(places.cache / "made" / architecture, made.digest)
    slot.write(
        shelf.Record(
            reference=reference, architecture=architecture, digest=made.digest, release="r", recipe="r", built=1.0, checked=1.0,
            size=made.size, seconds=1.0,
        )
    )  # fmt: skip
    return f"oci-layout://{slot.layout(made.digest)}@{made.digest}"


def tools(places: Places, number: int, *, made: float, target: str = "arm64v8", platform: str = "linux/amd64") -> str:
    """Put tools on their shelf; gives their context."""
    directory = places.native_tools / f"{number:064x}"
    written = layout(directory / "layout", platform)
    record = Record(
        suite="bullseye", target=target, host="amd64", base_digest="b", digest=written.digest, size=written.size, seconds=1.0,
        made=made, used=made,
    )  # fmt: skip
    (directory / "record.json").write_text(json.dumps(asdict(record)), encoding="utf-8")
    return f"oci-layout://{directory / 'layout'}@{written.digest}"


def find(places: Places, images: dict[str, str] | None = None) -> tuple[Ground, ...]:
    """`images` are what the engine has: references and their architectures."""
    runner = FakeRunner({**(images or {}), "image inspect": (1, "No such image")})
    return find_grounds(places, MATRIX, ENGINE, AMD64, ARM64, runner=runner)


def test_without_bases_and_images_there_is_nothing(places: Places) -> None:
    assert find(places) == ()
    base(places, "amd64", "linux/amd64")
    assert find(places) == ()


def test_a_base_of_both_architectures_is_a_ground(places: Places) -> None:
    native, emulated = base(places, "amd64", "linux/amd64"), base(places, "arm64v8", "linux/arm64/v8")
    assert find(places) == (
        Ground(name=SLIM, native=Side(reference=SLIM, context=native), emulated=Side(reference=SLIM, context=emulated)),
    )


def test_images_that_are_there_for_both_go_before_bases(places: Places) -> None:
    base(places, "amd64", "linux/amd64")
    base(places, "arm64v8", "linux/arm64/v8")
    mine, other = "amd64/python:3.9.2-slim-bullseye", "arm64v8/python:3.9.2-slim-bullseye"
    (found,) = find(places, {mine: "amd64", other: "arm64"})
    assert (found.native, found.emulated) == (Side(reference=mine), Side(reference=other))
    (without,) = find(places, {mine: "amd64", other: "amd64"})
    assert without.name == SLIM


def test_the_newest_tools_for_it_come_along_with_the_platform_of_their_index(places: Places) -> None:
    base(places, "amd64", "linux/amd64")
    base(places, "arm64v8", "linux/arm64/v8")
    tools(places, 1, made=1)
    newest = tools(places, 2, made=2, platform="linux/arm64/v8")
    tools(places, 3, made=3, target="s390x")
    (found,) = find(places)
    assert found.tools is not None
    assert (found.tools.context, found.tools.platform) == (newest, "linux/arm64/v8")
