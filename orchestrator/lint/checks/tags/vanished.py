"""Tags that nothing leads any more."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, line_of, moves, owners
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed
from orchestrator.matrix.model import Matrix
from orchestrator.report.wording import count
from orchestrator.system.strict import Place


def _look(subject: Subject) -> Iterator[Spot]:
    for move in moves(subject, Fate.VANISHED):
        line = move.before.line.name
        there = line_of(subject.matrix, line) is not None
        yield Spot(
            place=subject.at("lines", line) if there else subject.at("lines"),
            message=f"{move.before.id} loses {move.shown}; nothing else takes over, and who uses them gets no update any more",
            mend=f"bring back what made them; if that is meant, say so: --ignore {CHECK.code}, or compare with --against none",
        )
    yield from _renamed(subject)
    yield from _architectures(subject)


def _renamed(subject: Subject) -> Iterator[Spot]:
    before, now = subject.before, subject.matrix
    if before is not None and before.name != now.name:
        yield Spot(
            place=subject.at("name"),
            message=f"{before.name} becomes {now.name}: no tag of {before.name} gets an update any more",
            mend=f'keep "name": "{before.name}"; if that is meant, say so: --ignore {CHECK.code}, or compare with --against none',
        )


def _architectures(subject: Subject) -> Iterator[Spot]:
    """Tell of tags that stay, but no longer in the repository of an architecture (`arm64v8/python`): their image is not built for it any more."""
    if subject.before is None:
        return
    now, there = owners(subject.matrix.images), _built(subject.matrix)
    enabled = {one.name for one in subject.matrix.enabled}
    lost: dict[tuple[str, Place], list[str]] = {}
    for architecture, tag in _built(subject.before):
        if tag in now and (architecture, tag) not in there:
            suite: Place = ("suites", now[tag].variant.suite.name, "architectures")
            place = suite if architecture in enabled else ("enabled_architectures",)
            lost.setdefault((architecture, place), []).append(tag)
    for (architecture, place), tags in lost.items():
        yield Spot(
            place=subject.at(*place),
            message=f"{architecture}/{subject.matrix.name} loses {count(len(tags), 'tag')}, which {'leads' if len(tags) == 1 else 'lead'} "
            f"to nothing that is built for {architecture} any more: {listed(tags)}",
            mend=f"bring {architecture} back; if that is meant, say so: --ignore {CHECK.code}, or compare with --against none",
        )


def _built(matrix: Matrix) -> dict[tuple[str, str], None]:
    """Every tag of every architecture's repository, in the order of the images."""
    return {
        (cell.architecture.name, tag): None
        for cell in matrix.cells
        for tag in (*cell.image.tags, *cell.image.shared_tags)
    }


CHECK = Check(
    code="T502",
    title="No tag vanishes.",
    why="A tag stays in the registry and goes on to be pulled, but is never built again: its users get no security fix and no word of it.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
