"""How a command opens what publishing needs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from orchestrator.pipeline.publication import open_registries, plain_registries
from tests.unit.pipeline.fakes import World


def test_the_logins_of_whoever_publishes_come_before_those_that_the_engine_was_last_called_with(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with open_registries(world.shop) as registries:
        assert registries.environment == world.shop.engine.environment
    (tmp_path / "config.json").write_text("{}")
    with open_registries(world.shop) as registries:
        assert registries.environment == {**world.shop.engine.environment, "DOCKER_CONFIG": str(tmp_path)}
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".docker").mkdir(parents=True)
    (tmp_path / "home" / ".docker" / "config.json").write_text("{}")
    with open_registries(world.shop) as registries:
        assert registries.environment["DOCKER_CONFIG"] == str(tmp_path / "home" / ".docker")


def test_registries_without_tls_are_those_of_the_config_and_those_of_the_engine(world: World) -> None:
    settings = world.shop.settings.model_copy(update={"plain_registries": ("own.example",)})
    assert plain_registries(world.shop) == {"plain.example:5000"}
    assert plain_registries(dataclasses.replace(world.shop, settings=settings)) == {"plain.example:5000", "own.example"}
