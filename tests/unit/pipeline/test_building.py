"""What a build is told that is tried again with another setting, and what is written down about where its image comes from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.attest import history
from orchestrator.attest.model import Told, UntoldError
from orchestrator.attest.provenance import is_ours, place
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import FailureClass
from orchestrator.config.settings import Settings
from orchestrator.matrix.model import Matrix
from orchestrator.pipeline import building
from orchestrator.pipeline.building import with_arguments
from orchestrator.prove.dockerfile import instructions
from orchestrator.render.tree import render_images
from tests.unit.pipeline.fakes import FIRST, World


def test_arguments_are_declared_where_it_compiles_and_leave_nothing_in_the_history(
    matrix: Matrix, debian_matrix: Matrix
) -> None:
    for one in (matrix, debian_matrix):
        for rendered in render_images(one, one.images):
            changed = with_arguments(rendered.text, {"QEMU_CPU": "cortex-a57"})
            assert changed.count("\nARG QEMU_CPU\n") == 1
            assert changed.index("\nARG QEMU_CPU\n") < changed.index(" ./configure ")
            assert instructions(changed) == instructions(rendered.text)
            assert with_arguments(rendered.text, {}) == rendered.text


@pytest.mark.parametrize(("architecture", "setting"), [("arm64v8", "QEMU_CPU=cortex-a57"), ("amd64", "")])
def test_a_crashed_emulator_is_tried_once_more_with_a_plainer_cpu(
    world: World, architecture: str, setting: str
) -> None:
    world.builder.failing[f"3.9-slim-bullseye-{architecture}"] = FailureClass.EMULATOR_CRASH
    (cell,) = (one for one in world.cells("3.9-slim-bullseye") if one.architecture.name == architecture)
    (result,) = world.run((cell,))
    assert (result.ok, result.tries) == (False, 2)
    second, first = world.shop.ledger.attempts(cell.id)
    assert (first.setting, first.tries, second.setting, second.tries) == ("", 1, setting, 2)
    assert first.key == second.key
    assert [dict(request.arguments) for request in world.builder.requests] == [
        {}, {"QEMU_CPU": "cortex-a57"} if setting else {},
    ]  # fmt: skip


@pytest.mark.parametrize("image", ["3.9-slim-bullseye", "2.7-slim-bullseye"])
def test_an_old_emulator_is_told_of_a_plain_cpu_from_the_start(world: World, image: str) -> None:
    world.farm = replace(world.farm, emulators={"linux/arm64/v8": "QEMU 7.2.9"})
    results = world.run(world.cells(image))
    settings = {one.cell.architecture.name: world.shop.ledger.attempts(one.cell.id)[0].setting for one in results}
    assert settings == {"amd64": "", "arm64v8": "QEMU_RESERVED_VA=0x10000000000 QEMU_CPU=cortex-a57"}
    given = {request.platform: dict(request.arguments) for request in world.builder.requests}
    told = {"QEMU_RESERVED_VA": "0x10000000000", "QEMU_CPU": "cortex-a57"}
    assert given == {"linux/amd64": {}, "linux/arm64/v8": told}


class RecordingBuilder:
    """The fake builder, by a buildx that says what BuildKit calls a build; it writes a log, too."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, request: BuildRequest, **more: Any) -> BuildResult:
        assert request.metadata is not None
        assert request.metadata.parent == request.directory
        request.log.parent.mkdir(parents=True, exist_ok=True)
        request.log.write_text("=== done\n", encoding="utf-8")
        return replace(self.world.builder(request, **more), record="b1")


def built(world: World) -> tuple[Path, str]:
    """Build one cell; gives the file of its provenance and its log."""
    (cell,) = (one for one in world.cells("3.9-slim-bullseye") if one.architecture.name == "amd64")
    (result,) = world.run((cell,))
    assert result.ok
    log = world.builder.requests[-1].log
    return place(world.shop.places, FIRST), log.read_text(encoding="utf-8") if log.exists() else ""


def test_where_an_image_comes_from_is_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str | None]] = []

    def ask(docker: str, reference: str, *, builder: str | None, **_: object) -> Told:
        asked.append((docker, reference, builder))
        kind = "https://slsa.dev/provenance/v0.2"
        return Told(predicate_type=kind, predicate={"buildType": "x"}, digests=frozenset({FIRST}))

    monkeypatch.setattr(building, "build", RecordingBuilder(world))
    monkeypatch.setattr(history, "ask", ask)
    file, log = built(world)
    assert asked == [("/usr/bin/docker", "b1", None)]
    statement = json.loads(file.read_bytes())
    assert statement["predicate"] == {"buildType": "x"}
    assert statement["subject"] == [
        {"name": "3.9-slim-bullseye-amd64", "digest": {"sha256": FIRST.removeprefix("sha256:")}}
    ]
    assert "warning" not in log


def test_what_buildkit_does_not_tell_we_state_and_the_log_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object, **__: object) -> Told:
        raise UntoldError("its history is off")

    monkeypatch.setattr(building, "build", RecordingBuilder(world))
    monkeypatch.setattr(history, "ask", ask)
    file, log = built(world)
    assert is_ours(file.read_bytes())
    given = json.loads(file.read_bytes())["predicate"]["buildDefinition"]
    materials = [(one["name"], one["digest"]["sha256"]) for one in given["resolvedDependencies"]]
    line = world.cells("3.9-slim-bullseye")[0].image.line
    assert materials[:2] == [("debian:bullseye-slim", "base"), (line.source.file, line.source.sha256)]
    assert [name for name, _ in materials[2:5]] == ["pip", "setuptools", "wheel"]
    assert given["internalParameters"]["ingredients"]["base"] == "sha256:base"
    assert "warning: the provenance is our own statement, not BuildKit's: its history is off\n" in log


def test_a_buildx_that_names_no_build_is_not_asked(world: World) -> None:
    file, _ = built(world)
    assert is_ours(file.read_bytes())


def test_a_provenance_that_cannot_be_written_fails_no_build(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = world.shop.places.state / "attestations"
    directory.mkdir(parents=True)
    (directory / FIRST.removeprefix("sha256:")).write_text("a file where a directory has to be", encoding="utf-8")

    def ask(*_: object, **__: object) -> Told:
        raise UntoldError("x")

    monkeypatch.setattr(building, "build", RecordingBuilder(world))
    monkeypatch.setattr(history, "ask", ask)
    _, log = built(world)
    assert "warning: the provenance cannot be kept: " in log


def test_it_can_be_turned_off(world: World) -> None:
    world.shop = replace(world.shop, settings=Settings(attestations=False))
    file, _ = built(world)
    assert not file.exists()
    assert world.builder.requests[-1].metadata is None
