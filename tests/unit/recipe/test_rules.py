from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.conditions import Condition, applies, compare
from orchestrator.recipe.explain import why
from orchestrator.recipe.recipe import recipe_for
from orchestrator.recipe.rules import RULES, load_rules
from orchestrator.select import select_image


@pytest.mark.parametrize(
    ("version", "test", "holds"),
    [
        ((3, 7), "3.7", True),
        ((3, 10), ">=3.9", True),
        ((3, 9), ">=3.10", False),
        ((2, 7), "<3", True),
        ((3, 0), "<3", False),
        ((3, 4), "3", True),
        ((3, 8), "<=3.7", False),
    ],
)
def test_versions_compare_as_numbers(version: tuple[int, ...], test: str, *, holds: bool) -> None:
    assert compare(version, test) is holds


def test_every_rule_applies_somewhere(matrix: Matrix, debian_matrix: Matrix) -> None:
    rules = load_rules()
    images = (*matrix.images, *debian_matrix.images)
    everything = (
        *rules.packages, *rules.configure, *rules.make, *rules.environment, *rules.steps, *rules.modules,
        *rules.result.commands, *rules.result.symlinks, *rules.result.wheels,
    )  # fmt: skip
    # What Alpine 3.9 will need is written down before there is such an image.
    unused = [rule for rule in everything if not any(applies(image, rule.when, rule.unless) for image in images)]
    assert [rule.when for rule in unused] == [
        Condition.model_validate({"flavor": "alpine", "alpine": ">=3.9"}, strict=False)
    ]


def test_why_and_why_not(matrix: Matrix) -> None:
    (there,) = why(recipe_for(select_image(matrix, "3.5/alpine3.8")), "openssl-dev")
    assert there.startswith("openssl-dev: Python 3.5")
    absent = why(recipe_for(select_image(matrix, "3.6-alpine3.8")), "openssl-dev")
    assert all("is not part of 3.6-alpine3.8" in line for line in absent)
    with pytest.raises(UsageError, match="no rule knows it"):
        why(recipe_for(select_image(matrix, "3.6-alpine3.8")), "nonsense")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("packages.yaml", "\n  role: build", "\n  roll: build", 'did you mean "role"?'),
        ("packages.yaml", "\n  role: build", "\n  role: biuld", 'did you mean "build"?'),
        ("packages.yaml", "- package: gcc", "- package: gcc; id", "not the name of a package"),
        ("configure.yaml", "--enable-shared", "--enable-shared $(id)", "not a flag"),
        ("make.yaml", "link: https", "link: http", "not an https link"),
        ("steps.yaml", "- step", "- [step", "not valid YAML"),
        ("modules.yaml", "- module: _bisect", "- module: _bi-sect", "not the name of a module"),
        ("modules.yaml", "\n  loads: false", "\n  load: false", 'did you mean "loads"?'),
        ("environment.yaml", "of: release", "of: relaese", 'did you mean "release"?'),
    ],
)
def test_rules_are_loaded_strictly(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    directory = tmp_path / "rules"
    shutil.copytree(RULES, directory)
    path = directory / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InvalidFileError) as caught:
        load_rules(directory)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
