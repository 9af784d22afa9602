"""Keyservers that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.scripts import occurrences
from orchestrator.lint.subject import Subject

_GONE = re.compile(r"\b(?:[a-z0-9-]+\.)*(?:sks-keyservers\.net|keys\.gnupg\.net|keyserver\.pgp\.com)\b", re.IGNORECASE)


def _look(subject: Subject) -> Iterator[Spot]:
    yield from occurrences(
        subject,
        _GONE,
        "is a keyserver that is gone",
        "verify with 'orchestrator bump', which keeps checksums in the matrix; the image needs no keyserver",
    )


CHECK = Check(
    code="U601",
    title="No Dockerfile asks a keyserver of the SKS pool.",
    why="The pool was closed in 2021; a build that asks it for a key fails, or hangs until it does.",
    link="https://github.com/docker-library/faq#openpgp--gnupg-keys-and-verification",
    level=Level.ERROR,
    look=_look,
)
