"""The settings and their defaults."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from orchestrator.errors import InvalidFileError
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, Strict, convert, dotted, text

DEFAULT = Path("orchestrator.yaml")

REGISTRY = r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*"
NAMESPACE = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
Registry = Annotated[str, *text(REGISTRY, "a registry, such as localhost:5000")]
Namespace = Annotated[str, *text(NAMESPACE, "one path component of a repository")]


class BasePolicy(StrEnum):
    """Where base images come from."""

    AUTO = "auto"
    REGISTRY = "registry"
    BOOTSTRAP = "bootstrap"


class Settings(Strict):
    """All settings; every one has a default."""

    registry: Registry | None = Field(default=None, description="where images are pushed to")
    namespace: Namespace = Field(
        default="library", description="the repository of indexes: <registry>/<namespace>/python"
    )
    bases: BasePolicy = Field(
        default=BasePolicy.AUTO,
        description="auto: a registry, else bootstrapped from the Debian mirror; registry or bootstrap: only that",
    )
    base_registry: Registry | None = Field(
        default=None, description="a mirror that base images are pulled from: localhost:5000/debian:stretch-slim"
    )
    inputs: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="a directory of files (tarballs) that is looked in before anything is downloaded"
    )
    timeout_minutes: Annotated[float, Field(gt=0, le=10000)] = Field(
        default=45, description="how long a native build may take"
    )
    emulation_factor: Annotated[float, Field(ge=1, le=1000)] = Field(
        default=8, description="how many times longer an emulated build may take"
    )


def load_settings(path: Path | None) -> Settings:
    """Load a settings file; None takes `orchestrator.yaml` where there is one, else the defaults. Raises `InvalidFileError`."""
    if path is None:
        if not DEFAULT.exists():
            return Settings()
        path = DEFAULT
    content = read_text(path, what="config")
    try:
        raw: Any = yaml.safe_load(content)
        return convert(raw if raw is not None else {}, Settings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InvalidFileError(f"{path}{where}: not valid YAML: {problem}", mend="correct the syntax there") from None
    except (ValueError, RecursionError) as error:  # a date that is none, thousands of brackets
        raise InvalidFileError(f"{path}: not valid YAML: {str(error)[:120]}", mend="write plain values") from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
