"""What an addition comes to: images, cells, tags, Dockerfiles, rules to look at; and writing it, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.compare.compare import compare_matrices
from orchestrator.compare.model import Comparison, Topic
from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.matrix.model import Cell, Image, Line, Matrix, Suite
from orchestrator.new.draft import Draft
from orchestrator.new.interview import Answer
from orchestrator.new.rulebook import Remark, remarks
from orchestrator.recipe.rules import Rules
from orchestrator.render.tree import Rendered, render_images, write
from orchestrator.system.files import read_text, write_atomically

_TAGS = (Topic.TAG, Topic.SHARED_TAG)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """A tag and the ids of the images that it leads to before and after; None where it is not there."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What is about to be written, and all that it means. `title` is what a commit calls it; `notes` are told to people."""

    title: str
    before: Matrix
    draft: Draft
    old_text: str
    answers: tuple[Answer, ...]
    comparison: Comparison
    dockerfiles: tuple[Rendered, ...]
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...] = ()

    @property
    def after(self) -> Matrix:
        """The matrix with it."""
        return self.draft.matrix

    @property
    def images(self) -> tuple[Image, ...]:
        """The images that are new."""
        there = {image.id for image in self.before.images}
        return tuple(image for image in self.after.images if image.id not in there)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that are new."""
        there = {cell.id for cell in self.before.cells}
        return tuple(cell for cell in self.after.cells if cell.id not in there)

    @property
    def left(self) -> tuple[str, ...]:
        """Dockerfiles that no image owns any more, relative to the matrix."""
        owned = {image.directory for image in self.after.images}
        gone = [image.directory for image in self.before.images if image.directory not in owned]
        return tuple(
            f"{directory}/Dockerfile" for directory in gone if (self.before.root / directory / "Dockerfile").exists()
        )

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags that are added, move or vanish."""
        changes = [change for change in self.comparison.changes if change.topic in _TAGS]
        return tuple(Tag(name=one.subject, before=one.before, after=one.after) for one in changes)

    @property
    def moved(self) -> tuple[Tag, ...]:
        """The tags that lead to another image than before."""
        return tuple(tag for tag in self.tags if tag.before is not None and tag.after is not None)

    @property
    def vanished(self) -> tuple[Tag, ...]:
        """The tags that lead nowhere any more."""
        return tuple(tag for tag in self.tags if tag.after is None)

    def paths(self, *, rendered: bool) -> tuple[str, ...]:
        """Name the files that it writes, relative to the matrix."""
        return (self.before.path.name, *(one.shown for one in self.dockerfiles if rendered))


def work_out(
    draft: Draft,
    *,
    title: str,
    old_text: str,
    before: Matrix,
    answers: Sequence[Answer],
    rules: Rules,
    model: Line | Suite | None,
    notes: Sequence[str] = (),
) -> Addition:
    """Find out what a draft means. Raises `UsageError` for answers that do not go together, `InvalidFileError` where rules or templates do not fit."""
    after = draft.matrix
    there = {image.id for image in before.images}
    images = tuple(image for image in after.images if image.id not in there)
    return Addition(
        title=title,
        before=before,
        draft=draft,
        old_text=old_text,
        answers=tuple(answers),
        comparison=compare_matrices(before, after),
        dockerfiles=render_images(after, images),
        remarks=remarks(images, model, rules),
        notes=tuple(dict.fromkeys(notes)),
    )


def apply(addition: Addition, *, render: bool) -> None:
    """Write the matrix, then its new Dockerfiles. After a crash between the two, `orchestrator render` finishes it.

    Raises `UsageError` where the matrix has been changed since it was read.
    """
    path = addition.before.path
    if read_text(path, what="matrix") != addition.old_text:
        raise UsageError(
            f"{path} was changed while the questions were answered; nothing is written",
            mend="run the same again, with the options shown above",
        )
    try:
        write_atomically(_real(path), addition.draft.text.encode())
    except OSError as error:
        raise EnvironmentFailedError(
            f"{path}: cannot be written: {error.strerror}", mend="make the directory writable, or free some space"
        ) from None
    if render:
        write(addition.dockerfiles)


def _real(path: Path) -> Path:
    """Where a link leads: renaming over the link itself would leave the file that it leads to as it was."""
    return path.resolve()
