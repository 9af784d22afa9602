"""Which commit last changed the Dockerfile of each image: asked of git, or told by a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.model import Image, Matrix
from orchestrator.system.files import read_text
from orchestrator.system.git import Git
from orchestrator.system.json_text import parse_json
from orchestrator.system.process import Runner, run

#: SHA-1 or SHA-256, written out: https://git-scm.com/docs/hash-function-transition
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FORM = '{"3.7/stretch": "<40 hex digits>"}'
_OTHERWISE = "give --commits FILE, a JSON object from directory to commit"


def is_commit(text: str) -> bool:
    """Whether this is a whole commit id of git: 40 or 64 lower-case hex digits."""
    return _COMMIT.fullmatch(text) is not None


def commits_for(
    matrix: Matrix,
    images: Sequence[Image],
    *,
    file: Path | None,
    runner: Runner = run,
    warn: Callable[[str], None] | None = None,
) -> Mapping[str, str]:
    """Give, for the directory of each image, the commit (hex) that last changed its Dockerfile; in the order of the images.

    `file` is a JSON object from directory to commit, and may have more directories than these images (several matrices may share it). Without it,
    git is asked in the matrix's directory; what is on disk but not committed as it is gets into `warn`, a sentence for all of it.

    Raises `InvalidFileError` for a file that does not fit, a directory missing in it, or a Dockerfile that was never committed; `EnvironmentFailedError`
    where there is no git, no repository, or one without its past.
    """
    directories = tuple(dict.fromkeys(image.directory for image in images))
    if file is not None:
        return _chosen(_told(file), directories, file)
    return _asked(Git(root=matrix.root, runner=runner), directories, warn or (lambda _: None))


def _told(file: Path) -> dict[str, str]:
    """Read the file. Whatever is in it has to be right, also what nobody asks for."""
    raw: Any = parse_json(read_text(file, what="file of commits"), file, what="a file of commits")
    if not isinstance(raw, dict):
        raise InvalidFileError(f"{file}: this is not a JSON object", mend=f"write {_FORM}")
    for directory, commit in raw.items():
        if not isinstance(commit, str) or not is_commit(commit):
            shown = json.dumps(directory)  # whatever stands there: a terminal must not take it for an order
            raise InvalidFileError(
                f"{file}: [{shown}]: {json.dumps(commit)[:80]} is not a whole commit id in lower-case hex",
                mend=f"write what 'git log -1 --format=%H -- {shown[1:-1]}/Dockerfile' prints",
            )
    return raw


def _chosen(told: Mapping[str, str], directories: Sequence[str], file: Path) -> dict[str, str]:
    missing = [directory for directory in directories if directory not in told]
    if missing:
        # A misspelt key is told by the directory that it leaves without a commit.
        near = get_close_matches(missing[0], [key for key in told if key not in directories], n=1, cutoff=0.8)
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise InvalidFileError(
            f'{file}: there is no commit for "{missing[0]}"{more}',
            mend=f"rename the key {json.dumps(near[0])}, which is no directory here" if near else f'add "{missing[0]}"',
        )
    return {directory: told[directory] for directory in directories}


def _asked(git: Git, directories: Sequence[str], warn: Callable[[str], None]) -> dict[str, str]:
    paths = {directory: f"{directory}/Dockerfile" for directory in directories}
    try:
        git.need()
        shallow = git.shallow()
        found = git.last_commits(tuple(paths.values())) if not shallow else {}
    except EnvironmentFailedError as error:
        raise EnvironmentFailedError(
            f"which commit changed a Dockerfile last cannot be asked of git: {error.message}",
            mend=f"{error.mend}; or {_OTHERWISE}",
        ) from None
    if shallow:
        raise EnvironmentFailedError(
            f"{git.root} is a shallow clone: the commit that changed a Dockerfile last may be missing",
            mend=f"git fetch --unshallow; or {_OTHERWISE}",
        )
    never = [path for path in paths.values() if path not in found]
    if never:
        more = f" (nor were {len(never) - 1} more)" if len(never) > 1 else ""
        raise InvalidFileError(f"{git.root / never[0]} was never committed{more}", mend=f"commit, or {_OTHERWISE}")
    if changed := git.changed(paths.values()):
        names = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        warn(f"changed since the last commit, which is named all the same: {names}")
    return {directory: found[path] for directory, path in paths.items()}
