"""Facts that lie beside the code as YAML: read, made into what they mean, and told of in one way where they are wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from orchestrator.errors import InvalidFileError
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, dotted

T = TypeVar("T")


def read_facts(path: Path, meant: Callable[[Any], T], *, what: str) -> T:
    """Read a file and give its content, as plain lists and mappings, to `meant`, which raises `Problem` for what is wrong in it.

    `what` names the kind of file. Raises `InvalidFileError` naming file and place.
    """
    content = read_text(path, what=what)
    try:
        return meant(yaml.safe_load(content))
    except yaml.YAMLError as error:
        raise InvalidFileError(f"{path}: not valid YAML: {error}", mend="correct the syntax there") from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
