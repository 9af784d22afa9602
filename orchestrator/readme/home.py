"""Where the Dockerfiles of a matrix are at home: the repository that a description leads its readers to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.model import Matrix
from orchestrator.publish.origin import web_address
from orchestrator.system.git import Git
from orchestrator.system.process import Runner, run

#: Who looks after what lies here goes by one name: https://github.com/docker-library/docs#maintainermd
_LIBRARY, _COMMUNITY = "https://github.com/docker-library/", "the Docker Community"
_MARKUP = str.maketrans({character: f"\\{character}" for character in r"\`*_[]<>&"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A repository as people open it.

    `address` has neither a slash nor `.git` at its end; `keepers` is Markdown; `official` says that the image is one of the
    official images, so that their repositories tell more of it; `directory` is where the matrix lies in the repository (empty: at the top).
    """

    address: str
    keepers: str
    official: bool
    directory: str = ""

    def blob(self, commit: str, path: str) -> str:
        """Give the address of a file of the matrix as it was at a commit."""
        return f"{self.address}/blob/{commit}/{f'{self.directory}/' if self.directory else ''}{path}"


def home_of(matrix: Matrix, *, source: str | None, asked: bool, runner: Runner = run) -> Home:
    """Find the repository of a matrix: what its `hub` says, else `source` (of the settings), else git's remote called origin.

    `asked` says that commits come from git, too: then paths are those of git's repository, also where the matrix is not at its top.
    Raises `InvalidFileError` where nothing tells an address, `EnvironmentFailedError` where git is asked and cannot answer.
    """
    git = Git(root=matrix.root, runner=runner)
    directory = _below(git.top(), matrix.root) if asked else ""
    if matrix.hub is not None:
        address = matrix.hub.repository
        names = [one.partition(" <")[0] for one in matrix.hub.maintainers]
        return Home(address=address, keepers=_keepers(address, names), official=True, directory=directory)
    address = (source or _origin(git)).rstrip("/").removesuffix(".git")
    if not address:
        raise InvalidFileError(
            f"{matrix.path}: where the Dockerfiles are kept is not known: there is no hub.repository, the settings have no source, "
            "and git has no remote called origin",
            mend='add "hub": {"repository": "https://example.org/owner/name"} to the matrix',
        )
    return Home(address=address, keepers=_keepers(address, ()), official=False, directory=directory)


def _keepers(address: str, names: list[str] | tuple[str, ...]) -> str:
    if f"{address}/".startswith(_LIBRARY):
        return _COMMUNITY
    *rest, last = names or [urlsplit(address).path.strip("/") or address]
    return (f"{', '.join(rest)} and {last}" if rest else last).translate(_MARKUP)


def _origin(git: Git) -> str:
    try:
        return web_address(git.remote())
    except EnvironmentFailedError:
        return ""  # no git: one way less to know it


def _below(top: Path, root: Path) -> str:
    found = os.path.relpath(root.resolve(), top.resolve())
    return "" if found == os.curdir else Path(found).as_posix()
