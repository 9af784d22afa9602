"""A question to a maintainer: why it is asked, what is proposed and on what grounds, and what answers it understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import UsageError
from orchestrator.system.strict import did_you_mean

T = TypeVar("T")

#: The answer that names nothing, where a list is asked for.
NONE = "none"
_YES, _NO = ("yes", "y", "true"), ("no", "n", "false")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question(Generic[T]):
    """What is asked, in the words of the option that answers it, too.

    `option` is the option's name without dashes; `why` says in a sentence what depends on it; `read` understands an answer (a text) or raises
    `UsageError`; `proposed` is the answer that is taken where nobody objects, empty where there is none, and `basis` says where it comes from.
    `switch` marks an option that has no value: `--default`, `--no-default`. `prefix` is what stands before the answer where that is not the option's
    own name and a space: `--extra virtualenv=`.
    """

    option: str
    text: str
    why: str
    read: Callable[[str], T]
    proposed: str = ""
    basis: str = ""
    switch: bool = False
    prefix: str = ""

    @property
    def asked_by(self) -> str:
        """The option as one names it to somebody: `--release`, `--extra virtualenv=...`."""
        return f"{self.prefix}..." if self.prefix else f"--{self.option}"

    def typed(self, answer: str) -> str:
        """Write the option that gives an answer."""
        if self.switch:
            return f"--{self.option}" if decision(answer) else f"--no-{self.option}"
        word = shlex.quote(answer.strip())
        return f"{self.prefix}{word}" if self.prefix else f"--{self.option} {word}"


def decision(answer: str) -> bool:
    """Read yes or no."""
    word = answer.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise UsageError(f'"{answer[:80]}" is neither yes nor no', mend="answer yes or no")


def words(answer: str) -> tuple[str, ...]:
    """Read words with commas or spaces between them, each once; `none` stands for no word at all."""
    found = tuple(dict.fromkeys(word for word in re.split(r"[\s,]+", answer) if word))
    return () if found == (NONE,) else found


def listed(found: Iterable[str]) -> str:
    """Write words as an answer that `words` reads."""
    return ",".join(found) or NONE


def some_of(allowed: Sequence[str], what: str, *, least: int = 0) -> Callable[[str], tuple[str, ...]]:
    """Make a reader of words that all have to be allowed ones, `least` of them at least; they come in the order of `allowed`."""

    def read(answer: str) -> tuple[str, ...]:
        given = words(answer)
        for word in given:
            if word not in allowed:
                raise UsageError(f'there is no {what} "{word[:80]}" here', mend=did_you_mean(word, allowed))
        if len(given) < least:
            raise UsageError(f"at least {least} {what} is needed", mend=f"name some of: {', '.join(allowed)}")
        return tuple(word for word in allowed if word in given)

    return read


def plain(shape: Any, form: str) -> Callable[[str], str]:
    """Make a reader of a text that the matrix would take as `shape` (a type of `matrix/document.py`); `form` says what it should look like."""
    adapter: TypeAdapter[str] = TypeAdapter(shape)

    def read(answer: str) -> str:
        try:
            return adapter.validate_python(answer.strip(), strict=True)
        except ValidationError:
            raise UsageError(f'"{answer.strip()[:80]}" is not {form}', mend=f"give {form}") from None

    return read
