"""Tags before and now: what has become of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.bump.model import order
from orchestrator.lifetimes.lines import lifetime_of
from orchestrator.lifetimes.suites import newer
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed
from orchestrator.matrix.model import Image, Line, Matrix
from orchestrator.report.wording import count


class Fate(StrEnum):
    """What has become of a tag that is not where it was."""

    VANISHED = "vanished"
    #: With the release before, which stays in the registry as it is.
    SUPERSEDED = "superseded"
    #: With a line at its end that was taken out as a whole.
    RETIRED = "retired"
    FORWARD = "forward"
    BACK = "back"
    #: The tag of a full release that now means another distribution.
    REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Some tags that left an image together: for another one, or (None) for nowhere."""

    fate: Fate
    tags: tuple[str, ...]
    before: Image
    now: Image | None = None

    @property
    def shown(self) -> str:
        """The tags, with their number where there are several."""
        return listed(self.tags) if len(self.tags) == 1 else f"{count(len(self.tags), 'tag')}: {listed(self.tags)}"


def owners(images: Iterable[Image]) -> dict[str, Image]:
    """Map tags to the images that carry them."""
    return {tag: image for image in images for tag in (*image.tags, *image.shared_tags)}


def moves(subject: Subject, *fates: Fate) -> Iterator[Move]:
    """Give what has become of tags since the matrix before, those with one of some fates, grouped by the images that they left and came to."""
    if subject.before is None:
        return
    now = owners(subject.matrix.images)
    groups: dict[tuple[Fate, str, str], list[str]] = {}
    past = owners(subject.before.images)
    for tag, image in past.items():
        there = now.get(tag)
        if there is None or there.id != image.id:
            fate = _gone(tag, image, subject) if there is None else _moved(tag, image, there)
            groups.setdefault((fate, image.id, "" if there is None else there.id), []).append(tag)
    for (fate, _, _), tags in groups.items():
        if fate in fates:
            yield Move(fate=fate, tags=tuple(tags), before=past[tags[0]], now=now.get(tags[0]))


def line_of(matrix: Matrix, name: str) -> Line | None:
    """Give a line by its name."""
    return next((line for line in matrix.lines if line.name == name), None)


def _gone(tag: str, image: Image, subject: Subject) -> Fate:
    line = line_of(subject.matrix, image.line.name)
    if line is None:
        known = lifetime_of(image.line.name)
        return Fate.RETIRED if known is not None and known.over(subject.today) else Fate.VANISHED
    forward = order(line.release) > order(image.line.release)
    return Fate.SUPERSEDED if forward and _of_release(tag, image.line) else Fate.VANISHED


def _moved(tag: str, image: Image, there: Image) -> Fate:
    if _of_release(tag, image.line):
        return Fate.REPLACED
    lines = there.line.version, image.line.version
    suites = there.variant.suite, image.variant.suite
    if lines[0] < lines[1] or newer(suites[1], suites[0]) or there.variant.flavor is not image.variant.flavor:
        return Fate.BACK
    return Fate.FORWARD


def _of_release(tag: str, line: Line) -> bool:
    """Whether a tag names a full release: `3.7.2`, `3.7.2-slim`."""
    return tag == line.release or tag.startswith(f"{line.release}-")
