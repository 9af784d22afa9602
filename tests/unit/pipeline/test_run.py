"""A run over cells: built, proven, tagged, remembered."""

from __future__ import annotations

from typing import Any

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.errors import ExitCode
from orchestrator.ledger.records import State
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.run import exit_code
from orchestrator.plan.plan import Action
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.publish.names import local_references
from tests.unit.pipeline.fakes import FIRST, World


def test_a_cell_is_built_privately_proven_and_only_then_tagged(world: World) -> None:
    (cell,) = (one for one in world.cells("3.9-slim-bullseye") if one.architecture.name == "amd64")
    (result,) = world.run((cell,))
    assert result.ok
    (request,) = world.builder.requests
    assert request.reference.startswith("orchestrator.local/python/3.9-slim-bullseye-amd64:")
    assert request.platform == "linux/amd64"
    assert dict(request.contexts) == {
        "debian:bullseye-slim": "docker-image://debian:bullseye-slim@sha256:base",
        "python-source": "/inputs/source",
        "python-wheels": "/inputs/wheels",
    }
    assert world.builder.dockerfiles[0] == result.planned.known.dockerfile
    assert set(local_references(world.shop.matrix, cell)) < set(world.engine.images_by_name)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.size, attempt.digest) == (State.PROVEN, 1000, FIRST)
    assert attempt.log == str(request.log)
    proofs = sum(proof.applies(cell) for proof in CATALOGUE)
    assert [entry for entry, _ in world.board.log] == [
        "begin build", "[build 5/9] RUN make -j 2", "begin prove", f"[prove 1/{proofs}] {CATALOGUE[0].name}", "end", "close",
    ]  # fmt: skip


def test_emulated_cells_take_longest_and_go_first_have_longer_and_results_keep_the_plans_order(world: World) -> None:
    amd64, arm64 = world.cells("3.9-slim-bullseye")
    results = world.run((amd64, arm64))
    assert [result.cell for result in results] == [amd64, arm64]
    first, second = world.builder.requests
    assert (first.platform, first.timeout, first.silence, first.emulated) == ("linux/arm64/v8", 3600, 5400, True)
    assert (second.platform, second.timeout, second.silence, second.emulated) == ("linux/amd64", 600, 900, False)


def test_a_second_run_does_nothing_but_makes_sure_of_the_tags(world: World) -> None:
    cells = world.cells("3.9-slim-bullseye")
    world.run(cells)
    name = local_references(world.shop.matrix, cells[0])[0]
    del world.engine.images_by_name[name]
    results = world.run(cells)
    assert all(result.done_before and result.ok for result in results)
    assert len(world.builder.requests) == 2
    assert name in world.engine.images_by_name


def test_a_failure_does_not_stop_the_others_and_is_remembered(world: World) -> None:
    world.builder.failing["3.9-slim-bullseye-amd64"] = FailureClass.NETWORK
    cells = world.cells("3.9-slim-bullseye")
    bad, good = world.run(cells)
    assert (bad.ok, good.ok) == (False, True)
    assert bad.tags == ()
    assert bad.tries == 4
    assert exit_code((bad, good)) is ExitCode.UNREACHABLE
    attempt = world.shop.ledger.latest(bad.cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.failure_class) == (State.FAILED, "network")
    assert attempt.phases[0].name == "compile"
    again = world.run(cells)
    assert again[0].planned.reason == "the last attempt failed: network: as told"


def test_fail_fast_stops_after_the_first_failure(world: World) -> None:
    world.builder.failing["3.9-slim-bullseye-arm64v8"] = FailureClass.COMPILE
    results = world.run(world.cells("3.9-slim-bullseye"), fail_fast=True)
    assert [(result.ok, result.tried) for result in results] == [(False, False), (False, True)]
    assert len(world.builder.requests) == 1
    assert exit_code(results) is ExitCode.CELLS_FAILED


def test_what_is_not_proven_gets_no_tag(world: World) -> None:
    world.prover.refusing["3.9-slim-bullseye-amd64"] = "architecture/machine"
    amd64, arm64 = world.run(world.cells("3.9-slim-bullseye"))
    assert amd64.failure is not None
    assert (amd64.failure.kind, amd64.failure.message) == (FailureClass.ARCHITECTURE, "architecture/machine: as told")
    assert not any(name.startswith("amd64/") for name in world.engine.images_by_name)
    assert any(name.startswith("arm64v8/") for name in world.engine.images_by_name)
    assert arm64.ok


def test_built_by_a_killed_run_is_proven_without_a_build(world: World) -> None:
    (cell, _) = world.cells("3.9-slim-bullseye")
    world.run((cell,))
    world.change("state = 'built'")
    (result,) = world.run((cell,))
    assert result.planned.action is Action.PROVE
    assert result.ok
    assert len(world.builder.requests) == 1


def test_exit_codes_are_shared_or_general() -> None:
    def failed(kind: FailureClass | None) -> CellResult:
        failure = None if kind is None else Failure(kind=kind, message="")
        planned: Any = None
        return CellResult(planned=planned, attempt=None, failure=failure, tags=(), seconds=0.0)

    checksum, network, gone = (
        failed(kind) for kind in (FailureClass.CHECKSUM, FailureClass.NETWORK, FailureClass.UPSTREAM_GONE)
    )
    assert exit_code(()) is ExitCode.DONE
    assert exit_code((failed(None), checksum)) is ExitCode.VERIFICATION
    assert exit_code((network, gone)) is ExitCode.UNREACHABLE
    assert exit_code((checksum, network)) is ExitCode.CELLS_FAILED
