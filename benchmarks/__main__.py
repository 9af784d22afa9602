"""`make bench`: what this program costs, and what native tools save. Ratios are of one run.

Writes `benchmarks/results.json` with machine, versions and date, and `benchmarks/acceleration.svg`; prints the README's tables. Parts by name, see
`make bench ARGS=--help`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.acceleration.building import NotMeasuredError
from benchmarks.acceleration.measuring import IMAGES, Wanted, expected, measure
from benchmarks.acceleration.model import Measured, Way
from benchmarks.acceleration.table import missed
from benchmarks.commands import ROOT
from benchmarks.machine import Machine, this_machine
from benchmarks.parts import ACCELERATION, NAMES, PARTS, lasting
from benchmarks.proofs import MATRIX
from benchmarks.record import Entry, Record
from benchmarks.writing import RESULTS, acceleration_document, read_acceleration, tables, write
from orchestrator.engine.binfmt import ensure_emulation
from orchestrator.engine.connect import engine_for_work
from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.matrix.load import load_matrix
from orchestrator.report.console import ConsoleProgress, make_console
from orchestrator.system.places import Places

_DIRECTORY = ROOT / "benchmarks"
#: From here on others take so much of two cores that nothing measured is worth much.
_NOISY = 0.7


@dataclass(kw_only=True, slots=True)
class _Run:
    """A run of the measurement; `record` grows with each part."""

    name: str
    record: Record
    machine: Machine
    directory: Path
    readme: Path | None
    progress: ConsoleProgress

    def keep(self, part: str, entry: Entry) -> None:
        """Remember what was found at once: what comes after it may fail, or be interrupted."""
        self.record = self.record.joined(part, entry, self.machine)
        write(self.record, self.directory, self.readme)


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(NAMES))
@click.option(
    "--image", "images", multiple=True, type=click.Choice(IMAGES), help="Of acceleration: only this image (repeatable)."
)
@click.option(
    "--plain", default="2.7-slim-bullseye", show_default=True, type=click.Choice((*IMAGES, "all", "none")),
    help="Of acceleration: which images are built plainly emulated, too. That takes half an hour and more for each.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be measured and how long it takes, and measure nothing.")
@click.option(
    "--tables", "only_tables", is_flag=True, help="Print the tables, and draw the chart, from what is recorded."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Read and write record and chart there; README.md is left alone.",
)
@click.option(
    "--cached",
    is_flag=True,
    help="A trial: BuildKit's cache may do the work, so that seconds mean nothing. Needs --output.",
)
def main(
    *, parts: tuple[str, ...], images: tuple[str, ...], plain: str, dry_run: bool, only_tables: bool, output: Path | None, cached: bool,
) -> None:  # fmt: skip
    """Measure PARTS, all of them where none is named; what is not measured keeps its older figures, marked so.

    Nothing else should work on the machine meanwhile.
    """
    if cached and output is None:
        raise click.UsageError("--cached needs --output: what it writes is no measurement")
    directory = output or _DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    record = Record.load(directory / RESULTS)
    readme = ROOT / "README.md" if output is None else None
    chosen = [name for name in NAMES if not parts or name in parts]
    all_images = images or IMAGES
    plains = {"all": all_images, "none": ()}.get(plain, tuple(one for one in all_images if one == plain))
    wanted = Wanted(images=all_images, plain=plains, fresh=not cached)
    progress = ConsoleProgress(make_console(stderr=True))
    if only_tables:
        write(record, directory, readme)
    else:
        for line in _announced(chosen, wanted, record):
            progress.note(line)
    if only_tables or dry_run:
        sys.stdout.write(f"{tables(record)}\n" if only_tables else "")
        return
    name = datetime.now(UTC).isoformat(timespec="seconds")
    with _machine(chosen, progress) as machine:
        if machine.load > _NOISY:
            progress.warn(f"the machine is not quiet (load {machine.load}): what is measured now may be worth little")
        this = _Run(
            name=name, record=record, machine=machine, directory=directory, readme=readme, progress=progress
        )  # fmt: skip
        _measure(this, chosen, wanted)
    sys.stdout.write(f"{tables(this.record)}\n")
    for line in missed(tuple(read_acceleration(this.record).values()), name):
        progress.warn(line)


def _announced(chosen: list[str], wanted: Wanted, record: Record) -> Iterator[str]:
    total = 0.0
    for part in PARTS:
        if part.name in chosen:
            entry = record.parts.get(part.name)
            seconds = entry.took if entry is not None and entry.took else part.guess
            total += seconds
            yield f"{part.name}: {part.what}: about {lasting(seconds)}"
    if ACCELERATION in chosen:
        builds = expected(wanted, read_acceleration(record))
        for image in wanted.images:
            ways = ", ".join(f"{way} {lasting(builds[image, way])}" for way in wanted.ways(image))
            yield f"{ACCELERATION}: builds of {image}: {ways}"
        yield f"{ACCELERATION}: before that, native tools are made and judged where they are not there yet"
        slow = sum(seconds for (_, way), seconds in builds.items() if way is Way.PLAIN)
        total += sum(builds.values())
        if slow:
            yield f"of which {lasting(slow)} are plain emulation, which --plain none leaves out"
    yield f"about {lasting(total)} in all"


@contextlib.contextmanager
def _machine(chosen: list[str], progress: ConsoleProgress) -> Iterator[Machine]:
    """Look at the machine; an engine that something needs is held open until the end."""
    if not any(part.engine for part in PARTS if part.name in chosen) and ACCELERATION not in chosen:
        yield this_machine(None, "")
        return
    places = Places.from_environment()
    before = this_machine(None, "")
    with engine_for_work(places, progress) as engine:
        cells = load_matrix(ROOT / MATRIX).cells
        arm = next(cell.architecture.platform for cell in cells if cell.architecture.name == "arm64v8")
        found = ensure_emulation([arm], engine, places, progress)[arm]
        yield replace(this_machine(engine, "" if found.native else str(found.emulator)), load=before.load)


def _measure(run: _Run, chosen: list[str], wanted: Wanted) -> None:
    names = [part for part in PARTS if part.name in chosen]
    for number, part in enumerate(names, 1):
        run.progress.note(f"[{number}/{len(chosen)}] {part.name}")
        began = time.monotonic()
        results = part.measure()
        run.keep(part.name, Entry(run=run.name, took=time.monotonic() - began, results=results))
    if ACCELERATION not in chosen:
        return
    run.progress.note(f"[{len(chosen)}/{len(chosen)}] {ACCELERATION}")
    began = time.monotonic()

    def keep(one: Measured) -> None:
        known = {**read_acceleration(run.record), one.image: one}
        entry = Entry(run=run.name, took=time.monotonic() - began, results=acceleration_document(known))
        run.keep(ACCELERATION, entry)

    measure(
        wanted, read_acceleration(run.record), run=run.name, matrix=ROOT / MATRIX, progress=run.progress, keep=keep
    )  # fmt: skip


def run() -> int:
    """Run the command line; what goes wrong is told in a sentence."""
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (NotMeasuredError, OrchestratorError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return int(error.code) if isinstance(error, OrchestratorError) else int(ExitCode.CELLS_FAILED)
    except (subprocess.SubprocessError, AssertionError) as error:
        sys.stderr.write(f"bench: what is to be measured does not work: {error}\n")
        return int(ExitCode.CELLS_FAILED)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("bench: interrupted; what was measured before is kept\n")
        return int(ExitCode.INTERRUPTED)
    return 0


if __name__ == "__main__":
    sys.exit(run())
