"""What a measurement leaves: the record, the chart, the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.acceleration.chart import chart
from benchmarks.acceleration.model import Measured
from benchmarks.acceleration.table import table
from benchmarks.parts import ACCELERATION, PARTS, older
from benchmarks.readme import with_tables
from benchmarks.record import Record
from orchestrator.system.files import write_atomically

RESULTS, CHART = "results.json", "acceleration.svg"


def read_acceleration(record: Record) -> dict[str, Measured]:
    """Give what is known of acceleration, by image."""
    entry = record.parts.get(ACCELERATION)
    return {} if entry is None else {image: Measured.read(image, one) for image, one in entry.results.items()}


def acceleration_document(known: Mapping[str, Measured]) -> dict[str, Any]:
    """Give its JSON form, images in the order of their names."""
    return {image: known[image].document() for image in sorted(known)}


def tables(record: Record) -> str:
    """Write all tables as the README shows them."""
    blocks = []
    for part in PARTS:
        entry = record.parts.get(part.name)
        if entry is not None:
            lines = [*part.table(dict(entry.results)), *older(part.name, entry.run, record.newest, record.words)]
            blocks.append("\n".join(lines))
    measured = tuple(read_acceleration(record).values())
    if measured:
        blocks.append("\n".join(table(measured, record.newest, record.words)))
    return "\n\n".join(blocks)


def write(record: Record, directory: Path, readme: Path | None) -> None:
    """Write the record and the chart into a directory, and the tables into a page that has the markers for them."""
    record.save(directory / RESULTS)
    measured = tuple(read_acceleration(record).values())
    if measured:
        write_atomically(directory / CHART, chart(measured, record.newest, record.words).encode())
    if readme is not None:
        text = readme.read_text(encoding="utf-8")
        written = with_tables(text, tables(record))
        if written != text:
            write_atomically(readme, written.encode())
