"""A world in which nothing reaches outside."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.model import Matrix
from orchestrator.pipeline import building, proving, publication
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.leading import Leader
from orchestrator.publish.model import Provenance
from orchestrator.registry.registries import Registries
from orchestrator.schedule import conductor
from tests.unit.pipeline.fakes import FakeBoard, FakeBuilder, FakeClient, FakeProver, World, farm, workshop
from tests.unit.registry.wire import FakeWire


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "state" / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def world(debian_matrix: Matrix, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    engine, prover = FakeClient(), FakeProver()
    builder = FakeBuilder(engine)
    shop = workshop(debian_matrix, ledger, engine, tmp_path)
    connection: Any = engine
    monkeypatch.setattr(building, "build", builder)
    monkeypatch.setattr(Farm, "alive", lambda *_: True)
    monkeypatch.setattr(conductor, "pause", lambda *_: 0.0)
    monkeypatch.setattr(proving, "prove", prover)
    wire = FakeWire()
    monkeypatch.setattr(
        publication, "origin_of", lambda _root, image, *, source: Provenance(source=source, version=image.line.release)
    )
    monkeypatch.setattr(Leader, "start", lambda _: None)
    monkeypatch.setattr(publication, "Registries", partial(Registries, http=wire.client))
    monkeypatch.setattr(Workshop, "open_client", lambda _: connection)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    return World(
        shop=shop, engine=engine, builder=builder, board=FakeBoard(), prover=prover, farm=farm(shop.engine), wire=wire
    )
