"""`latest` and the bare major version on the newest line."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.bump.model import is_final
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Line, Matrix


def newest(matrix: Matrix, alias: str) -> Line | None:
    """Give the line that an alias belongs on: for `latest` the newest one, for `3` the newest of Python 3; None for any other alias.

    A line that has only pre-releases so far counts where there is no other.
    """
    lines = [line for line in matrix.lines if alias in {"latest", str(line.version[0])}]
    final = [line for line in lines if is_final(line.release)]
    return max(final or lines, key=lambda line: line.version, default=None)


def _look(subject: Subject) -> Iterator[Spot]:
    for line in subject.matrix.lines:
        for index, alias in enumerate(line.aliases):
            wanted = newest(subject.matrix, alias)
            # A major version of another line is told by M103.
            if wanted is None or wanted == line or (alias.isdigit() and int(alias) != line.version[0]):
                continue
            yield Spot(
                place=subject.at("lines", line.name, "aliases", index),
                message=f'the alias "{alias}" is on {line.name}, and the newest line that it means is {wanted.name}',
                mend=f"move it to {wanted.name}",
            )


CHECK = Check(
    code="M104",
    title="The aliases latest and MAJOR are on the newest line (of that major version) that has a final release.",
    why="These tags promise the newest that is finished: an older line, or a pre-release, breaks that.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
