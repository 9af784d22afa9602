"""Every check, in the order of the codes, and the choice among them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from orchestrator.errors import UsageError
from orchestrator.lint.checks import architectures, dockerfiles, matrix, rules, tags, upstreams
from orchestrator.lint.model import Check

CATALOGUE: tuple[Check, ...] = (
    *matrix.CHECKS,
    *rules.CHECKS,
    *dockerfiles.CHECKS,
    *architectures.CHECKS,
    *tags.CHECKS,
    *upstreams.CHECKS,
)


def choose(select: Sequence[str] = (), ignore: Sequence[str] = (), *, online: bool = False) -> tuple[Check, ...]:
    """Choose checks by code or by the beginning of one (`M`, `U6`); without `select`, all of them. Those that ask servers only when `online`.

    Raises `UsageError` for a word that no code begins with.
    """
    for word in (*select, *ignore):
        _known(word)
    return tuple(
        check
        for check in CATALOGUE
        if (not select or check.code.startswith(tuple(select)))
        and not (ignore and check.code.startswith(tuple(ignore)))
        and (online or not check.online)
    )


def check_of(code: str) -> Check:
    """Give the check with a code. Raises `UsageError`."""
    found = next((check for check in CATALOGUE if check.code == code), None)
    if found is None:
        raise _unknown(code)
    return found


def _known(word: str) -> None:
    if not word or not any(check.code.startswith(word) for check in CATALOGUE):
        raise _unknown(word)


def _unknown(word: str) -> UsageError:
    close = difflib.get_close_matches(word.upper(), [check.code for check in CATALOGUE], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return UsageError(f'no check has the code "{word}"', mend=f"{hint}'orchestrator lint --list' shows all of them")
