"""The matrix as it was at a revision, read from git alone: the working tree may lack it, or hold another one."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.system.git import Git
from orchestrator.system.process import Runner, run


def matrix_at(path: Path, revision: str, *, runner: Runner = run) -> Matrix | None:
    """Give the matrix at `path` as it was at a revision (`HEAD~1`, `v1.2`); None where the file was not there.

    Its `path` is the one that was asked for, so that its Dockerfiles lie where today's do. Raises `UsageError` for a revision that git does not
    know, `EnvironmentFailedError` where there is no git or no repository, `InvalidFileError` naming revision and file where it no longer loads by
    today's rules.
    """
    text = text_at(path, revision, runner=runner)
    if text is None:
        return None
    try:
        return parse_matrix(text, path)
    except InvalidFileError as error:
        raise InvalidFileError(
            f"at {revision}, the matrix is invalid by today's rules: {error.message}",
            mend="compare with a newer revision, in which it is valid",
        ) from error


def text_at(path: Path, revision: str, *, runner: Runner = run) -> str | None:
    """Give the text of a file as it was at a revision; None where it was not there. Raises `UsageError` and `EnvironmentFailedError` as `matrix_at`."""
    directory = path.absolute().parent
    # The directory may have come or gone with the revision, and git needs one that is there.
    there = next(one for one in (directory, *directory.parents) if one.is_dir())
    return Git(root=there, runner=runner).read(revision, path.absolute().relative_to(there).as_posix())
