"""Registries without TLS that the config names: every command that speaks to registries takes them for what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from orchestrator.cli.group import run
from orchestrator.errors import ExitCode, UnreachableError
from orchestrator.pipeline import publication
from orchestrator.registry.answers import RefusedError
from orchestrator.registry.exchange import Exchange
from tests.unit.conftest import ROOT

MATRIX = ROOT / "examples" / "debian" / "versions.json"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "orchestrator.yaml"
    path.write_text("registry: plain.example:5000/team\nplain_registries: [plain.example:5000]\n")
    return path


@pytest.mark.parametrize("command", ["status", "reconcile"])
def test_it_is_asked_without_tls(command: str, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def send(_self: Exchange, _method: str, url: httpx.URL, *_: Any, **__: Any) -> NoReturn:
        asked.append(str(url))
        raise RefusedError("closed")

    monkeypatch.setattr(Exchange, "send", send)
    more = ("--remote",) if command == "status" else ()
    assert run((command, "--matrix", str(MATRIX), "--config", str(config), *more)) == ExitCode.UNREACHABLE
    assert asked
    assert {url.partition("/v2/")[0] for url in asked} == {"http://plain.example:5000"}
    config.write_text("registry: plain.example:5000\n")
    asked.clear()
    run((command, "--matrix", str(MATRIX), "--config", str(config), *more))
    assert {url.partition("/v2/")[0] for url in asked} == {"https://plain.example:5000"}


def test_so_does_taking_back(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[frozenset[str]] = []

    def registries(*, plain: frozenset[str], **_: Any) -> NoReturn:
        opened.append(plain)
        raise UnreachableError("closed")

    monkeypatch.setattr(publication, "Registries", registries)
    words = ("publish", "--matrix", str(MATRIX), "--config", str(config), "--rollback", "1")
    assert run(words) == ExitCode.UNREACHABLE
    assert opened == [frozenset({"plain.example:5000"})]
