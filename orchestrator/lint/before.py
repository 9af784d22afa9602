"""What git knows of the matrix and of files beside it."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, InvalidFileError, UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.matrix.revisions import matrix_at
from orchestrator.system.git import Git
from orchestrator.system.process import Runner, run

#: What to compare with when nothing is said.
_DEFAULT = "HEAD"
_NOTHING = "none"


def before(path: Path, against: str | None, *, runner: Runner = run) -> tuple[Matrix | None, str]:
    """Give the matrix to compare tags with, or None and why there is none (empty where nobody wants to compare: `none`).

    `against` is a revision, None for the last commit. One that was named has to be there: raises `UsageError`, `EnvironmentFailedError` or
    `InvalidFileError`.
    """
    if against == _NOTHING:
        return None, ""
    revision = _DEFAULT if against is None else against
    try:
        past = matrix_at(path, revision, runner=runner)
    except (EnvironmentFailedError, UsageError, InvalidFileError) as error:
        if against is not None:
            raise
        return None, error.message
    return past, "" if past is not None else f"{path} is not in {revision}"


def committed(root: Path, path: Path, *, runner: Runner = run) -> bool:
    """Tell whether the last commit has a file just as it is on disk."""
    try:
        text = Git(root=root, runner=runner).read(_DEFAULT, path.relative_to(root).as_posix())
        return text is not None and text.encode() == path.read_bytes()
    except (EnvironmentFailedError, UsageError, OSError):
        return False
