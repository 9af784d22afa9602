"""`latest` and the bare major versions that no line has."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.matrix.newest_alias import newest
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    given = {alias for line in subject.matrix.lines for alias in line.aliases}
    for alias in ("latest", *dict.fromkeys(str(line.version[0]) for line in subject.matrix.lines)):
        line = newest(subject.matrix, alias)
        if alias not in given and line is not None:
            yield Spot(
                place=subject.at("lines", line.name),
                message=f'no line has the alias "{alias}": there is no {subject.matrix.name}:{alias}',
                mend=f'add "{alias}" to the aliases of {line.name}',
            )


CHECK = Check(
    code="M105",
    title="Some line is latest, and some line has each bare major version.",
    why="A pull without a tag asks for latest, and most Dockerfiles name no more than the major version.",
    link="https://docs.docker.com/reference/cli/docker/image/pull/",
    level=Level.WARNING,
    look=_look,
)
