"""The manual written into a directory."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.manual.contents import manual
from orchestrator.system.files import write_atomically

#: The checkout that this program runs from; of an installed package, a directory without documents.
ROOT = Path(__file__).resolve().parents[2]


class Form(StrEnum):
    """What the manual is written as."""

    MAN = "man"
    MARKDOWN = "markdown"
    SITE = "site"


def files(form: Form, root: Path = ROOT) -> Mapping[str, bytes]:
    """Give the files of a form by their names. Raises `InvalidFileError` for links of documents that lead nowhere."""
    if form is Form.MAN:
        from orchestrator.manual.troff import man_pages  # noqa: PLC0415 - only the form that is wanted

        return _encoded(man_pages(manual()))
    if form is Form.MARKDOWN:
        from orchestrator.manual.markdown import reference_pages  # noqa: PLC0415 - same

        return _encoded(reference_pages(manual()))
    from orchestrator.manual.site import site  # noqa: PLC0415 - same

    pages, linked = site(manual(), root)
    return {**_encoded(pages), **{one.page: one.source.read_bytes() for one in linked}}


def write(found: Mapping[str, bytes], directory: Path) -> tuple[Path, ...]:
    """Write files into a directory; gives those that changed. What else is there stays. Raises `EnvironmentFailedError`."""
    changed = []
    for name, content in found.items():
        path = directory / name
        try:
            if not path.is_file() or path.read_bytes() != content:
                write_atomically(path, content)
                changed.append(path)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{path} cannot be written: {error.strerror or error}", mend="name another directory: --output DIR"
            ) from error
    return tuple(changed)


def _encoded(pages: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in pages.items()}
