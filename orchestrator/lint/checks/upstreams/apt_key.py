"""The tool that trusted keys for every source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.scripts import occurrences
from orchestrator.lint.subject import Subject

_TOOL = re.compile(r"\bapt-key\b")


def _look(subject: Subject) -> Iterator[Spot]:
    yield from occurrences(
        subject,
        _TOOL,
        "is not in Debian any more since trixie",
        "put the key into a file of its own, and name it with signed-by= at the source that it is for",
    )


CHECK = Check(
    code="U604",
    title="No Dockerfile uses apt-key.",
    why="A key that it adds may sign any package of any source, and newer suites do not have it.",
    link="https://manpages.debian.org/bookworm/apt/apt-key.8.en.html#DEPRECATION",
    level=Level.ERROR,
    look=_look,
)
