"""All rules in one list, each with its place and the thing that it is about, and the images that could ever be asked about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from orchestrator.matrix.model import Family, Flavor, Image, Matrix, Suite, Variant
from orchestrator.recipe.conditions import Condition, Conditions
from orchestrator.recipe.rules import PackageRule, Role, Rule, Rules
from orchestrator.system.strict import Place

#: Python 2 ends with 2.7 (https://peps.python.org/pep-0404/), and nobody builds images of Python 1.
_LAST_OF_TWO = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A rule with its `place` in `file`. `kind` and `name` say what it is about: two entries that share both are about the same thing."""

    file: str
    place: Place
    kind: str
    name: str
    rule: Rule

    @property
    def role(self) -> Role | None:
        """The role of a package's rule."""
        return self.rule.role if isinstance(self.rule, PackageRule) else None

    @property
    def conditions(self) -> tuple[tuple[Place, Condition], ...]:
        """Every condition of the rule with its place."""
        return (*_placed(self.rule.when, (*self.place, "when")), *_placed(self.rule.unless, (*self.place, "unless")))


def entries(rules: Rules) -> tuple[Entry, ...]:
    """List all rules in the order of their files."""
    return tuple(_entries(rules))


def _entries(rules: Rules) -> Iterator[Entry]:
    for index, package in enumerate(rules.packages):
        yield Entry(file="packages.yaml", place=(index,), kind="package", name=package.package, rule=package)
    for file, kind, flags in (
        ("configure.yaml", "flag", rules.configure),
        ("make.yaml", "variable of make", rules.make),
    ):
        for index, flag in enumerate(flags):
            yield Entry(file=file, place=(index,), kind=kind, name=flag.flag.partition("=")[0], rule=flag)
    for index, variable in enumerate(rules.environment):
        yield Entry(file="environment.yaml", place=(index,), kind="variable", name=variable.name, rule=variable)
    for index, command in enumerate(rules.result.commands):
        yield Entry(
            file="result.yaml", place=("commands", index), kind="command", name=" ".join(command.command), rule=command
        )
    for index, link in enumerate(rules.result.symlinks):
        yield Entry(file="result.yaml", place=("symlinks", index), kind="symlink", name=link.name, rule=link)
    for index, wheel in enumerate(rules.result.wheels):
        yield Entry(file="result.yaml", place=("wheels", index), kind="wheel", name=wheel.name, rule=wheel)
    for index, step in enumerate(rules.steps):
        yield Entry(file="steps.yaml", place=(index,), kind="step", name=step.step, rule=step)
    for index, module in enumerate(rules.modules):
        yield Entry(file="modules.yaml", place=(index,), kind="module", name=module.module, rule=module)


def _placed(conditions: Conditions | None, place: Place) -> tuple[tuple[Place, Condition], ...]:
    if conditions is None:
        return ()
    if isinstance(conditions, Condition):
        return ((place, conditions),)
    return tuple(((*place, index), one) for index, one in enumerate(conditions))


def single(condition: Condition) -> tuple[Condition, ...]:
    """Split a condition into those with one suite, one comparison of the line and one of Alpine's release each."""
    choices = {name: _many(getattr(condition, name)) for name in ("suite", "line", "alpine")}
    return tuple(
        condition.model_copy(update=dict(zip(choices, chosen, strict=True))) for chosen in product(*choices.values())
    )


def named_suites(condition: Condition) -> tuple[str, ...]:
    """The suites that a condition names."""
    return tuple(one for one in _many(condition.suite) if one is not None)


def possible(suite: str) -> bool:
    """Whether a matrix can declare a suite of this name: Alpine's have a number, Debian's a code name."""
    return re.fullmatch(r"alpine[0-9]+\.[0-9]+|(?!alpine)[a-z]+", suite) is not None


def imaginary(rules: Rules, matrix: Matrix) -> tuple[Image, ...]:
    """Make images that stand for all that any matrix could have: one on each side of every border that a condition draws."""
    conditions = [condition for entry in entries(rules) for _, condition in entry.conditions]
    lines = {(2, _LAST_OF_TWO), (3, 7)}.union(*(_around(test) for one in conditions for test in _many(one.line)))
    lines = {one for one in lines if one[0] > 2 or (one[0] == 2 and one[1] <= _LAST_OF_TWO)}
    alpines = {(3, 8)}.union(*(_around(test) for one in conditions for test in _many(one.alpine)))
    names = {name for one in conditions for name in named_suites(one)} | {
        f"alpine{major}.{minor}" for major, minor in alpines
    }
    template = matrix.lines[0]
    made = [replace(template, name=f"{major}.{minor}", release=f"{major}.{minor}.0") for major, minor in sorted(lines)]
    return tuple(
        Image(line=line, variant=variant, tags=(), shared_tags=())
        for variant in _variants(sorted(names | {"unnamed"}))
        for line in made
    )


def _variants(names: list[str]) -> Iterator[Variant]:
    for name in names:
        alpine = name.startswith("alpine")
        if not possible(name):
            continue
        for archived in (False, True):
            suite = Suite(
                name=name,
                family=Family.ALPINE if alpine else Family.DEBIAN,
                bases={},
                architectures=(),
                archived=archived,
            )
            for flavor in (Flavor.ALPINE,) if alpine else (Flavor.FULL, Flavor.SLIM):
                yield Variant(suite=suite, flavor=flavor)


def _around(test: str | None) -> set[tuple[int, int]]:
    """Give versions just below, at and just above the one that a comparison names."""
    if test is None:
        return set()
    major, _, minor = test.lstrip("<>=").partition(".")
    at = int(major), int(minor or 0)
    beside = {(at[0], at[1] + 1), (at[0] + 1, 0), (at[0] - 1, _LAST_OF_TWO)}
    return {at, *beside, *({(at[0], at[1] - 1)} if at[1] else set())}


def _many(value: object) -> tuple[str | None, ...]:
    if isinstance(value, tuple):
        return value
    return (value if isinstance(value, str) else None,)


def compared(tests: object) -> tuple[tuple[int, ...], ...]:
    """Give the versions that comparisons (`>=3.6`, or several, or None) name."""
    return tuple(
        tuple(int(part) for part in test.lstrip("<>=").split(".")) for test in _many(tests) if test is not None
    )
