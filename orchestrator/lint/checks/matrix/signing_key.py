"""The key that a line is pinned to."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lifetimes.lines import lifetime_of
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for line in subject.matrix.lines:
        known = lifetime_of(line.name)
        if known is not None and known.keys and line.gpg_key not in known.keys:
            yield Spot(
                place=subject.at("lines", line.name, "gpg_key"),
                message=f"the gpg_key of {line.name} is {line.gpg_key}, and {line.name} is signed by {' or '.join(known.keys)}",
                mend=f'compare with {CHECK.link}, then set "gpg_key": "{known.keys[0]}"',
            )


CHECK = Check(
    code="M107",
    title="The gpg_key of a line is one that its release manager signs with.",
    why="The key goes into the image for those who check again, and a bump trusts it: a wrong one makes both worthless.",
    link="https://www.python.org/downloads/metadata/pgp/",
    level=Level.ERROR,
    look=_look,
)
