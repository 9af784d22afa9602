"""What a proof is: a claim about an image that can fail, checked on the image's own architecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.matrix.model import Cell


class Subject(Protocol):
    """The image under proof, as far as proofs may look at it."""

    @property
    def cell(self) -> Cell:
        """What the image claims to be."""

    @property
    def config(self) -> dict[str, Any]:
        """`docker image inspect` of it."""

    def file(self, path: str) -> bytes:
        """Content of a regular file, copied out, nothing run. Raises `ProofFailedError` where there is none."""

    def probe(self, name: str, *arguments: str) -> dict[str, Any]:
        """Run a probe script inside and return what it saw; cached. Raises `ProofFailedError` when it dies or hangs."""


class ProofFailedError(Exception):
    """The claim does not hold; the message says what was seen and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A named claim. `check` returns what was seen, in a few words, or raises `ProofFailedError`."""

    name: str
    claim: str
    link: str
    check: Callable[[Subject], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a proof went; `detail` says what was seen, or what is wrong."""

    name: str
    passed: bool
    detail: str
    seconds: float
