"""Which shared libraries /usr/local is linked against, where they are, and which packages own them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.prove.cells import lean
from orchestrator.prove.model import Subject
from orchestrator.prove.packages import installed
from orchestrator.prove.survey.survey import View

_DIRECTORIES = re.compile(r"/(?:usr/)?(?:local/)?lib(?:32|64|x32)?(?:/[^/]*-linux-[^/]*)?/[^/]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A library by its name in ELF files; `of` is one file that needs it, `path` where it is, None for one that is missing."""

    name: str
    of: str
    path: str | None


def needed(subject: Subject) -> tuple[Library, ...]:
    """List every library that a file below /usr/local needs; on slim and Alpine those of tkinter are left out, as Tk is."""
    view = subject.survey.whole
    wanted: dict[str, str] = {}
    for path, file in view.below("/usr/local"):
        if lean(subject.cell) and "tkinter" in path:
            continue
        for name in file.needed:
            wanted.setdefault(name, path)
    places = _places(view)
    return tuple(Library(name=name, of=of, path=places.get(name)) for name, of in sorted(wanted.items()))


def library_owners(subject: Subject) -> frozenset[str]:
    """Name the packages that own these libraries."""
    view = subject.survey.whole
    paths = {library.path for library in needed(subject) if library.path is not None}
    paths |= {view.resolve(path) or path for path in paths}
    merged = paths | {path.removeprefix("/usr") for path in paths} | {f"/usr{path}" for path in paths}
    return frozenset(name for name, package in installed(view).items() if package.files & merged)


def _places(view: View) -> dict[str, str]:
    return {
        path.rpartition("/")[2]: path
        for path in view.files
        if ".so" in path and _DIRECTORIES.fullmatch(path) and view.resolve(path) is not None
    }
