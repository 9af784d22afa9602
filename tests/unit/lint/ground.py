"""A project of its own in a directory: nothing is to be said of it until a test changes something."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestrator.lint.catalogue import CATALOGUE
from orchestrator.lint.linting import lint
from orchestrator.lint.model import Finding
from orchestrator.lint.outside import Outside
from orchestrator.lint.rulebook import entries
from orchestrator.lint.subject import Subject
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.conditions import applies
from orchestrator.recipe.rules import RULES, load_rules
from orchestrator.render.tree import Rendered, write
from tests.unit.conftest import ROOT

#: All lines and suites of the real matrix were maintained then.
TODAY = date(2019, 2, 1)


@dataclass
class Project:
    """The real matrix and templates with the rules that it needs, rendered."""

    root: Path
    today: date = TODAY
    before: Matrix | None = None
    uncompared: str = ""
    committed: Callable[[Path], bool] = lambda _: False
    outside: Outside | None = None
    #: Whether it has rules of its own; the command has not.
    own: bool = True

    @property
    def matrix(self) -> Path:
        return self.root / "versions.json"

    @property
    def rules(self) -> Path:
        return self.root / "rules" if self.own else RULES

    @property
    def templates(self) -> Path:
        return self.root / "dockerfile-templates"

    def data(self, change: Callable[[dict[str, Any]], object]) -> None:
        document = json.loads(self.matrix.read_text())
        change(document)
        self.matrix.write_text(json.dumps(document, indent=2))

    def rule(self, file: str, change: Callable[[Any], object]) -> None:
        path = self.rules / file
        document = yaml.safe_load(path.read_text())
        change(document)
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def template(self, name: str, old: str, new: str) -> None:
        path = self.templates / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def subject(self) -> Subject:
        return Subject(
            matrix=load_matrix(self.matrix),
            today=self.today,
            before=self.before,
            uncompared=self.uncompared,
            committed=self.committed,
            rules_directory=self.rules,
        )

    def settle(self) -> None:
        """Render what can be rendered and remove orphans, as somebody does who changed data on purpose."""
        load_rules.cache_clear()
        subject = self.subject()
        write([one for one in subject.rendered.values() if isinstance(one, Rendered)])
        for orphan in subject.orphans:
            orphan.unlink()

    def findings(self) -> tuple[Finding, ...]:
        load_rules.cache_clear()
        return lint(self.subject(), CATALOGUE, self.outside)

    def codes(self) -> set[str]:
        return {one.code for one in self.findings()}


def project(root: Path) -> Project:
    """Lay it out in a directory of a test's own; it is made once for all of them."""
    shutil.copytree(_ground(root.parents[1] / "lint-ground"), root, dirs_exist_ok=True)
    return Project(root=root)


@cache
def _ground(root: Path) -> Path:
    root.mkdir()
    shutil.copy(ROOT / "versions.json", root)
    shutil.copytree(ROOT / "dockerfile-templates", root / "dockerfile-templates")
    made = Project(root=root)
    made.rules.mkdir()
    for path in RULES.glob("*.yaml"):
        (made.rules / path.name).write_text(yaml.safe_dump(_needed(path), sort_keys=False))
    made.settle()
    return root


def _needed(path: Path) -> Any:
    """The rules of a file without those that no image of the matrix needs, and without the step that is told of in a note."""
    document = yaml.safe_load(path.read_text())
    images = load_matrix(ROOT / "versions.json").images
    kept: Any = [] if isinstance(document, list) else {key: [] for key in document}
    for entry in entries(load_rules(RULES)):
        if entry.file != path.name or entry.name == "archived-suite":
            continue
        if any(applies(image, entry.rule.when, entry.rule.unless) for image in images):
            *way, index = entry.place
            source, target = (document[way[0]], kept[way[0]]) if way else (document, kept)
            target.append(copy.deepcopy(source[index]))
    return kept
