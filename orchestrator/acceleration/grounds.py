"""Where emulation can be measured: the same system for both architectures, as a base that was bootstrapped or an image that was proven."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.acceleration.stock import stocked
from orchestrator.bases.shelf import records
from orchestrator.engine.model import Engine
from orchestrator.matrix.model import Architecture, Matrix
from orchestrator.publish.names import local_references
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Runner

_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What a Dockerfile starts FROM, and what is given to buildx in its place; `context` is empty for an image that the engine has."""

    reference: str
    context: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolsContext:
    """Native tools as buildx takes them, and the platform that their index names: BuildKit looks for no other in there."""

    context: str
    platform: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A system for the machine's own architecture and for an emulated one, and native tools for it, if there are any."""

    name: str
    native: Side
    emulated: Side
    tools: ToolsContext | None = None


def find_grounds(
    places: Places, matrix: Matrix, engine: Engine, host: Architecture, target: Architecture, *, runner: Runner
) -> tuple[Ground, ...]:
    """Find one ground per base of the matrix: proven images where the engine has them (Python can be started there), else the bases."""
    sides = {
        (slot.reference, slot.architecture): slot.base(record, "").context for slot, record in records(places.bases)
    }
    found: dict[str, Ground] = {}
    for reference in dict.fromkeys(image.variant.base for image in matrix.images):
        for native, emulated in _images(matrix, reference, host, target):
            if _has(engine, native, host, runner) and _has(engine, emulated, target, runner):
                sides_of_it = (Side(reference=native), Side(reference=emulated))
                break
        else:
            if (reference, host.name) not in sides or (reference, target.name) not in sides:
                continue
            sides_of_it = (
                Side(reference=reference, context=sides[reference, host.name]),
                Side(reference=reference, context=sides[reference, target.name]),
            )
        suite = next(image.variant.suite.name for image in matrix.images if image.variant.base == reference)
        # One of a suite is enough: its slim and its full variant have the same programs.
        found.setdefault(
            suite,
            Ground(
                name=sides_of_it[1].reference,
                native=sides_of_it[0],
                emulated=sides_of_it[1],
                tools=_tools(places, suite, host, target),
            ),
        )
    return tuple(found.values())


def _images(matrix: Matrix, base: str, host: Architecture, target: Architecture) -> Iterator[tuple[str, str]]:
    cells = {(cell.image.id, cell.architecture.name): cell for cell in matrix.cells if cell.image.variant.base == base}
    for image, architecture in cells:
        if architecture == target.name and (image, host.name) in cells:
            native, emulated = cells[image, host.name], cells[image, target.name]
            yield local_references(matrix, native)[0], local_references(matrix, emulated)[0]


def _has(engine: Engine, reference: str, architecture: Architecture, runner: Runner) -> bool:
    asked = runner(
        Command(
            argv=(engine.docker, "image", "inspect", "--format", "{{.Architecture}}", reference),
            environment=engine.environment,
            timeout=_SECONDS,
        )
    )
    return asked.ok and asked.text == architecture.platform.architecture


def _tools(places: Places, suite: str, host: Architecture, target: Architecture) -> ToolsContext | None:
    fitting = [
        (one.record.made, one.path / "layout", one.record.digest)
        for one in stocked(places)
        if one.record is not None
        and (one.record.suite, one.record.host, one.record.target) == (suite, host.name, target.name)
    ]
    for _, layout, digest in sorted(fitting, reverse=True):
        with contextlib.suppress(
            OSError, ValueError, LookupError, TypeError, AttributeError
        ):  # gone or damaged meanwhile
            index = json.loads((layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes())
            platform = index["manifests"][0]["platform"]
            words = [platform["os"], platform["architecture"], platform.get("variant", "")]
            return ToolsContext(context=f"oci-layout://{layout}@{digest}", platform="/".join(filter(None, words)))
    return None
