"""`orchestrator test`: prove images that exist."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.errors import ExitCode, summary


@click.command("test")
@click.option("--list", "show", is_flag=True, help="List the proofs and what each claims.")
@selection
@common
def command(told: Common, selection: Any, *, show: bool) -> int:
    """Prove images that are in the engine already, under the tags that 'build' gave them.

    Examples: orchestrator test 2.7-slim-bullseye-arm64v8; orchestrator test --list
    """
    from orchestrator.prove.catalogue import CATALOGUE, prove  # noqa: PLC0415 - --help must not wait for it

    if show:
        if told.json:
            emit_json([{"name": proof.name, "claim": proof.claim, "link": proof.link} for proof in CATALOGUE])
        else:
            emit("\n".join(f"{proof.name:16} {proof.claim} {proof.link}" for proof in CATALOGUE))
        return int(ExitCode.DONE)
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.pipeline.cell import probe_seconds, proof_failure  # noqa: PLC0415
    from orchestrator.pipeline.workshop import open_workshop  # noqa: PLC0415
    from orchestrator.prove.container import ContainerSubject  # noqa: PLC0415
    from orchestrator.publish.names import local_references  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    found = []
    with open_workshop(matrix, load_settings(told.config_path), told.progress()) as shop:
        executions = shop.executions(cells)
        for cell in cells:
            reference = local_references(matrix, cell)[0]
            limit = probe_seconds(shop.settings, executions[cell.architecture.name])
            outcomes = prove(ContainerSubject(shop.client, cell, reference, timeout=limit))
            found.append((cell, reference, outcomes))
            if not told.json:
                for outcome in outcomes:
                    emit(f"{cell.id}  {'ok  ' if outcome.passed else 'FAIL'}  {outcome.name}: {outcome.detail}")
    if told.json:
        emit_json(
            [
                {
                    "id": cell.id,
                    "reference": reference,
                    "proofs": [
                        {"name": o.name, "passed": o.passed, "detail": o.detail, "seconds": o.seconds} for o in outcomes
                    ],
                }
                for cell, reference, outcomes in found
            ]
        )
    failures = (proof_failure(outcomes) for _, _, outcomes in found)
    return int(summary(failure.code for failure in failures if failure is not None))
