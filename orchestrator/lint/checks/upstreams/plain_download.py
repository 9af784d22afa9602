"""Downloads without TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.scripts import elsewhere, scripts
from orchestrator.lint.subject import Subject

_FETCHES = re.compile(r"\b(?:curl|wget|pip3?|git\s+clone|apk)\b|^\s*(?:RUN\s+)?ADD\b")
_ADDRESS = re.compile(r"\bhttp://[A-Za-z0-9][^\s'\"\\]*")


def _look(subject: Subject) -> Iterator[Spot]:
    found: dict[str, list[str]] = {}
    for script in scripts(subject):
        if "http://" not in script.text:
            continue
        for piece in script.pieces():
            for match in _ADDRESS.finditer(piece.text) if _FETCHES.search(piece.text) else ():
                # Where releases lie is told once, at the matrix (M110).
                if not match[0].startswith(f"{subject.matrix.release_site}/"):
                    line = piece.line + piece.text.count("\n", 0, match.start())
                    found.setdefault(match[0], []).append(f"{shown(script.path)}:{line}")
    for address, places in found.items():
        yield Spot(
            place=places[0], message=f"{address} is fetched without TLS{elsewhere(places)}", mend="write https://"
        )


CHECK = Check(
    code="U603",
    title="Dockerfiles fetch with TLS.",
    why="Whoever sits in between can put anything into the image. (apt checks signatures by itself, so its mirrors are not meant.)",
    link="https://docs.docker.com/build/building/best-practices/#add-or-copy",
    level=Level.ERROR,
    look=_look,
)
