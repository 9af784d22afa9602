"""Links of reasons that lead nowhere any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import Entry, entries
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    using: dict[str, list[Entry]] = {}
    for entry in entries(rules):
        using.setdefault(urldefrag(entry.rule.link).url, []).append(entry)
    for address, there in outside.there(using).items():
        if there is False:
            first = using[address][0]
            yield Spot(
                place=subject.in_rules(first.file, (*first.place, "link")),
                message=f"{address} is not there any more; it is the reason of {listed(one.name for one in using[address])}",
                mend="find out where the page has moved to, or link to another one that says the same",
            )


CHECK = Check(
    code="R211",
    title="Links of reasons lead to a page.",
    why="A reason that cannot be read is a claim.",
    link="https://www.w3.org/Provider/Style/URI",
    level=Level.WARNING,
    ask=_ask,
)
