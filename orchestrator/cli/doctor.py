"""`orchestrator doctor`: what the work needs, each with verdict and mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import ExitCode, InvalidFileError

if TYPE_CHECKING:
    from orchestrator.acceleration.measuring import Measure, Measured
    from orchestrator.config.settings import Settings
    from orchestrator.engine.doctor import Check
    from orchestrator.matrix.model import Architecture
    from orchestrator.system.places import Places

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command("doctor")
@click.option(
    "--bench",
    is_flag=True,
    help="Also measure what emulation costs here: a minute or two per base, on the engine that works.",
)
@common
def command(told: Common, *, bench: bool) -> int:
    """Look at engine, buildx, image store, emulators, acceleration, kernel, builders, disk, memory, registry and mirror. Changes nothing.

    With --bench, the engine is started if none runs, and small programs are timed natively, emulated and by native tools, in the bases that are
    here and in the images that are proven. Exit code 4 when something needed fails.

    Examples: orchestrator doctor; orchestrator doctor --bench --json
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
    places = Places.from_environment()
    found = [*unreadable, *examine(places, architectures, settings=settings)]
    worst = next(
        (verdict for verdict in (Verdict.FAIL, Verdict.WARN) if any(check.verdict is verdict for check in found)),
        Verdict.OK,
    )
    document: dict[str, Any] = {"verdict": worst.value, "checks": [asdict(check) for check in found]}
    if not told.json:
        _show(found)
    if bench:
        measured = _measured(told, places, settings)
        document["bench"] = [describe(one) for one in measured]
        if not told.json:
            _show_measured(measured)
    if told.json:
        emit_json(document)
    return int(ExitCode.ENVIRONMENT if worst is Verdict.FAIL else ExitCode.DONE)


def _measured(told: Common, places: Places, settings: Settings | None) -> list[Measured]:
    """Measure every architecture that is emulated here, in every ground that is there."""
    from functools import partial  # noqa: PLC0415 - see above

    from orchestrator.acceleration.grounds import find_grounds  # noqa: PLC0415 - same
    from orchestrator.acceleration.measuring import measure  # noqa: PLC0415 - same
    from orchestrator.build.buildx import build  # noqa: PLC0415 - same
    from orchestrator.config.settings import Emulation  # noqa: PLC0415 - same
    from orchestrator.engine.binfmt import ensure_emulation  # noqa: PLC0415 - same
    from orchestrator.engine.connect import engine_for_work  # noqa: PLC0415 - same
    from orchestrator.errors import EnvironmentFailedError  # noqa: PLC0415 - same
    from orchestrator.system.process import Cancellation, run  # noqa: PLC0415 - same

    matrix, progress = told.matrix(), told.progress()
    if settings is not None and settings.emulation is Emulation.NEVER:
        return []
    with engine_for_work(places, progress) as engine:
        by_platform = {one.platform: one for one in matrix.enabled}
        executions = ensure_emulation(by_platform, engine, places, progress)
        host = next((one for one in matrix.enabled if one.platform.architecture == engine.architecture), None)
        emulated = {by_platform[platform]: how for platform, how in executions.items() if not how.native}
        found = [
            (ground, target, str(how))
            for target, how in emulated.items()
            if host is not None
            for ground in find_grounds(places, matrix, engine, host, target, runner=run)
        ]
        if emulated and (host is None or not found):
            raise EnvironmentFailedError(
                "there is nothing to measure in: no base is here both for this machine's own architecture and for an emulated one",
                mend="run 'orchestrator bases', or build something first; --matrix says what is looked for",
            )
        do = partial(
            build,
            docker=engine.docker,
            environment=engine.environment,
            cancellation=Cancellation(),
            on_step=lambda _: None,
        )
        measured = []
        for ground, target, emulator in found:
            assert host is not None  # noqa: S101 - or nothing was found
            progress.note(f"measuring {target.name} in {ground.name}")
            log = places.logs / "native-tools" / f"bench-{target.name}.log"
            measured.append(measure(ground, host, target, emulator, build=do, log=log))
        return measured


def describe(one: Measured) -> dict[str, Any]:
    """Give the public JSON form; times are in seconds, ratios say how many times the native time it is."""
    return {
        "architecture": one.architecture,
        "ground": one.ground,
        "emulator": one.emulator,
        "plain_cpu": one.cpu,
        "tools": one.tools,
        "measures": [
            {
                **asdict(measure),
                "ratios": {
                    "emulated": measure.ratio(measure.emulated),
                    "accelerated": measure.ratio(measure.accelerated),
                    "plain": measure.ratio(measure.plain),
                },
            }
            for measure in one.measures
        ],
    }


def _show_measured(measured: Sequence[Measured]) -> None:
    if not measured:
        emit("\nnothing is emulated here")
    for one in measured:
        emit(f"\n{one.architecture} by {one.emulator}, in {one.ground}; in brackets: times the native time")
        rows = [("", "native", "emulated", "native tools", one.cpu)]
        rows += [_row(measure) for measure in one.measures]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            emit("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip())


def _row(measure: Measure) -> tuple[str, str, str, str, str]:
    def text(seconds: float | None) -> str:
        if seconds is None:
            return "-"
        ratio = measure.ratio(seconds)
        return f"{seconds * 1000:.1f} ms" + (f" ({ratio:.1f}x)" if ratio is not None else "")

    native = f"{measure.native * 1000:.1f} ms" if measure.native is not None else "-"
    return (measure.name, native, text(measure.emulated), text(measure.accelerated), text(measure.plain))


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
