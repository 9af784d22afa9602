"""How a CI system is told which lines are an error, and which belong together and may be folded.

Lines of many cells interleave, so a fold is only ever put around lines that are printed at one moment.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol


class Folding(Protocol):
    """What a CI system understands. The lines it gives are written as they are, with their control characters."""

    def error(self, cell: str, message: str) -> str | None:
        """Write a message as an error; None where that is a line like any other."""

    def fold(self, cell: str, title: str, lines: Sequence[str]) -> Iterator[str]:
        """Put lines into a fold with a title."""


class GitHubFolding:
    """Workflow commands of GitHub Actions.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """

    def error(self, cell: str, message: str) -> str:
        """An annotation."""
        return f"::error title={_escaped(cell, ':,')}::{_escaped(f'{cell}: {message}')}"

    def fold(self, cell: str, title: str, lines: Sequence[str]) -> Iterator[str]:
        """A group, in which the log of a build cannot give commands: they are off until a word that it cannot know."""
        word = secrets.token_hex(16)
        yield f"::group::{_escaped(f'{cell}: {title}')}"
        yield f"::stop-commands::{word}"
        yield from lines
        yield f"::{word}::"
        yield "::endgroup::"


class GitLabFolding:
    """Collapsible sections of GitLab CI. Source: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def error(self, cell: str, message: str) -> None:
        """GitLab knows no errors."""

    def fold(self, cell: str, title: str, lines: Sequence[str]) -> Iterator[str]:
        """A section; its name has to be one word."""
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"log_{cell}")
        yield f"\x1b[0Ksection_start:{int(self._now())}:{name}[collapsed=true]\r\x1b[0K{cell}: {title}"
        yield from lines
        yield f"\x1b[0Ksection_end:{int(self._now())}:{name}\r\x1b[0K"


def folding_for(environment: Mapping[str, str]) -> Folding | None:
    """Find the CI system that this runs in; None for another one, and for none."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return GitHubFolding()
    if environment.get("GITLAB_CI"):
        return GitLabFolding()
    return None


def _escaped(text: str, also: str = "") -> str:
    for sign in "%\r\n" + also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
