"""Base images as this program knows them: what is wanted, and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.matrix.model import Architecture, Suite


class How(StrEnum):
    """Where a base comes from."""

    BOOTSTRAPPED = "bootstrapped"
    REGISTRY = "registry"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A base that some cell starts FROM, on one architecture."""

    reference: str
    suite: Suite
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.reference} for {self.architecture.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A base image of one architecture.

    `layout` is an OCI image layout (a directory) that holds it; None for a base that stays in its registry. `digest` (`sha256:<hex>`) names
    its index. `built` is UTC in ISO 8601, `size` the compressed bytes, `seconds` what making it took, `pulled` the
    reference that it is pulled by where that is another (a mirror).
    """

    reference: str
    architecture: str
    layout: Path | None
    digest: str
    built: str
    how: How
    size: int
    seconds: float
    pulled: str = ""

    @property
    def context(self) -> str:
        """What to give to buildx: `--build-context <reference>=<context>`."""
        if self.layout is None:
            return f"docker-image://{self.pulled or self.reference}@{self.digest}"
        return f"oci-layout://{self.layout}@{self.digest}"
