"""Servers that were to be asked and did not answer; always the last check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    silent: dict[str, list[str]] = {}
    for what, reason in sorted(outside.unreached.items()):
        silent.setdefault(reason, []).append(what)
    for reason, names in silent.items():
        yield Spot(
            place=shown(subject.matrix.path),
            message=f"{', '.join(names)} could not be asked: {reason}",
            mend="check the network and the proxy (https_proxy, SSL_CERT_FILE), then run the same again",
        )


CHECK = Check(
    code="U690",
    title="What --online has to ask answers.",
    why="Of what could not be asked nobody knows whether it is still there; the exit code is 5 then, unless errors were found.",
    link="https://docs.docker.com/engine/cli/proxy/",
    level=Level.WARNING,
    ask=_ask,
)
