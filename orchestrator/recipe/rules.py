"""The rules as they are written in `rules/*.yaml`: what, when, why and a link. Loaded strictly, once per process."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml

from orchestrator.errors import InvalidFileError
from orchestrator.recipe.conditions import Conditions
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, Strict, convert, dotted, text

T = TypeVar("T")

RULES = Path(__file__).parent / "rules"

Why = Annotated[str, *text(r"[^\r\n]{10,300}\.", "a sentence that ends with a full stop", longest=302)]
Link = Annotated[str, *text(r"https://[^\s]+", "an https link", longest=200)]
PackageName = Annotated[str, *text(r"[a-z0-9][a-z0-9.+-]*", "the name of a package")]
Flag = Annotated[
    str,
    *text(
        r'[A-Za-z0-9_=.,:/+-]+(?:"[A-Za-z0-9_=.,:/+ -]*"|\$\(dpkg-architecture --query DEB_BUILD_GNU_TYPE\))?',
        "a flag",
    ),
]
FileName = Annotated[str, *text(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a file name")]
ModuleName = Annotated[str, *text(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a module")]
VariableName = Annotated[str, *text(r"[A-Z][A-Z0-9_]*", "the name of a variable")]
VariableValue = Annotated[str, *text(r"[A-Za-z0-9$_./:-]+", "a plain value")]


class Role(StrEnum):
    """Whether a package stays."""

    BUILD = "build"
    RUNTIME = "runtime"


class Field(StrEnum):
    """What a variable may take from the matrix."""

    GPG_KEY = "gpg_key"
    RELEASE = "release"
    PIP = "pip"


class Rule(Strict):
    """What every rule has: its reason, and when it applies."""

    why: Why
    link: Link
    when: Conditions | None = None
    unless: Conditions | None = None


class PackageRule(Rule):
    """A package of the distribution."""

    package: PackageName
    role: Role


class FlagRule(Rule):
    """A flag of configure or a variable of make."""

    flag: Flag


class VariableRule(Rule):
    """An environment variable: a literal `value`, or `of` a field of the matrix."""

    name: VariableName
    value: VariableValue | None = None
    of: Field | None = None


class CommandRule(Rule):
    """The default command."""

    command: tuple[FileName, ...]


class SymlinkRule(Rule):
    """A name in /usr/local/bin that points at another there."""

    name: FileName
    target: FileName


class WheelRule(Rule):
    """A further wheel; its version comes from the line's `extras`."""

    name: PackageName


class StepRule(Rule):
    """A step of the Dockerfile that deserves a reason."""

    step: PackageName


class ModuleRule(Rule):
    """An extension module that lies in lib-dynload; `loads` is False where its import has to fail on purpose."""

    module: ModuleName
    loads: bool = True


class ResultRules(Strict):
    """The file `result.yaml`."""

    commands: tuple[CommandRule, ...]
    symlinks: tuple[SymlinkRule, ...]
    wheels: tuple[WheelRule, ...]


class Rules(Strict):
    """All rules, in the order of their files."""

    packages: tuple[PackageRule, ...]
    configure: tuple[FlagRule, ...]
    make: tuple[FlagRule, ...]
    environment: tuple[VariableRule, ...]
    result: ResultRules
    steps: tuple[StepRule, ...]
    modules: tuple[ModuleRule, ...]


@cache
def load_rules(directory: Path = RULES) -> Rules:
    """Load every file of the rules. Raises `InvalidFileError` naming file and place."""
    return Rules(
        packages=_load(directory / "packages.yaml", tuple[PackageRule, ...]),
        configure=_load(directory / "configure.yaml", tuple[FlagRule, ...]),
        make=_load(directory / "make.yaml", tuple[FlagRule, ...]),
        environment=_load(directory / "environment.yaml", tuple[VariableRule, ...]),
        result=_load(directory / "result.yaml", ResultRules),
        steps=_load(directory / "steps.yaml", tuple[StepRule, ...]),
        modules=_load(directory / "modules.yaml", tuple[ModuleRule, ...]),
    )


def _load(path: Path, shape: type[T]) -> T:
    content = read_text(path, what="rules file")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times faster, where PyYAML has it
    try:
        return convert(yaml.load(content, Loader=loader), shape)  # noqa: S506 - both loaders are the safe ones
    except yaml.YAMLError as error:
        raise InvalidFileError(f"{path}: not valid YAML: {error}", mend="correct the syntax there") from None
    except (ValueError, RecursionError) as error:
        raise InvalidFileError(f"{path}: not valid YAML: {str(error)[:120]}", mend="write plain values") from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
