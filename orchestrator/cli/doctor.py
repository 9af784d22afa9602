"""`orchestrator doctor`: what the work needs, each with verdict and mend."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import ExitCode, InvalidFileError

if TYPE_CHECKING:
    from orchestrator.engine.doctor import Check
    from orchestrator.matrix.model import Architecture

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command("doctor")
@common
def command(told: Common) -> int:
    """Look at engine, buildx, image store, emulators, kernel, builders, disk, memory, registry and mirror. Changes nothing.

    Exit code 4 when something needed fails.

    Examples: orchestrator doctor; orchestrator doctor --json
    """
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.engine.doctor import Check, Verdict, examine  # noqa: PLC0415 - same
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    unreadable: list[Check] = []
    try:
        architectures = told.matrix().enabled
    except InvalidFileError as error:
        architectures = _usual()
        unreadable = [Check(name="matrix", verdict=Verdict.WARN, detail=error.message, mend=error.mend)]
    settings = None
    try:
        settings = load_settings(told.config_path)
    except InvalidFileError as error:
        # Every other command ends here.
        unreadable.append(Check(name="config", verdict=Verdict.FAIL, detail=error.message, mend=error.mend))
    found = [*unreadable, *examine(Places.from_environment(), architectures, settings=settings)]
    worst = next(
        (verdict for verdict in (Verdict.FAIL, Verdict.WARN) if any(check.verdict is verdict for check in found)),
        Verdict.OK,
    )
    if told.json:
        emit_json({"verdict": worst.value, "checks": [asdict(check) for check in found]})
    else:
        _show(found)
    return int(ExitCode.ENVIRONMENT if worst is Verdict.FAIL else ExitCode.DONE)


def _usual() -> tuple[Architecture, ...]:
    """What to look for when no matrix says which architectures are wanted."""
    from orchestrator.matrix.model import Architecture, Platform  # noqa: PLC0415 - see above

    named = {"amd64": "linux/amd64", "arm64v8": "linux/arm64/v8"}
    return tuple(Architecture(name=name, platform=Platform.parse(platform)) for name, platform in named.items())


def _show(found: list[Check]) -> None:
    from rich.table import Table  # noqa: PLC0415 - rich is slow to import
    from rich.text import Text  # noqa: PLC0415 - same

    from orchestrator.report.console import make_console  # noqa: PLC0415 - same

    console = make_console(stderr=False)
    if not console.is_terminal:
        for check in found:
            emit(f"{check.verdict.value:4}  {check.name:14}  {check.detail}")
            if check.mend:
                emit(f"{'':22}mend: {check.mend}")
        return
    table = Table("check", "verdict", "seen", "mend")
    for check in found:
        verdict = Text(check.verdict.value, style=_STYLES[check.verdict.value])
        table.add_row(Text(check.name), verdict, Text(check.detail), Text(check.mend))
    console.print(table)
