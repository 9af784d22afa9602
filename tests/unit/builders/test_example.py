"""The farm that the documentation shows can be loaded, and what it says of defaults is so."""

from __future__ import annotations

import re

from orchestrator.builders.slots import EMULATED_GIB, NATIVE_GIB
from orchestrator.config.settings import BuilderSettings, Emulation, Settings, load_settings
from tests.unit.conftest import ROOT

FARM = ROOT / "examples" / "farm"
README = (FARM / "README.md").read_text(encoding="utf-8")


def test_the_example_is_a_config() -> None:
    settings = load_settings(FARM / "orchestrator.yaml")
    assert [builder.name for builder in settings.builders] == ["default", "arm", "arm-contained", "far", "kube-arm"]
    assert settings.emulation is Settings().emulation


def test_every_builder_of_the_example_is_attached_in_the_text() -> None:
    made = set(re.findall(r"docker (?:context create|buildx create --name) ([a-z-]+)", README))
    assert made == {builder.name for builder in load_settings(FARM / "orchestrator.yaml").builders} - {"default"}


def test_every_key_and_every_way_to_emulate_is_explained() -> None:
    for name in set(BuilderSettings.model_fields) - {"name"}:
        assert f"| `{name}` |" in README
    for emulation in Emulation:
        assert re.search(rf"^\| `{emulation.value}`", README, re.MULTILINE)
    assert f"| `{Settings().emulation.value}` (default)" in README
    assert f"one per {NATIVE_GIB} GiB of memory" in README
    assert f"one per {EMULATED_GIB} GiB" in README


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    for target in targets:
        assert (FARM / target).exists(), target
