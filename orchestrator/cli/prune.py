"""`orchestrator prune`: old logs, staged images and build cache go; what a published or an unfinished cell needs stays."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.completion import values
from orchestrator.errors import EnvironmentFailedError, ExitCode

if TYPE_CHECKING:
    from orchestrator.config.settings import Keep
    from orchestrator.disk.model import Decision, Inventory, Report


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed, and what stays for which reason.")
@click.option(
    "--images",
    type=click.IntRange(1, 1000),
    metavar="N",
    shell_complete=values.kept("images"),
    help="How many staged images of each cell stay.",
)
@click.option(
    "--logs",
    type=click.IntRange(1, 100000),
    metavar="N",
    shell_complete=values.kept("logs"),
    help="How many logs of each cell stay.",
)
@click.option(
    "--days",
    type=click.FloatRange(0, 100000),
    metavar="D",
    shell_complete=values.kept("days"),
    help="No image or log younger than that goes.",
)
@click.option(
    "--cache-gib",
    type=click.FloatRange(0, 100000),
    metavar="G",
    shell_complete=values.kept("cache_gib"),
    help="How much of BuildKit's cache stays.",
)
@common
def command(told: Common, *, dry_run: bool, **given: float | None) -> int:
    """Remove old logs, staged images, build cache, native tools, and what killed runs left; the config's 'keep' says how much stays.

    What a published or an unfinished cell needs is never removed: the newest proven image of each cell, what is built and not yet
    proven, published, or tagged otherwise; the logs of the newest attempt and of the last failure; the newest native tools of each
    suite and architecture. While a run is going on, only logs and what killed runs left go. Exit code 4 when something could not be looked at or removed.

    Examples: orchestrator prune --dry-run; orchestrator prune --cache-gib 5 --days 7
    """
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.disk.engine import EngineSide, open_side  # noqa: PLC0415 - same
    from orchestrator.disk.model import Report  # noqa: PLC0415 - same
    from orchestrator.disk.pruning import carry_out, foresee, look, note_sightings, removers  # noqa: PLC0415 - same
    from orchestrator.system.files import is_locked  # noqa: PLC0415 - same
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    settings = load_settings(told.config_path)
    keep = overridden(settings.keep, given)
    places = Places.from_environment()
    live = is_locked(places.run_lock)
    trouble: list[str] = []
    with contextlib.ExitStack() as stack:
        side: EngineSide | None = None
        if not live:
            try:
                names = [builder.name for builder in settings.builders]
                side = stack.enter_context(open_side(places, names, told.progress()))
            except EnvironmentFailedError as error:
                # A disk that is full may be the very reason: logs and scratch can go without an engine.
                trouble.append(error.message)
        inventory = look(places, side, live=live)
        decision = foresee(places, inventory, keep)
        report = Report()
        if not dry_run:
            report = carry_out(decision, removers(places, side))
            try:
                note_sightings(places, inventory)  # last: on a full disk there is room for it now
            except OSError as error:
                trouble.append(f"which images were seen cannot be written down in {places.state}: {error.strerror}")
    if told.json:
        emit_json(describe(inventory, decision, report, dry_run=dry_run, trouble=trouble))
    else:
        _show(inventory, decision, report, dry_run=dry_run)
        for line in trouble:
            told.progress().warn(line)
    looked_at_all = live or side is None or len(inventory.notes) == 0
    return int(ExitCode.DONE if looked_at_all and not trouble and not report.refused else ExitCode.ENVIRONMENT)


def overridden(keep: Keep, given: dict[str, Any]) -> Keep:
    """Put what the command line says in the place of what the config says."""
    return keep.model_copy(update={name: value for name, value in given.items() if value is not None})


def describe(
    inventory: Inventory, decision: Decision, report: Report, *, dry_run: bool, trouble: Sequence[str]
) -> dict[str, Any]:
    """Give the public JSON form; `removals` are what would go in a dry run, else what went. Sizes are in bytes."""
    if dry_run:
        removals = [(one, one.size) for one in decision.removals]
    else:
        removals = [(one.removal, one.size) for one in report.done]
    return {
        "dry_run": dry_run,
        "live": inventory.live,
        "bytes": sum(size for _, size in removals),
        "removals": [
            {"kind": str(one.kind), "what": one.what, "bytes": size, "reason": one.reason} for one, size in removals
        ],
        "kept": [asdict(one) for one in (*decision.kept, *report.skipped)],
        "refused": [asdict(one) for one in report.refused],
        "notes": [*inventory.notes, *trouble],
    }


def _show(inventory: Inventory, decision: Decision, report: Report, *, dry_run: bool) -> None:
    from orchestrator.disk.space import readable  # noqa: PLC0415 - --help must not wait for it

    if dry_run:
        rows = [(str(one.kind), readable(one.size), one.what, one.reason) for one in decision.removals]
        size = decision.size
    else:
        rows = [
            (str(one.removal.kind), readable(one.size), one.removal.what, one.removal.reason) for one in report.done
        ]
        size = report.size
    if rows:
        _table([("KIND", "SIZE", "WHAT", "WHY"), *rows])
    if dry_run and decision.kept:
        if rows:
            emit("")
        _table([("KIND", "STAYS", "WHY"), *((str(one.kind), one.what, one.reason) for one in decision.kept)])
    for one in (*report.refused, *report.skipped):
        emit(f"stays: {one.kind} {one.what}: {one.reason}")
    for note in inventory.notes:
        emit(note)
    stays = Counter(str(one.kind) for one in (*decision.kept, *report.skipped, *report.refused))
    kept = ", ".join(f"{count} {_plural(kind, count)}" for kind, count in stays.items()) or "nothing"
    # Images share layers, of which some may stay.
    up_to = "up to " if dry_run or any(kind == "image" for kind, *_ in rows) else ""
    emit(f"{'would free' if dry_run else 'freed'} {up_to}{readable(size)} in {len(rows)} removals; {kept} kept")


def _plural(kind: str, count: int) -> str:
    if kind == "tools":
        return "native tools"
    many = {"log": "logs", "image": "images", "cache": "caches", "scratch": "scratch directories", "record": "records"}
    return kind if count == 1 else many[kind]


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        emit("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
