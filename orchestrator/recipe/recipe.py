"""The recipe of one image: every rule that applies to it, resolved, each part still with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Image, Pin
from orchestrator.recipe.conditions import applies
from orchestrator.recipe.rules import Field, ModuleRule, Role, Rule, Rules, VariableRule, load_rules

RuleT = TypeVar("RuleT", bound=Rule)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing in the image with its reason: `text` is as it is written in the Dockerfile."""

    text: str
    why: str
    link: str

    def __str__(self) -> str:
        return self.text

    @property
    def reason(self) -> str:
        """The sentence and its link."""
        return f"{self.why} {self.link}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable(Part):
    """An environment variable; `text` is its value."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Symlink(Part):
    """A name in /usr/local/bin; `text` is what it points at."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Module(Part):
    """An extension module, as a shared object in lib-dynload; `text` is the name that it is imported by.

    `loads` is False where the import has to fail, because the image leaves out the library that the module needs.
    """

    loads: bool


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What goes into one image. Packages and modules are sorted, everything else is in the order it takes effect.

    `modules` are all that lib-dynload holds, on a 64-bit architecture.
    """

    image: Image
    environment: tuple[Variable, ...]
    build_packages: tuple[Part, ...]
    runtime_packages: tuple[Part, ...]
    configure_flags: tuple[Part, ...]
    make_flags: tuple[Part, ...]
    symlinks: tuple[Symlink, ...]
    command: tuple[str, ...]
    command_reason: Part
    extra_wheels: tuple[Part, ...]
    wheels: tuple[Pin, ...]
    steps: tuple[Part, ...]
    modules: tuple[Module, ...]

    def has_step(self, name: str) -> bool:
        """True when the step applies to this image."""
        return any(step.text == name for step in self.steps)

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Every part by name, with its reason; modules have theirs in `modules`."""
        named = [
            *((part.text, part) for part in (*self.runtime_packages, *self.build_packages)),
            *((part.text, part) for part in (*self.configure_flags, *self.make_flags)),
            *((variable.name, variable) for variable in self.environment),
            *((link.name, link) for link in self.symlinks),
            *((part.text, part) for part in (*self.extra_wheels, *self.steps)),
            ("cmd", self.command_reason),
        ]
        return {name: part.reason for name, part in named}


def recipe_for(image: Image, rules: Rules | None = None) -> Recipe:
    """Resolve the rules for an image. Raises `InvalidFileError` where rules and matrix do not fit each other."""
    rules = load_rules() if rules is None else rules

    def packages(role: Role) -> tuple[Part, ...]:
        found = _parts(image, (rule for rule in rules.packages if rule.role is role), lambda rule: rule.package)
        return tuple(sorted({part.text: part for part in found}.values(), key=lambda part: part.text))

    commands = [rule for rule in rules.result.commands if applies(image, rule.when, rule.unless)]
    if len(commands) != 1:
        raise InvalidFileError(
            f"{image.id}: {len(commands)} rules in result.yaml set its command", mend="make exactly one of them apply"
        )
    extra = _parts(image, rules.result.wheels, lambda rule: rule.name)
    line = image.line
    return Recipe(
        image=image,
        environment=tuple(
            Variable(name=rule.name, text=_value(rule, image), why=rule.why, link=rule.link)
            for rule in rules.environment
            if applies(image, rule.when, rule.unless)
        ),
        build_packages=packages(Role.BUILD),
        runtime_packages=packages(Role.RUNTIME),
        configure_flags=_parts(image, rules.configure, lambda rule: rule.flag),
        make_flags=_parts(image, rules.make, lambda rule: rule.flag),
        symlinks=tuple(
            Symlink(name=rule.name, text=rule.target, why=rule.why, link=rule.link)
            for rule in rules.result.symlinks
            if applies(image, rule.when, rule.unless)
        ),
        command=commands[0].command,
        command_reason=Part(text=" ".join(commands[0].command), why=commands[0].why, link=commands[0].link),
        extra_wheels=extra,
        wheels=(line.pip, line.setuptools, line.wheel, *(_extra_pin(image, part.text) for part in extra)),
        steps=_parts(image, rules.steps, lambda rule: rule.step),
        modules=_modules(image, rules.modules),
    )


def _parts(image: Image, rules: Iterable[RuleT], text: Callable[[RuleT], str]) -> tuple[Part, ...]:
    return tuple(
        Part(text=text(rule), why=rule.why, link=rule.link) for rule in rules if applies(image, rule.when, rule.unless)
    )


def _modules(image: Image, rules: Iterable[ModuleRule]) -> tuple[Module, ...]:
    found: dict[str, Module] = {}
    for rule in rules:
        if not applies(image, rule.when, rule.unless):
            continue
        if rule.module in found:
            dispute = "" if found[rule.module].loads is rule.loads else ", and disagree on whether it loads"
            raise InvalidFileError(
                f"{image.id}: two rules in modules.yaml apply to the module {rule.module}{dispute}",
                mend="change their conditions so that one of them applies",
            )
        found[rule.module] = Module(text=rule.module, why=rule.why, link=rule.link, loads=rule.loads)
    return tuple(found[name] for name in sorted(found))


def _value(rule: VariableRule, image: Image) -> str:
    if rule.value is not None:
        return rule.value
    fields = {
        Field.GPG_KEY: image.line.gpg_key,
        Field.RELEASE: image.line.release,
        Field.PIP: image.line.pip.version,
    }
    if rule.of is None:
        raise InvalidFileError(f"environment.yaml: {rule.name} has no value", mend='give it "value" or "of"')
    return fields[rule.of]


def _extra_pin(image: Image, name: str) -> Pin:
    for pin in image.line.extras:
        if pin.name == name:
            return pin
    raise InvalidFileError(
        f'lines["{image.line.name}"].extras: the recipe of {image.id} installs {name}, which is not pinned there',
        mend=f'add {{"name": "{name}", "version": ..., "sha256": ...}} to the extras of {image.line.name}',
    )
