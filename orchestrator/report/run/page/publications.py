"""What was published and what was held back, gathered so that it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.report.run.model import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository and the tags in it that the run moved."""

    name: str
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """A reason, and the images that it held back."""

    reason: str
    images: tuple[str, ...]


def split(reference: str) -> tuple[str, str]:
    """Take a reference apart: repository, and tag or digest with its sign (`:3.7`, `@sha256:...`; empty: there is none)."""
    name, at, digest = reference.partition("@")
    if at:
        return name, f"@{digest}"
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    return (name, "") if colon < 0 else (name[:colon], name[colon:])


def repositories(published: Iterable[Reference]) -> tuple[Repository, ...]:
    """Gather references by repository, both in the order in which they were published."""
    found: dict[str, list[str]] = {}
    for one in published:
        name, tag = split(one.reference)
        found.setdefault(name, []).append(tag.lstrip(":"))
    return tuple(Repository(name=name, tags=tuple(tags)) for name, tags in found.items())


def withheld(held_back: Sequence[tuple[str, str]]) -> tuple[Withheld, ...]:
    """Gather images by the reason why they were held back; most images first."""
    found: dict[str, list[str]] = {}
    for image, reason in held_back:
        found.setdefault(reason, []).append(image)
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return tuple(Withheld(reason=reason, images=tuple(images)) for reason, images in ordered)
