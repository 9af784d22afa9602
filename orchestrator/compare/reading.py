"""The two sides of a comparison, read: from revisions and the working tree, or from two files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.compare.compare import compare
from orchestrator.compare.material import Material, Repository
from orchestrator.compare.model import Comparison
from orchestrator.compare.side import Side, side_of
from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.matrix.revisions import matrix_at, text_at
from orchestrator.system.files import read_text
from orchestrator.system.git import Git
from orchestrator.system.process import Runner, run

_WORKING_TREE = "the working tree"
_HEX = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A comparison with the matrices of its sides, to choose from; `before` is None where there was no matrix yet."""

    comparison: Comparison
    before: Matrix | None
    after: Matrix | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    side: Side
    #: The texts that it was made from, to say whether they differ.
    texts: tuple[str, ...]
    own_rules: bool
    notes: tuple[str, ...] = ()


def compare_files(path: Path, other: Path) -> Compared:
    """Compare two files by the rules and templates that each has today. Raises `InvalidFileError`."""
    texts = [read_text(one, what="matrix") for one in (path, other)]
    sides = [side_of(parse_matrix(text, one), str(one)) for text, one in zip(texts, (path, other), strict=True)]
    comparison = compare(
        *sides,
        notes=("the recipes of both files are made by today's rules and templates",),
        text_changed=texts[0] != texts[1],
    )
    return Compared(comparison=comparison, before=sides[0].matrix, after=sides[1].matrix)


def compare_revisions(path: Path, revision: str, to: str | None = None, *, runner: Runner = run) -> Compared:
    """Compare the matrix at `path` as it was at a revision with another one, or without `to` with the working tree.

    Raises `UsageError` for a revision that git does not know and for a matrix that is on neither side, `EnvironmentFailedError` without git or a
    repository, `InvalidFileError` for a side that is invalid.
    """
    there = next(one for one in path.resolve().parents if one.is_dir())
    git = Git(root=there, runner=runner)
    git = replace(git, root=git.top().resolve())
    with tempfile.TemporaryDirectory(prefix="orchestrator-diff-") as scratch:
        repository = Repository(git=git, scratch=Path(scratch))
        before = _at(path, revision, repository)
        after = _now(path, repository) if to is None else _at(path, to, repository)
    if before.side.matrix is None and after.side.matrix is None:
        raise UsageError(
            f"there is no {path} at {revision}, nor at {to}", mend="name the matrix with --matrix, or other revisions"
        )
    notes = tuple(dict.fromkeys((*before.notes, *after.notes, *_missing(path, before, after))))
    if not before.own_rules and not after.own_rules:
        notes = (*notes, "the recipes of both sides are made by today's rules: this repository has none of its own")
    elif before.own_rules != after.own_rules:
        lacking = before.side.label if after.own_rules else after.side.label
        notes = (*notes, f"the recipes of {lacking} are made by today's rules")
    comparison = compare(before.side, after.side, notes=notes, text_changed=before.texts != after.texts)
    return Compared(comparison=comparison, before=before.side.matrix, after=after.side.matrix)


def _now(path: Path, repository: Repository) -> _Read:
    text = read_text(path, what="matrix")
    matrix = parse_matrix(text, path)
    material = repository.now(matrix)
    return _read(matrix, _WORKING_TREE, material, text)


def _at(path: Path, revision: str, repository: Repository) -> _Read:
    git = repository.git
    commit = _known(git, revision)
    label = revision if _HEX.fullmatch(revision) else f"{revision} ({commit[:12]})"
    matrix = matrix_at(path, commit, runner=git.runner)
    text = text_at(path, commit, runner=git.runner) or ""
    if matrix is None:
        return _Read(side=side_of(None, label), texts=(), own_rules=True)
    try:
        return _read(matrix, label, repository.at(commit, matrix), text)
    except InvalidFileError as error:
        # The program that runs may no longer understand what it once wrote; the data can be compared all the same.
        note = f"the rules or templates at {label} do not work today, so today's are taken: {_plain(error, repository)}"
        read = _aside(label, lambda: _read(matrix, label, repository.now(matrix), text))
        return replace(read, notes=(note,))


def _read(matrix: Matrix, label: str, material: Material, text: str) -> _Read:
    return _Read(
        side=side_of(matrix, label, rules=material.rules, directories=material.directories, identity=material.identity),
        texts=(text, material.identity, material.templates),
        own_rules=material.own,
    )


def _aside(label: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except InvalidFileError as error:
        raise InvalidFileError(
            f"at {label}, matrix and rules do not fit: {error.message}", mend="compare with a newer revision"
        ) from error


def _plain(error: InvalidFileError, repository: Repository) -> str:
    """What was wrong, with the files called as in the repository instead of by where they were put to be read."""
    return re.sub(rf"{re.escape(str(repository.scratch))}/[0-9a-f]+/", "", error.message)


def _known(git: Git, revision: str) -> str:
    """Resolve a revision. Raises `UsageError`, with the mend for a clone without its past."""
    try:
        return git.resolve(revision)
    except UsageError as error:
        if git.shallow():
            raise UsageError(
                f"{error.message}; this clone lacks its past",
                mend="git fetch --unshallow (in a GitHub workflow: fetch-depth of actions/checkout)",
            ) from error
        raise


def _missing(path: Path, *reads: _Read) -> tuple[str, ...]:
    return tuple(f"there was no {path} at {read.side.label}" for read in reads if read.side.matrix is None)
