"""Templates that cannot be filled in."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed


def _look(subject: Subject) -> Iterator[Spot]:
    unknown = {(one.template, one.line) for one in subject.templates.unknown}
    found: dict[tuple[str, str, str], list[str]] = {}
    for image, one in subject.rendered.items():
        if isinstance(one, InvalidFileError):
            place, _, message = one.message.partition(": ")
            found.setdefault((place, message.removesuffix(f" (for {image})"), one.mend), []).append(image)
    for (place, message, mend), images in found.items():
        name, _, line = place.rpartition("/")[2].partition(":")
        if line.isdigit() and (name, int(line)) in unknown:
            continue  # D305 tells that
        yield Spot(place=place, message=f"{message} ({listed(images)})", mend=mend)


CHECK = Check(
    code="D304",
    title="Templates can be filled in for every image.",
    why="An image whose Dockerfile cannot be rendered cannot be built, and nobody knows whether the committed one is right.",
    link="https://jinja.palletsprojects.com/en/stable/templates/",
    level=Level.ERROR,
    look=_look,
)
