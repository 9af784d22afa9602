"""The library file of a matrix: one entry per image, in published order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.library.model import Entry, Library
from orchestrator.library.paragraphs import Fault
from orchestrator.library.parsing import parse_library
from orchestrator.library.writing import library_text
from orchestrator.matrix.model import Image, Matrix
from orchestrator.system.strict import did_you_mean


def images_for(matrix: Matrix, architectures: Collection[str]) -> tuple[Image, ...]:
    """Choose the images whose bases exist for some of these architectures; all where none are named.

    Raises `UsageError` for an architecture that no image exists for.
    """
    _refuse_unknown(architectures, {name for image in matrix.images for name in image.variant.suite.architectures})
    wanted = frozenset(architectures)
    return tuple(image for image in matrix.images if not wanted or wanted & set(image.variant.suite.architectures))


def library_of(
    matrix: Matrix,
    images: Sequence[Image],
    commits: Mapping[str, str],
    *,
    repository: str,
    directory: str = "",
    maintainers: Sequence[str],
    builder: str = "",
) -> Library:
    """Describe images of a matrix, each for all architectures that its base exists for upstream, whether they are built here or not.

    `commits` gives the commit of each image's directory; `repository` is the address of the repository that holds them, with or without
    `.git`, and `directory` the one in it that the matrix lies in (empty: at the top).
    """
    shared = Entry(
        maintainers=tuple(maintainers), git_repo=f"{repository.removesuffix('.git')}.git", builder=str(builder)
    )
    entries = tuple(
        replace(
            shared,
            tags=image.tags,
            shared_tags=image.shared_tags,
            architectures=tuple(sorted(image.variant.suite.architectures)),
            git_commit=commits[image.directory],
            directory=f"{directory}/{image.directory}" if directory else image.directory,
        )
        for image in images
    )
    comment = f"written by 'orchestrator library' from {matrix.path.name}: change that, then write this again"
    return Library(comments=(comment,), shared=shared, entries=entries)


def only(library: Library, architectures: Collection[str]) -> Library:
    """Keep the entries of some architectures, and of those entries nothing else; all of it where none are named.

    Raises `UsageError` for an architecture that no entry has.
    """
    _refuse_unknown(architectures, {name for entry in library.entries for name in entry.architectures})
    return narrowed(library, architectures)


def narrowed(library: Library, architectures: Collection[str]) -> Library:
    """Keep the entries of some architectures, as `only` does, without asking whether there are any."""
    if not architectures:
        return library
    wanted = frozenset(architectures)
    return replace(
        library,
        shared=_narrowed(library.shared, wanted),
        entries=tuple(_narrowed(one, wanted) for one in library.entries if wanted & set(one.architectures)),
    )


def _refuse_unknown(architectures: Collection[str], there: Collection[str]) -> None:
    for name in architectures:
        if name not in there:
            raise UsageError(f'no image has the architecture "{name}"', mend=did_you_mean(name, sorted(there)))


def _narrowed(entry: Entry, wanted: frozenset[str]) -> Entry:
    kept = tuple(name for name in entry.architectures if name in wanted)
    return replace(
        entry,
        # What is said for all may name none of them; each entry then names its own.
        architectures=kept or entry.architectures,
        special=tuple(one for one in entry.special if one.architecture in wanted),
    )


def checked_text(library: Library, name: object) -> str:
    """Write a library file and read it back. Raises `InvalidFileError`, naming what it was made from, where bashbrew would not take it as it is meant."""
    text = library_text(library)
    try:
        same = parse_library(text) == library
    except Fault as fault:
        wrong = text.split("\n")[fault.line - 1][:120]
        raise InvalidFileError(
            f"{name}: official-images would refuse the library file of this matrix: {fault.message} ({wrong})",
            mend=fault.mend,
        ) from None
    if not same:
        raise InvalidFileError(
            f"{name}: the library file of this matrix would be read as something else than it means",
            mend="look for unusual names in the matrix",
        )
    return text
