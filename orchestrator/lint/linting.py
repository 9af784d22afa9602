"""Checks made, one after the other: what they see becomes findings under their codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Finding, Spot
from orchestrator.lint.subject import Subject

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def lint(subject: Subject, checks: Sequence[Check], outside: Outside | None = None) -> tuple[Finding, ...]:
    """Make checks in their order; those that ask servers only where there is an `outside`. Raises `InvalidFileError` for facts that do not load."""
    return tuple(
        Finding(code=check.code, level=check.level, spot=spot)
        for check in checks
        for spot in _spots(check, subject, outside)
    )


def _spots(check: Check, subject: Subject, outside: Outside | None) -> Iterator[Spot]:
    if check.look is not None:
        yield from check.look(subject)
    if check.ask is not None and outside is not None:
        yield from check.ask(subject, outside)
