"""What the rules know of something new: which stop applying, which begin to, which go on, compared with what it is most like.

Rules are written for what was there. The ones that name a suite or a line are where something new is most likely to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.matrix.model import Image, Line, Suite, Variant
from orchestrator.recipe.conditions import Condition, applies, spoken
from orchestrator.recipe.rules import PackageRule, Rule, Rules


class Bearing(StrEnum):
    """How a rule bears on what is new, the most important first."""

    STOPS = "stops"
    BEGINS = "begins"
    #: An exception of these very lines on another suite: what it is for may be true here, too.
    ELSEWHERE = "elsewhere"
    #: It applies to both, only because its condition is open towards what comes later.
    GOES_ON = "goes on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """A rule that a maintainer should look at.

    `file` is below `orchestrator/recipe/rules`, `name` what the rule adds, `role` its role where it is a package's; `when` is its condition in
    words; `images` are ids of the new images that it is about.
    """

    bearing: Bearing
    file: str
    name: str
    role: str
    when: str
    why: str
    link: str
    images: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A new image, and the same of what it is most like, whether that is built or not."""

    new: Image
    like: Image


def remarks(images: Sequence[Image], model: Line | Suite | None, rules: Rules) -> tuple[Remark, ...]:
    """Compare what the rules say of new images with what they say of the same images of a model. Without a model there is nothing to say."""
    pairs = [pair for image in images if (pair := _pair(image, model)) is not None]
    found = [
        remark
        for file, name, rule in _named(rules)
        if rule.when is not None or rule.unless is not None
        for remark in _of(file, name, rule, pairs, by_line=isinstance(model, Line))
    ]
    # What is asked about rules that stop is not asked a second time for the other flavors.
    asked = {one.why for one in found if one.bearing is Bearing.STOPS}
    order = list(Bearing)
    return tuple(
        sorted(
            (one for one in found if one.bearing is not Bearing.ELSEWHERE or one.why not in asked),
            key=lambda one: order.index(one.bearing),
        )
    )


def _pair(image: Image, model: Line | Suite | None) -> _Pair | None:
    if isinstance(model, Line):
        return _Pair(new=image, like=replace(image, line=model))
    if model is None or image.variant.flavor not in model.bases:
        return None
    return _Pair(new=image, like=replace(image, variant=Variant(suite=model, flavor=image.variant.flavor)))


def _of(file: str, name: str, rule: Rule, pairs: Sequence[_Pair], *, by_line: bool) -> Iterator[Remark]:
    images: Mapping[Bearing, list[str]] = {bearing: [] for bearing in Bearing}
    for pair in pairs:
        new, like = (applies(image, rule.when, rule.unless) for image in (pair.new, pair.like))
        if new is not like:
            images[Bearing.BEGINS if new else Bearing.STOPS].append(pair.new.id)
        elif new and _open(rule, pair.new, by_line=by_line):
            images[Bearing.GOES_ON].append(pair.new.id)
        elif not new and not by_line and _same_line(rule, pair.new):
            images[Bearing.ELSEWHERE].append(pair.new.id)
    for bearing, found in images.items():
        if found:
            yield Remark(
                bearing=bearing,
                file=file,
                name=name,
                role=str(rule.role) if isinstance(rule, PackageRule) else "",
                when=spoken(rule.when) + (f"; but not for: {spoken(rule.unless)}" if rule.unless is not None else ""),
                why=rule.why,
                link=rule.link,
                images=tuple(found),
            )


def _open(rule: Rule, image: Image, *, by_line: bool) -> bool:
    """Whether the rule applies for want of an end: by `>=3.7`, by `>=3.7` of Alpine, or as an exception that names other suites."""
    for condition in _conditions(rule.when):
        tests = _many(condition.line if by_line else condition.alpine)
        # ">=3" is true of every line that will ever come; what has a minor number was true of one release first.
        if condition.holds(image) and any(test.startswith(">") and "." in test for test in tests):
            return True
    return any(
        (condition.line if by_line else condition.suite or condition.alpine) is not None
        for condition in _conditions(rule.unless)
    )


def _same_line(rule: Rule, image: Image) -> bool:
    """Whether the rule is an exception that was made for this very line, and for a suite."""
    return any(
        (condition.suite is not None or condition.alpine is not None)
        and image.line.name in _many(condition.line)
        and not any(test.startswith((">", "<")) for test in _many(condition.line))
        for condition in _conditions(rule.when)
    )


def _conditions(found: Condition | tuple[Condition, ...] | None) -> tuple[Condition, ...]:
    return () if found is None else found if isinstance(found, tuple) else (found,)


def _many(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _named(rules: Rules) -> list[tuple[str, str, Rule]]:
    return [
        *(("packages.yaml", rule.package, rule) for rule in rules.packages),
        *(("configure.yaml", rule.flag, rule) for rule in rules.configure),
        *(("make.yaml", rule.flag, rule) for rule in rules.make),
        *(("environment.yaml", rule.name, rule) for rule in rules.environment),
        *(("result.yaml", " ".join(rule.command), rule) for rule in rules.result.commands),
        *(("result.yaml", rule.name, rule) for rule in rules.result.symlinks),
        *(("result.yaml", rule.name, rule) for rule in rules.result.wheels),
        *(("steps.yaml", rule.step, rule) for rule in rules.steps),
        *(("modules.yaml", rule.module, rule) for rule in rules.modules),
    ]
