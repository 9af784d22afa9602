"""What somebody wants to add, by the name that the matrix will know it by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from orchestrator.errors import UsageError
from orchestrator.lifetimes.suites import CODE_NAMES
from orchestrator.matrix.model import Matrix

#: Names that lead to another suite as time goes by: what they mean in an image would change without a change here.
_MOVING = ("oldoldstable", "oldstable", "stable", "testing", "unstable", "sid", "experimental")


def line_name(word: str, matrix: Matrix) -> str:
    """Read the name of a line, `3.8`. Raises `UsageError` for what is none, or is there."""
    found = re.fullmatch(r"(?:python[- :]?|v)?(\d{1,3}\.\d{1,3})(?:\.\d+(?:(?:a|b|rc)\d+)?)?", word.strip().lower())
    if found is None:
        raise UsageError(f'"{word[:80]}" is not a line', mend="name one such as 3.8: orchestrator new line 3.8")
    if found[1] != word.strip():
        rest = word.strip().lower().rpartition(found[1])[2]
        option = f" --release {found[1]}{rest}" if rest else ""
        raise UsageError(
            f'"{word[:80]}" is not a line', mend=f"did you mean: orchestrator new line {found[1]}{option}?"
        )
    _refuse_known("line", found[1], [line.name for line in matrix.lines], f"orchestrator bump {found[1]}")
    return found[1]


def suite_name(word: str, matrix: Matrix) -> str:
    """Read the name of a Debian suite, `buster`. Raises `UsageError` for what is none, or is there."""
    name = word.strip()
    if alpine := re.fullmatch(r"alpine[-:]?(.*)", name.lower()):
        raise UsageError(
            f'"{name[:80]}" is no Debian suite', mend=f"did you mean: orchestrator new alpine {alpine[1] or '3.9'}?"
        )
    bare = name.lower().removeprefix("debian:").removeprefix("slim-").removesuffix("-slim")
    if bare in _MOVING:
        raise UsageError(
            f'"{bare}" means another suite as time goes by', mend="give its code name: orchestrator new suite buster"
        )
    close = get_close_matches(bare, CODE_NAMES, n=1, cutoff=0.7)
    if not re.fullmatch(r"[a-z]{1,40}", name):
        meant = bare if bare in CODE_NAMES else close[0] if close else "buster"
        raise UsageError(
            f'"{name[:80]}" is not a suite; they go by their code name, in small letters',
            mend=f"did you mean: orchestrator new suite {meant}?",
        )
    _refuse_known("suite", name, [suite.name for suite in matrix.suites], "orchestrator list")
    if name not in CODE_NAMES and close:
        raise UsageError(f'Debian has no suite "{name}"', mend=f"did you mean: orchestrator new suite {close[0]}?")
    return name


def alpine_name(word: str, matrix: Matrix) -> str:
    """Read the name of an Alpine release, `3.9` or `alpine3.9`, as `alpine3.9`. Raises `UsageError` for what is none, or is there."""
    found = re.fullmatch(r"(?:alpine[-:]?|v)?(\d{1,3}\.\d{1,3})(\.\d+)?", word.strip().lower())
    if found is None:
        bare = word.strip().lower()
        suite = bare in CODE_NAMES
        mend = (
            f"did you mean: orchestrator new suite {bare}?"
            if suite
            else "name one such as 3.9: orchestrator new alpine 3.9"
        )
        raise UsageError(f'"{word[:80]}" is not a release of Alpine', mend=mend)
    if found[2] is not None:
        raise UsageError(
            f'"{word[:80]}" is a patch release of Alpine, which its base takes up by itself',
            mend=f"did you mean: orchestrator new alpine {found[1]}?",
        )
    _refuse_known("suite", f"alpine{found[1]}", [suite.name for suite in matrix.suites], "orchestrator list")
    return f"alpine{found[1]}"


def architecture_name(word: str, matrix: Matrix) -> str:
    """Read the official-images name of an architecture that is not enabled. Raises `UsageError`, also for OCI's names of those that are known."""
    name = word.strip()
    for one in matrix.known:
        if name == str(one.platform) or name == f"{one.platform.os}/{one.platform.architecture}":
            raise UsageError(f'"{name}" is a platform', mend=f"did you mean: orchestrator new arch {one.name}?")
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) or len(name) > 40:
        raise UsageError(f'"{name[:80]}" is not an architecture', mend="name one such as ppc64le")
    _refuse_known("architecture", name, [one.name for one in matrix.enabled], "orchestrator list")
    known = [one.name for one in matrix.known]
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    if name not in known and close:
        raise UsageError(f'there is no architecture "{name}" in the matrix', mend=f'did you mean "{close[0]}"?')
    return name


def age(suite: str) -> int:
    """Give what Debian's suites are ordered by, greater for newer ones; a code name that is not known is taken for the newest."""
    return CODE_NAMES.index(suite) if suite in CODE_NAMES else len(CODE_NAMES)


def _refuse_known(what: str, name: str, there: Iterable[str], command: str) -> None:
    if name in there:
        raise UsageError(
            f'the {what} "{name}" is in the matrix already', mend=f"to look at it or to change it: {command}"
        )
