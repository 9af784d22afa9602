from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.model import Matrix
from orchestrator.system.places import Places
from tests.unit.report.run.past import Past

AMD, ARM = "3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"
OTHER = "2.7-alpine3.8-amd64"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.fixture
def past(places: Places, matrix: Matrix) -> Iterator[Past]:
    with open_ledger(places.ledger) as ledger:
        yield Past(ledger, matrix, places.logs)


@pytest.fixture
def nights(past: Past) -> Past:
    """Three nights: all is proven; the base moves and one cell fails; it fails again, and a proof of another one does, too."""
    past.begin(day=20)
    past.intend([AMD, ARM, OTHER], reason="new: there is no attempt at it yet")
    for cell in (AMD, ARM, OTHER):
        past.proven(cell)
    past.end(0)
    past.begin(day=21)
    past.intend([AMD])
    past.failed(AMD, base="sha256:b2", log="old\n")
    past.end(1)
    past.begin(day=22)
    past.intend([AMD, ARM], reason="the last attempt failed")
    past.failed(AMD, base="sha256:b2", log="$ docker buildx\n\x1b[31mgcc: error: \x00no\ufffe such <file>\x1b[0m\n")
    past.refused(ARM, base="sha256:b2")
    past.span(AMD, "build", 0, 10, failure="compile error")
    past.span(ARM, "build", 5, 20)
    past.span(ARM, "prove", 20, 21)
    past.end(1, minutes=30)
    return past
