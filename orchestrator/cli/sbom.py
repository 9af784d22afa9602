"""`orchestrator sbom`: the bill of materials of a proven cell."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit
from orchestrator.completion import values
from orchestrator.errors import EnvironmentFailedError, UsageError


@click.command()
@click.argument("cell", shell_complete=values.cells)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it here instead of to stdout.",
)
@common
def command(told: Common, cell: str, *, output: Path | None) -> None:
    """Show what is in the image of a proven CELL, as an SPDX 2.3 document in JSON: packages, versions, licences, sources.

    The contents are read when an image is proven; no engine is needed here. --json changes nothing.

    Example: orchestrator sbom 3.7-slim-stretch-arm64v8 --output sbom.spdx.json
    """
    from orchestrator.contents.sbom import sbom  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.contents.store import read_contents  # noqa: PLC0415
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415
    from orchestrator.select import Selection  # noqa: PLC0415
    from orchestrator.system.files import write_atomically  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    matrix, cells = chosen_cells(told, Selection(ids=(cell,)))
    if len(cells) != 1:
        raise UsageError(f"{cell} names {len(cells)} cells", mend=f"name one, with its architecture: {cells[0].id}")
    (chosen,) = cells
    places = Places.from_environment()
    with open_ledger(places.ledger, create=False) as ledger:
        proven = ledger.newest(proven=True).get(chosen.id)
    if proven is None:
        raise UsageError(
            f"{chosen.id} has not been proven, so that nobody knows what is in it",
            mend=f"orchestrator build {chosen.id}",
        )
    contents = read_contents(places, proven.digest)
    if contents is None:
        raise UsageError(
            f"the contents of {chosen.id} ({proven.digest[:19]}) were not recorded when it was proven",
            mend=f"orchestrator test {chosen.id}",
        )
    document = sbom(contents, name=matrix.name, version=chosen.image.tags[0])
    if output is None:
        emit(document.decode().rstrip("\n"))
        return
    try:
        write_atomically(output, document)
    except OSError as error:
        raise EnvironmentFailedError(
            f"{output} cannot be written: {error.strerror or error}", mend="name another file, or make room for it"
        ) from error
    told.progress().note(f"wrote {output}: {len(contents.components)} packages of {chosen.id}")
