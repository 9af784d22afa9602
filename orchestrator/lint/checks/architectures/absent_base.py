"""Bases that their registry does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Flavor, Suite

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def bases(subject: Subject) -> Iterator[tuple[Suite, Flavor, str]]:
    """List the bases that images start from."""
    used = {(image.variant.suite.name, image.variant.flavor) for image in subject.matrix.images}
    for suite in subject.matrix.suites:
        for flavor, base in suite.bases.items():
            if (suite.name, flavor) in used:
                yield suite, flavor, base


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    found = outside.platforms(base for _, _, base in bases(subject))
    for suite, flavor, base in bases(subject):
        if found[base] == frozenset():
            yield Spot(
                place=subject.at("suites", suite.name, "bases", flavor.value),
                message=f"{base} is not in its registry",
                mend="correct its name, or name a mirror that has it as base_registry in the config",
            )


CHECK = Check(
    code="A403",
    title="Bases exist in their registry.",
    why="Nothing can be built on an image that is not there.",
    link="https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests",
    level=Level.ERROR,
    ask=_ask,
)
