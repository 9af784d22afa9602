"""Links of rules that are none with TLS."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.rules.raw import raw_rules
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for rule in raw_rules(subject):
        if rule.insecure:
            yield Spot(
                place=subject.in_rules(rule.file, (*rule.place, "link")),
                message=f"the link {rule.link[:200]} does not begin with https://",
                mend="write the https address of the page",
            )


CHECK = Check(
    code="R203",
    title="Links of rules have TLS.",
    why="'orchestrator explain' hands these links to people, who follow them.",
    link="https://developer.mozilla.org/en-US/docs/Glossary/HTTPS",
    level=Level.ERROR,
    look=_look,
)
