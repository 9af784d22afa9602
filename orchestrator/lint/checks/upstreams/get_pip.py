"""The script that installed pip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.scripts import occurrences
from orchestrator.lint.subject import Subject

_SCRIPT = re.compile(r"\bget-pip\.py\b")


def _look(subject: Subject) -> Iterator[Spot]:
    yield from occurrences(
        subject,
        _SCRIPT,
        "serves only Pythons that are maintained, and changes without notice",
        "install the pinned pip with the one that lies bundled in the source, as compile.j2 does",
    )


CHECK = Check(
    code="U602",
    title="No Dockerfile fetches get-pip.py.",
    why="The script follows the newest pip, which old Pythons cannot run: a build that worked yesterday fails today.",
    link="https://github.com/pypa/get-pip#usage",
    level=Level.ERROR,
    look=_look,
)
