"""`orchestrator bases`: the base images that cells start FROM, bootstrapped from the host's Debian mirror."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.bases.model import Base
    from orchestrator.bases.provider import Bases
    from orchestrator.matrix.model import Cell


@click.command("bases")
@click.option("--refresh", is_flag=True, help="Bootstrap anew, even if the mirror has not changed.")
@click.option("--list", "listing", is_flag=True, help="Only show the bases that are there.")
@click.option("--prune", is_flag=True, help="Remove the bases that the matrix does not start from.")
@selection
@common
def command(told: Common, selection: Any, *, refresh: bool, listing: bool, prune: bool) -> None:
    """Bootstrap the Debian bases of the selected cells, or tell that they are there.

    Examples: orchestrator bases --matrix examples/debian/versions.json --arch amd64; orchestrator bases --list --json
    """
    from orchestrator.bases.provider import Bases  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.engine.binfmt import ensure_emulation, execution_here  # noqa: PLC0415 - same
    from orchestrator.engine.connect import engine_for_work  # noqa: PLC0415 - same
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    if refresh + listing + prune > 1:
        raise UsageError("--refresh, --list and --prune exclude each other", mend="give one of them")
    places = Places.from_environment()
    bases = Bases(places=places, progress=told.progress())
    if listing:
        _show(told, bases.listed())
        return
    matrix, cells = chosen_cells(told, selection)
    if prune:
        if cells != matrix.cells:
            raise UsageError("--prune looks at the whole matrix", mend="leave the selection out")
        _prune(told, bases, cells)
        return
    with contextlib.ExitStack() as stack:
        foreign = [cell.architecture.platform for cell in cells if execution_here(cell.architecture.platform) is None]
        if foreign:
            # Starting an engine registers emulators for as long as it runs.
            engine = stack.enter_context(engine_for_work(places, bases.progress))
            ensure_emulation(foreign, engine, places, bases.progress)
        _show(told, make(bases, cells, refresh=refresh))


def make(bases: Bases, cells: Sequence[Cell], *, refresh: bool) -> list[Base]:
    """Make or find the bases of some cells, in their order."""
    from orchestrator.bases.catalogue import kind_of, wanted_bases  # noqa: PLC0415 - --help must not wait for it

    wanted = wanted_bases(cells)
    if not wanted:
        raise UsageError(
            "none of these cells starts from a Debian base, and no other can be bootstrapped",
            mend="choose a variant on Debian; 'orchestrator list' shows them",
        )
    for one in wanted:
        kind_of(one)  # what cannot be made at all is told before minutes are spent on the rest
    return [bases.ensure(one, refresh=refresh) for one in wanted]


def describe(base: Base) -> dict[str, Any]:
    """Give the public JSON form of a base."""
    return {
        "reference": base.reference,
        "arch": base.architecture,
        "digest": base.digest,
        "layout": str(base.layout),
        "context": base.context,
        "built": base.built,
        "how": str(base.how),
        "size": base.size,
        "seconds": base.seconds,
    }


def _prune(told: Common, bases: Bases, cells: Sequence[Cell]) -> None:
    from orchestrator.bases.catalogue import wanted_bases  # noqa: PLC0415 - --help must not wait for it

    removed = bases.prune(wanted_bases(cells))
    if told.json:
        emit_json({"removed": [str(path) for path in removed]})
        return
    for path in removed:
        emit(f"removed {path}")


def _show(told: Common, found: Sequence[Base]) -> None:
    if told.json:
        emit_json([describe(base) for base in found])
        return
    head = ("REFERENCE", "ARCH", "DIGEST", "SIZE", "AGE", "SECONDS")
    rows = [head, *(_row(base) for base in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        emit("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(base: Base) -> tuple[str, ...]:
    from datetime import UTC, datetime  # noqa: PLC0415 - --help must not wait for it

    age = datetime.now(UTC) - datetime.fromisoformat(base.built)
    hours = int(age.total_seconds()) // 3600
    shown = f"{hours // 24} d" if hours >= 48 else f"{hours} h" if hours else f"{int(age.total_seconds()) // 60} min"
    return (
        base.reference,
        base.architecture,
        base.digest,
        f"{base.size / 1e6:.1f} MB",
        shown,
        f"{base.seconds:.0f}",
    )
