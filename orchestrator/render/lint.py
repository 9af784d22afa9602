"""Checks of what is committed, beyond what loading refuses: stale renders, rules without effect, accepted exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.matrix.model import Matrix
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.tree import orphans, render_images


class Level(StrEnum):
    """How bad it is; a note is something accepted on purpose."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something to know, where, and how to mend it."""

    level: Level
    place: str
    message: str
    mend: str = ""


def lint(matrix: Matrix) -> tuple[Finding, ...]:
    """Check a loaded matrix. Loading has refused whatever is invalid by itself."""
    findings = [
        Finding(
            level=Level.ERROR,
            place=one.shown,
            message="is stale" if one.committed is not None else "is missing",
            mend="run 'orchestrator render' and commit what it writes",
        )
        for one in render_images(matrix, matrix.images)
        if one.committed != one.text
    ]
    findings += [
        Finding(level=Level.ERROR, place=str(path), message="belongs to no image of the matrix", mend="remove it")
        for path in orphans(matrix)
    ]
    for image in matrix.images:
        lacking = [one.name for one in matrix.enabled if one.name not in image.variant.suite.architectures]
        if lacking:
            findings.append(
                Finding(
                    level=Level.WARNING,
                    place=image.id,
                    message=f"its base does not exist for {', '.join(lacking)}, so it is not built there",
                )
            )
    for suite in matrix.suites:
        using = [image for image in matrix.images if image.variant.suite == suite]
        if not using:
            findings.append(
                Finding(level=Level.WARNING, place=f"suites.{suite.name}", message="no image is built on it")
            )
        for step in recipe_for(using[0]).steps if using and suite.archived else ():
            if step.text == "archived-suite":
                findings.append(Finding(level=Level.NOTE, place=f"suites.{suite.name}", message=step.reason))
    return tuple(findings)
