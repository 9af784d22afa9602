"""`orchestrator demo`: the whole way on real input, to a registry of its own."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, acceleration, common, emit, emit_json
from orchestrator.completion import values
from orchestrator.errors import UsageError


@click.command()
@click.option(
    "--image",
    default="2.7-slim-bullseye",
    show_default=True,
    metavar="IMAGE",
    shell_complete=values.demo_images,
    help="Which image of the Debian-only matrix.",
)
@acceleration
@common
def command(told: Common, image: str, acceleration: str | None) -> int:
    """Render, build, prove, publish and pull back one image of the Debian-only matrix, for every architecture.

    Needs a Debian mirror and pip's index, and nothing else: without a Docker Engine a private one is started; the registry is Debian's own,
    on the loopback address. Both are stopped at the end; what was built stays in the cache, so that a second run takes seconds. --matrix
    changes nothing.

    Examples: orchestrator demo; orchestrator demo --image 3.9-slim-bullseye
    """
    from orchestrator.pipeline.demo import run_demo  # noqa: PLC0415 - --help must not wait for it

    example = Path(__file__).resolve().parents[2] / "examples" / "debian" / "versions.json"
    if not example.exists():
        raise UsageError(
            "the Debian-only matrix is not part of an installed package", mend="run it in a checkout: make demo"
        )
    console = told.stderr()
    outcome = run_demo(example, image, told.progress(console), console, acceleration=acceleration)
    if told.json:
        emit_json(outcome.document)
    else:
        emit(outcome.table)
    return int(outcome.code)
