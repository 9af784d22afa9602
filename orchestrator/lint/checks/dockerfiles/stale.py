"""Dockerfiles that are not what the templates give."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Rewrite, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject
from orchestrator.render.tree import Rendered


def unequal(subject: Subject) -> Iterator[tuple[Rendered, str | InvalidFileError | None]]:
    """Give what is rendered otherwise than it is on disk, with what is there (None: nothing; an error: nothing that can be read)."""
    for one in subject.rendered.values():
        if isinstance(one, Rendered) and (there := _committed(one)) != one.text:
            yield one, there


def _committed(one: Rendered) -> str | InvalidFileError | None:
    try:
        return one.committed
    except InvalidFileError as error:
        return error


def rendering(one: Rendered) -> Rewrite:
    """Give the mend: the file as it should be."""
    return Rewrite(path=one.path, change=lambda _: one.text)


def _look(subject: Subject) -> Iterator[Spot]:
    for one, there in unequal(subject):
        if isinstance(there, InvalidFileError):
            message = there.message.removeprefix(f"{one.path}: ")
            yield Spot(place=shown(one.path), message=message, mend="remove it, then run 'orchestrator render'")
        elif there is not None:
            pairs = zip(there.splitlines(), one.text.splitlines(), strict=False)
            line = next((number for number, (is_, should) in enumerate(pairs, start=1) if is_ != should), None)
            yield Spot(
                place=f"{shown(one.path)}:{line}" if line else shown(one.path),
                message="it is stale: the templates give another text from here on",
                mend="run 'orchestrator render' and commit what it writes",
                rewrite=rendering(one),
            )


CHECK = Check(
    code="D301",
    title="Committed Dockerfiles are what the templates give.",
    why="A change by hand is lost with the next rendering, and a change of data that was not rendered is not built by those who use the files.",
    link="https://github.com/docker-library/official-images#library-definition-files",
    level=Level.ERROR,
    look=_look,
    mends=True,
)
