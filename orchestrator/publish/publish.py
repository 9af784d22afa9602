"""Publishing one image: its proven cells under their architectures' names, then the indexes over them; moving tags last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image
from orchestrator.publish.names import Names, is_release, release_first
from orchestrator.publish.registry import Registry, verify


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A reference, the digest that it points at, and how many tries had to be repeated for it."""

    reference: str
    digest: str
    retries: int = 0


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
    for some in ([tag for tag in tags if is_release(image, tag)], [tag for tag in tags if not is_release(image, tag)]):
        pushed: dict[str, str] = {}
        for name, (cell, attempt) in proven.items():
            for tag in some:
                target = names.of_cell(cell, tag)
                before = registry.retries.count
                digest = registry.push(attempt.reference, target)
                # Without containerd's store an engine knows an image by its config, and the registry's digest is a new one.
                verify(attempt.digest if registry.exact else pushed.get(name, ""), digest, target)
                pushed[name] = digest
                yield Published(reference=target, digest=digest, retries=registry.retries.count - before)
        for tag in some:
            target = names.of_index(tag)
            # Members are named by digest: a tag may move between being read and being used.
            members = [f"{names.of_cell(cell, tag)}@{pushed[name]}" for name, (cell, _) in proven.items()]
            before = registry.retries.count
            digest = registry.index(target, members)
            yield Published(reference=target, digest=digest, retries=registry.retries.count - before)
