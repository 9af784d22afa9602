"""A side taken apart into facts: each has a name that it goes by on both sides, and a value. Comparing is then joining by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.compare.model import Topic
from orchestrator.compare.side import Portrait, Side
from orchestrator.matrix.model import Line, Matrix, Suite

#: For what has no value but being there.
_THERE = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """`subject` is `value`, says `topic`."""

    topic: Topic
    subject: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """A suite, a line, an image, or (`topic` SETTING, no name) the matrix itself, with its facts.

    `said` describes it where it was added or removed as a whole; facts are only compared where it is on both sides. `orders` are the subjects of
    topics in which the order means something.
    """

    topic: Topic
    name: str
    said: str
    facts: tuple[Fact, ...]
    orders: Mapping[Topic, tuple[str, ...]] = field(default_factory=dict)


def things_of(side: Side) -> tuple[Thing, ...]:
    """Take a side apart."""
    matrix = side.matrix
    if matrix is None:
        return (Thing(topic=Topic.SETTING, name="", said="", facts=()),)
    return (
        Thing(
            topic=Topic.SETTING,
            name="",
            said="",
            facts=tuple(_settings(matrix)),
            orders={Topic.SETTING: tuple(image.id for image in matrix.images)},
        ),
        *(_suite(suite) for suite in matrix.suites),
        *(_line(line, matrix) for line in matrix.lines),
        *(_image(portrait, matrix) for portrait in side.portraits),
    )


def _settings(matrix: Matrix) -> Iterator[Fact]:
    for name, value in (
        ("name", matrix.name),
        ("release_site", matrix.release_site),
        ("default_suite", matrix.default_suite),
        ("default_alpine", matrix.default_alpine),
    ):
        if value is not None:
            yield Fact(topic=Topic.SETTING, subject=name, value=value)
    enabled = {one.name for one in matrix.enabled}
    for one in matrix.known:
        built = ", is built" if one.name in enabled else ", is not built"
        least = f", indexes may lack it: {matrix.best_effort[one.name]}" if one.name in matrix.best_effort else ""
        yield Fact(topic=Topic.ARCHITECTURE, subject=one.name, value=f"{one.platform}{built}{least}")
    for image in matrix.images:
        yield from (Fact(topic=Topic.TAG, subject=tag, value=image.id) for tag in image.tags)
        yield from (Fact(topic=Topic.SHARED_TAG, subject=tag, value=image.id) for tag in image.shared_tags)
    hub = matrix.hub
    if hub is None:
        return
    yield Fact(topic=Topic.HUB, subject="repository", value=hub.repository)
    yield from (Fact(topic=Topic.HUB, subject=f"maintainer {one}", value=_THERE) for one in hub.maintainers)
    if hub.build_job is not None:
        yield Fact(topic=Topic.HUB, subject="build_job", value=hub.build_job)
    yield from (Fact(topic=Topic.HUB, subject=f"elsewhere {name}", value=at) for name, at in hub.elsewhere.items())


def _suite(suite: Suite) -> Thing:
    bases = ", ".join(suite.bases.values())
    archived = ", archived" if suite.archived else ""
    return Thing(
        topic=Topic.SUITE,
        name=suite.name,
        said=f"{bases} for {', '.join(suite.architectures)}{archived}",
        facts=(
            Fact(topic=Topic.SUITE_STATE, subject="archived", value="yes" if suite.archived else "no"),
            *(Fact(topic=Topic.BASE, subject=flavor, value=base) for flavor, base in suite.bases.items()),
            *(Fact(topic=Topic.SUITE_ARCHITECTURE, subject=name, value=_THERE) for name in suite.architectures),
        ),
    )


def _line(line: Line, matrix: Matrix) -> Thing:
    variants = ", ".join(image.variant.name for image in matrix.images if image.line.name == line.name)
    form = "tgz" if line.source.file.endswith(".tgz") else "tar.xz"
    pool = (Fact(topic=Topic.SOURCE, subject="pool", value=line.source.pool),) if line.source.pool else ()
    pins = (line.pip, line.setuptools, line.wheel, *line.extras)
    return Thing(
        topic=Topic.LINE,
        name=line.name,
        said=f"{line.release} on {variants}",
        facts=(
            Fact(topic=Topic.RELEASE, subject="release", value=line.release),
            Fact(topic=Topic.ALIAS, subject="aliases", value=", ".join(line.aliases) or "none"),
            Fact(topic=Topic.KEY, subject="gpg_key", value=line.gpg_key),
            Fact(topic=Topic.SOURCE, subject="format", value=form),
            *pool,
            Fact(topic=Topic.CHECKSUM, subject="source", value=line.source.sha256),
            *(Fact(topic=Topic.PIN, subject=pin.name, value=pin.version) for pin in pins),
            *(Fact(topic=Topic.CHECKSUM, subject=pin.name, value=pin.sha256) for pin in pins),
        ),
    )


def _image(portrait: Portrait, matrix: Matrix) -> Thing:
    image, recipe = portrait.image, portrait.recipe
    built = [one for one in matrix.enabled if one.name in image.variant.suite.architectures]
    return Thing(
        topic=Topic.IMAGE,
        name=image.id,
        said=f"from {image.variant.base} for {', '.join(one.name for one in built) or 'no architecture'}",
        facts=(
            *(Fact(topic=Topic.CELL, subject=one.name, value=_THERE) for one in built),
            *_packages(portrait),
            *(Fact(topic=Topic.FURTHER_WHEEL, subject=part.text, value=_THERE) for part in recipe.extra_wheels),
            *(Fact(topic=Topic.CONFIGURE, subject=part.text, value=_THERE) for part in recipe.configure_flags),
            *(Fact(topic=Topic.MAKE, subject=part.text, value=_THERE) for part in recipe.make_flags),
            *(Fact(topic=Topic.ENVIRONMENT, subject=one.name, value=one.text) for one in recipe.environment),
            Fact(topic=Topic.COMMAND, subject="CMD", value=" ".join(recipe.command)),
            *(Fact(topic=Topic.SYMLINK, subject=link.name, value=link.text) for link in recipe.symlinks),
            *(Fact(topic=Topic.STEP, subject=part.text, value=_THERE) for part in recipe.steps),
            *(
                Fact(topic=Topic.MODULE, subject=module.text, value="imports" if module.loads else "does not import")
                for module in recipe.modules
            ),
        ),
        orders={
            Topic.CONFIGURE: tuple(part.text for part in recipe.configure_flags),
            Topic.MAKE: tuple(part.text for part in recipe.make_flags),
            Topic.ENVIRONMENT: tuple(one.name for one in recipe.environment),
        },
    )


def _packages(portrait: Portrait) -> Iterator[Fact]:
    """Give packages with their role as the value, so that one that stays from now on is told as one change."""
    build = {part.text for part in portrait.recipe.build_packages}
    runtime = {part.text for part in portrait.recipe.runtime_packages}
    for name in sorted(build | runtime):
        roles = [role for role, names in (("build", build), ("runtime", runtime)) if name in names]
        yield Fact(topic=Topic.PACKAGE, subject=name, value=" and ".join(roles))
