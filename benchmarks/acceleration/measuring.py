"""The measurement: which images are built in which ways, in which order, and what is kept of it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docker.errors import ImageNotFound

from benchmarks.acceleration.building import MOVED, Builds
from benchmarks.acceleration.comparing import compare
from benchmarks.acceleration.content import contents
from benchmarks.acceleration.model import Equality, Measured, Stretch, Way, timing
from orchestrator.config.settings import Acceleration, BasePolicy, Settings
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.preparing import prepare
from orchestrator.pipeline.workshop import Alone, Workshop, open_workshop
from orchestrator.prove.survey.archive import Saved, read_archive
from orchestrator.select import Selection, select_cells
from orchestrator.system.progress import Progress

SETTINGS = Settings(bases=BasePolicy.BOOTSTRAP, acceleration=Acceleration.REQUIRE)
NATIVE, EMULATED = "amd64", "arm64v8"
#: Seconds that each way takes on two cores, where nothing better is known.
GUESSES = {
    "2.7-slim-bullseye": {Way.NATIVE: 115.0, Way.ACCELERATED: 270.0, Way.REBUILT: 150.0, Way.PLAIN: 1920.0},
    "3.9-slim-bullseye": {Way.NATIVE: 170.0, Way.ACCELERATED: 450.0, Way.REBUILT: 250.0, Way.PLAIN: 2940.0},
}
IMAGES = tuple(GUESSES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to measure: images, and which of them plainly emulated, too. `fresh` is False where BuildKit's cache may do the work (for a trial)."""

    images: tuple[str, ...] = IMAGES
    plain: tuple[str, ...] = IMAGES[:1]
    fresh: bool = True

    def ways(self, image: str) -> tuple[Way, ...]:
        """In which ways an image is built, in order: the quick ones first."""
        quick = (Way.NATIVE, Way.ACCELERATED, Way.REBUILT)
        return (*quick, Way.PLAIN) if image in self.plain else quick


def expected(wanted: Wanted, known: Mapping[str, Measured]) -> dict[tuple[str, Way], float]:
    """Say how long each build will take (seconds): as long as the last time, else a guess."""

    def of(image: str, way: Way) -> float:
        one = known.get(image)
        if one is not None and way in one.timings:
            return one.timings[way].seconds[Stretch.WHOLE]
        return GUESSES.get(image, GUESSES[IMAGES[0]])[way]

    return {(image, way): of(image, way) for image in wanted.images for way in wanted.ways(image)}


def measure(
    wanted: Wanted,
    known: Mapping[str, Measured],
    *,
    run: str,
    matrix: Path,
    progress: Progress,
    keep: Callable[[Measured], None],
) -> None:
    """Measure; `keep` is given what is known of an image after each build. `known` is what earlier runs found out.

    Logs are left where those of other builds are, in a directory `benchmark`. Raises `NotMeasuredError` for the first build that cannot be measured.
    """
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(open_workshop(load_matrix(matrix), SETTINGS, progress, alone=Alone(command="bench")))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orchestrator-bench-")))
        cells = select_cells(shop.matrix, Selection(ids=wanted.images, architectures=(NATIVE, EMULATED)))
        by_name = {(cell.image.id, cell.architecture.name): cell for cell in cells}
        prepared = prepare(shop, cells, force=True)
        for error in prepared.missing.values():
            raise error
        builds = Builds(
            shop=shop,
            prepared=prepared,
            directory=directory,
            logs=shop.places.logs / "benchmark",
            run=run,
            say=progress.note,
            fresh=wanted.fresh,
        )
        for image in wanted.images:
            emulated = by_name[image, EMULATED]
            # Fetched, and native tools made and judged, before anything is timed.
            for cell in (by_name[image, NATIVE], emulated):
                given = prepared.ingredients(cell)
                if cell is emulated and wanted.ways(image) != (Way.NATIVE, Way.PLAIN):
                    prepared.equip(cell, given, lambda _: None)
            before = known.get(image) or Measured(image=image, release=emulated.image.line.release)
            with _removed(shop) as references:
                for one in measure_image(
                    builds, before, by_name[image, NATIVE], emulated, wanted.ways(image), references
                ):
                    keep(one)


def measure_image(
    builds: Builds, before: Measured, native: Cell, emulated: Cell, ways: Sequence[Way], references: dict[Way, str]
) -> Iterator[Measured]:
    """Build an image in some ways, the native one first; gives what is known of it (`before`, and what was measured) after each build.

    `references` is told each image that is in the engine. Raises `NotMeasuredError`.
    """
    measured, alone = before, None
    for way in ways:
        built = builds.build(native if way is Way.NATIVE else emulated, way)
        references[way] = built.reference
        if way is Way.NATIVE:
            alone = built.seconds
        found = timing(builds.run, built.seconds, None if way is Way.NATIVE else alone)
        measured = replace(measured, release=emulated.image.line.release, timings={**measured.timings, way: found})
        for other in (Way.PLAIN, Way.REBUILT):
            pair = {Way.ACCELERATED, other}
            if way in pair and pair <= references.keys():
                equality = _compare(builds, emulated, references, other)
                measured = replace(measured, equalities={**measured.equalities, other: equality})
        yield measured


def _compare(builds: Builds, cell: Cell, references: Mapping[Way, str], way: Way) -> Equality:
    """Compare the accelerated image with the one that was built in another way; where they are not equal, both are left in the engine."""
    builds.say(f"{cell.id}: comparing the accelerated image with the one that is {way}")
    shop = builds.shop
    one, other = (_saved(shop, cell, references[each]) for each in (Way.ACCELERATED, way))
    with contents(shop.client, str(cell.architecture.platform), references[Way.ACCELERATED], references[way]) as read:
        besides = frozenset({MOVED}) if way is Way.REBUILT else frozenset[str]()
        found = compare(one, other, read, run=builds.run, besides=besides)
    for each in found.differences[:20]:
        builds.shop.progress.warn(f"{cell.id}, accelerated and {way}: {each}")
    if not found.equal:
        for each in (Way.ACCELERATED, way):
            name, _, tag = references[each].rpartition(":")
            shop.client.images.get(references[each]).tag(name, tag=f"{tag}-unequal")
        builds.say(f"{cell.id}: both images are kept, with tags that end in -unequal")
    return found


def _saved(shop: Workshop, cell: Cell, reference: str) -> Saved:
    platform = str(cell.architecture.platform)
    digest = str(shop.client.images.get(reference).id)
    return shop.surveys.get(
        f"{digest} {platform}",
        lambda layers: read_archive(shop.client.api.get_image(digest), platform=platform, known=layers),
    )


@contextlib.contextmanager
def _removed(shop: Workshop) -> Iterator[dict[Way, str]]:
    """Give a place for references; the images are removed from the engine at the end."""
    references: dict[Way, str] = {}
    try:
        yield references
    finally:
        for reference in references.values():
            with contextlib.suppress(ImageNotFound):
                shop.client.images.remove(reference)
