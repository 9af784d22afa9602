"""What the documents tell people to type exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator.cli.group import COMMANDS
from orchestrator.config.settings import Settings
from tests.unit.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))


def test_make_targets_of_the_readme_exist() -> None:
    named = set(re.findall(r"(?:\$ |`)make ([a-z]+)", README))
    assert {"demo", "test", "build", "plan", "list", "render", "bench"} <= named
    assert named <= TARGETS


def test_the_makefile_has_its_promised_targets() -> None:
    promised = {"setup", "build", "render", "list", "plan", "test", "lint", "demo", "bench", "nightly", "bump", "help"}
    assert promised <= TARGETS
    assert ".DEFAULT_GOAL := help" in MAKEFILE


def test_commands_of_the_readme_exist() -> None:
    named = set(re.findall(r"(?:\$ |; |`)orchestrator ([a-z]+)", README))
    assert named <= set(COMMANDS)
    assert {"build", "explain", "doctor", "engine"} <= named


def _as_written(default: Any) -> str:
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, BaseModel):
        said = {name: value for name, value in default.model_dump().items() if value not in (None, False, ())}
        return ", ".join(f"{name}: {value:g}" for name, value in said.items()) or "none"
    return str(getattr(default, "value", default))


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        default = _as_written(field.default)
        row = next((line for line in README.splitlines() if line.startswith(f"| `{name}` ")), "")
        assert f"| {default} " in row.replace("`", ""), name


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
    assert "BENCH_TABLE" not in text


def test_rooms_named_in_contributing_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for room in re.findall(r"`(orchestrator/[a-z_/.]+)`", text):
        assert (ROOT / room).exists(), room
    for file in re.findall(
        r"`((?:system|engine|build|builders|schedule|plan|ledger|report|prove|publish|bases|inputs|pipeline|cli)/[a-z_]+\.py)`",
        text,
    ):
        assert (ROOT / "orchestrator" / file).exists(), file
