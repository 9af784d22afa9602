"""The seam through which stages tell a person what is going on. stdout is never touched: it belongs to results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestrator.system.retrying import OnRetry


class Progress(Protocol):
    """Long work tells its steps here. Implementations live in `orchestrator.report`."""

    def note(self, message: str, /) -> None:
        """One line worth keeping: what was decided or done."""

    def warn(self, message: str, /) -> None:
        """One line about something that is not as it should be but does not stop the work."""

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        """Bytes (or steps) done of `total` (None: unknown) for a named task; called often, shown sparingly."""


class Silent:
    """A Progress that says nothing."""

    def note(self, message: str, /) -> None:
        """Drop it."""

    def warn(self, message: str, /) -> None:
        """Drop it."""

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        """Drop it."""


def tell_retries(progress: Progress) -> OnRetry:
    """Tell what a registry stumbled over, each time."""
    return lambda what, tries, seconds: progress.note(f"{what}; try {tries + 1} in {seconds:.1f} s")
