"""Unit tests start no process and open no socket: what they need of the outside they fake."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a unit test tried to reach outside")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    return load_matrix(ROOT / "versions.json")


@pytest.fixture(scope="session")
def debian_matrix() -> Matrix:
    return load_matrix(ROOT / "examples" / "debian" / "versions.json")
