"""Addresses of the matrix without TLS."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.system.strict import Place, dotted


def _look(subject: Subject) -> Iterator[Spot]:
    document = subject.document
    found: list[tuple[Place, str]] = [(("release_site",), document.release_site)]
    if document.hub is not None:
        found += [
            (("hub", "repository"), document.hub.repository),
            (("hub", "build_job"), document.hub.build_job or ""),
        ]
    for place, address in found:
        if address.startswith("http://"):
            yield Spot(
                place=subject.at(*place),
                message=f"{dotted(place)} is {address}, without TLS",
                mend="write https://, or a mirror that has it",
            )


CHECK = Check(
    code="M110",
    title="Addresses of the matrix have TLS.",
    why="A tarball is told by its checksum, but whoever sits in between sees, and can refuse, what is fetched; and readers follow the links.",
    link="https://docs.docker.com/reference/dockerfile/#add---checksum",
    level=Level.WARNING,
    look=_look,
)
