"""A library file's text, laid out as upstream lays it out."""

from __future__ import annotations

from orchestrator.library.model import Entry, Key, Library


def library_text(library: Library) -> str:
    """Write a file: what is said for all stands in the first paragraph only, what is bashbrew's default nowhere."""
    paragraphs = ["".join(f"# {comment}".rstrip() + "\n" for comment in library.comments)]
    paragraphs.append(_paragraph(library.shared, Entry()))
    paragraphs += (_paragraph(entry, library.shared) for entry in library.entries)
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def _paragraph(entry: Entry, base: Entry) -> str:
    known = set(_fields(base))
    if entry.tags and base.architectures == Entry().architectures:
        # Upstream writes the architectures of each image out, the usual one by itself, too.
        known.discard((Key.ARCHITECTURES, ", ".join(base.architectures)))
    return "".join(f"{name}: {value}\n" for name, value in _fields(entry) if (name, value) not in known)


def _fields(entry: Entry) -> tuple[tuple[str, str], ...]:
    # One maintainer a line, aligned; the other lists stay in one line, however long: so a diff shows one line per image.
    wrapped = f",\n{' ' * len(f'{Key.MAINTAINERS}: ')}".join(entry.maintainers)
    found: tuple[tuple[str, str], ...] = (
        (Key.MAINTAINERS, wrapped),
        (Key.TAGS, ", ".join(entry.tags)),
        (Key.SHARED_TAGS, ", ".join(entry.shared_tags)),
        (Key.ARCHITECTURES, ", ".join(entry.architectures)),
        (Key.GIT_REPO, entry.git_repo),
        (Key.GIT_FETCH, entry.git_fetch),
        (Key.GIT_COMMIT, entry.git_commit),
        (Key.DIRECTORY, entry.directory),
        (Key.FILE, entry.file),
        *((one.name, one.value) for one in entry.special),
        (Key.CONSTRAINTS, ", ".join(entry.constraints)),
        (Key.BUILDER, entry.builder),
    )
    return tuple((name, value) for name, value in found if value)
