"""Publishing one image: its proven cells under their architectures' names, then the indexes over them; moving tags last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image
from orchestrator.publish.names import Names, release_first
from orchestrator.publish.registry import Registry, verify


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A reference and the digest that it points at."""

    reference: str
    digest: str


def publish_image(
    image: Image,
    proven: Mapping[str, tuple[Cell, Attempt]],
    *,
    names: Names,
    registry: Registry,
) -> Iterator[Published]:
    """Publish an image of which every required architecture is proven (`proven` maps their names to cell and attempt), yielding as it goes.

    Release tags of the architectures come first, then their index, moving tags of both after: a crash leaves moving tags on the old set.
    """
    tags = release_first(image)
    fixed = [tag for tag in tags if image.line.release in tag]
    moving = [tag for tag in tags if tag not in fixed]
    for some in (fixed, moving):
        for cell, attempt in proven.values():
            for tag in some:
                target = names.of_cell(cell, tag)
                digest = registry.push(attempt.reference, target)
                verify(attempt.digest, digest, target)
                yield Published(reference=target, digest=digest)
        for tag in some:
            target = names.of_index(tag)
            yield Published(reference=target, digest=registry.index(target, members(names, proven, tag)))


def members(names: Names, proven: Mapping[str, tuple[Cell, Attempt]], tag: str) -> Sequence[str]:
    """Name the manifests of an index by digest, never by tag: a tag may move between being read and being used."""
    return [f"{names.of_cell(cell, tag)}@{attempt.digest}" for cell, attempt in proven.values()]
