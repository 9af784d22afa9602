"""From proposals to files: the matrix's text line by line, the Dockerfiles that follow from it, and bringing both to disk."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bump.model import Part, Proposal
from orchestrator.bump.wheels import pins_of
from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.editing import insert, put, remove
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Line, Matrix
from orchestrator.render.tree import Rendered, render_images, write
from orchestrator.system.files import read_text, write_atomically
from orchestrator.system.strict import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line's bump: the matrix's whole text after it and all steps before it, the line then, and its Dockerfiles that change."""

    proposal: Proposal
    text: str
    line: Line
    rendered: tuple[Rendered, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The Dockerfiles, relative to the matrix."""
        return tuple(one.shown for one in self.rendered)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """All that is to be written: `text` is what the matrix's file holds now, `before` and `after` are what it means without and with the steps."""

    text: str
    before: Matrix
    after: Matrix
    steps: tuple[Step, ...]

    @property
    def path(self) -> Path:
        """The matrix."""
        return self.before.path

    @property
    def diff(self) -> str:
        """Unified diff of the Dockerfiles."""
        return "".join(one.diff for step in self.steps for one in step.rendered)


def draft(path: Path, text: str, proposals: Sequence[Proposal]) -> Draft:
    """Work proposals into the text of the matrix at `path`; those that propose nothing are left out.

    Raises `InvalidFileError` where the outcome is no valid matrix, or where a Dockerfile cannot be rendered.
    """
    before = after = parse_matrix(text, path)
    changed = text
    steps = []
    for proposal in proposals:
        if proposal.empty:
            continue
        changed = edited(changed, proposal)
        after = parse_matrix(changed, path)
        line = next(one for one in after.lines if one.name == proposal.line.name)
        images = [image for image in after.images if image.line == line]
        stale = tuple(one for one in render_images(after, images) if one.committed != one.text)
        steps.append(Step(proposal=proposal, text=changed, line=line, rendered=stale))
    return Draft(text=text, before=before, after=after, steps=tuple(steps))


def write_step(path: Path, expected: str, step: Step) -> None:
    """Write the matrix, then the Dockerfiles. After a crash between the two, `orchestrator render` finishes it.

    Raises `InvalidFileError`, and writes nothing, where the file does not hold `expected` any more; that, or
    `EnvironmentFailedError`, where one of them cannot be written.
    """
    with _alone(path.parent):
        _write_matrix(path, expected, step.text)
        try:
            write(step.rendered)
        except (InvalidFileError, EnvironmentFailedError) as error:
            after = "" if "orchestrator render" in error.mend else ", then: orchestrator render"
            raise type(error)(f"{error.message}; {path} is written already", mend=f"{error.mend}{after}") from None


def _write_matrix(path: Path, expected: str, text: str) -> None:
    if read_text(path, what="matrix") != expected:
        raise InvalidFileError(
            f"{path} was changed while releases were fetched; nothing is written", mend="run the same again"
        )
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise EnvironmentFailedError(
            f"{path} cannot be written: {error.strerror}", mend="make its directory writable, or free some space"
        ) from None


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold a lock on a directory, which leaves no file in it: of two bumps at the same time, the later one sees what the first one wrote."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # file systems over a network need not have such locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_all(found: Draft) -> None:
    """Write all steps at once: the matrix in one go, then all Dockerfiles. Raises like `write_step`."""
    if found.steps:
        last = found.steps[-1]
        rendered = tuple(one for step in found.steps for one in step.rendered)
        write_step(found.path, found.text, dataclasses.replace(last, rendered=rendered))


def edited(text: str, proposal: Proposal) -> str:
    """Put a proposal into the text of a matrix; every other character stays as it is."""
    line, release = proposal.line, proposal.release
    place: Place = ("lines", line.name)
    if release is not None:
        text = put(text, (*place, "release"), release.release)
        text = put(text, (*place, "source", "format"), release.format)
        text = put(text, (*place, "source", "sha256"), release.sha256)
        if release.pool is None and line.source.pool is not None:
            text = remove(text, (*place, "source", "pool"))
        elif release.pool is not None and line.source.pool is not None:
            text = put(text, (*place, "source", "pool"), release.pool)
        elif release.pool is not None:
            text = insert(text, (*place, "source", "pool"), release.pool)
    for pin in proposal.pins:
        where = (*place, *_place_of(line, pin.name))
        text = put(text, (*where, "version"), pin.version)
        text = put(text, (*where, "sha256"), pin.sha256)
    return text


def _place_of(line: Line, name: str) -> Place:
    for part, pins in pins_of(line).items():
        for index, pin in enumerate(pins):
            if pin.name == name:
                return (str(part), index) if part is Part.EXTRAS else (str(part),)
    raise KeyError(name)
