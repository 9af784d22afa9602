"""Tags that two images claim."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Image


def _look(subject: Subject) -> Iterator[Spot]:
    seen: dict[str, Image] = {}
    for image in subject.matrix.images:
        for tag in (*image.tags, *image.shared_tags):
            if tag in seen:
                yield Spot(
                    place=subject.at("lines", image.line.name),
                    message=f"the tag {tag} belongs to both {seen[tag].id} and {image.id}",
                    mend="change the alias or the variant that makes it",
                )
            seen.setdefault(tag, image)


CHECK = Check(
    code="T501",
    title="A tag belongs to one image.",
    why="Whichever is published last has it. Loading refuses such a file already; this holds for a matrix however it was made.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
