"""Bringing an image's content to a registry, by digest alone: nobody sees it before a tag leads there.

The bytes are the engine's own (`docker save`), and so are the digests; no try builds anything. The docker driver cannot push by digest, so it
is done in the registry's protocol (`orchestrator.registry.distribution`), which has figures on why that is better with registries that stumble.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import CellsFailedError, VerificationError
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell
from orchestrator.publish.index import normal_platform
from orchestrator.publish.model import Member
from orchestrator.publish.names import Names
from orchestrator.registry.archive import Archive, Manifest, saved
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.packing import packed
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries

if TYPE_CHECKING:
    import docker

#: Opens what an engine saves of a reference.
Save = Callable[[str], AbstractContextManager[Archive]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Brings images to the repositories of their architecture and of the indexes. Threads may share it.

    `exact` says that the engine knows images by the digests that registries give them, as containerd's store does.
    """

    registries: Registries
    names: Names
    save: Save
    exact: bool = True

    def bring(self, cell: Cell, attempt: Attempt, *, known: str = "") -> Member:
        """Have a proven image in both repositories, and say what it is there. `known` is its digest there, if it was there before.

        Raises `UnreachableError`, `CellsFailedError` when the image is neither there nor in the engine, `VerificationError` for other bytes.
        """
        own, joint = (Reference.parse(name) for name in (self.names.of_cell(cell, "x"), self.names.of_index("x")))
        with self.registries.asking(own.registry, f"{cell.id} cannot be pushed") as distribution:
            manifest = self._there(distribution, own.repository, known or (attempt.digest if self.exact else ""))
            if manifest is None:
                manifest = self._push(distribution, own.repository, attempt)
                # Read back: the registry has to give out what it was given.
                distribution.manifest(own.repository, manifest.digest)
            distribution.copy_manifest(own.repository, joint.repository, manifest)
            config = json.loads(distribution.blob(own.repository, str(manifest.content["config"]["digest"])))
        return Member(
            cell=cell.id,
            arch=cell.architecture.name,
            attempt=attempt.id,
            image=attempt.digest,
            digest=manifest.digest,
            media_type=manifest.media_type,
            size=len(manifest.raw),
            platform=normal_platform(config),
            created=str(config.get("created") or ""),
            base=(cell.image.variant.base, attempt.ingredients.get("base", "")),
        )

    @staticmethod
    def _there(distribution: Distribution, repository: str, digest: str) -> Manifest | None:
        if not digest or distribution.head(repository, digest) is None:
            return None
        return distribution.manifest(repository, digest)

    def _push(self, distribution: Distribution, repository: str, attempt: Attempt) -> Manifest:
        with (
            self.save(attempt.reference) as archive,
            packed(archive, archive.image(attempt.digest), exact=self.exact) as image,
        ):
            manifest = image.manifest
            if self.exact and manifest.digest != attempt.digest:
                raise VerificationError(
                    f"{attempt.reference} is {manifest.digest} in the engine, and was proven as {attempt.digest}",
                    mend="somebody else tagged it: build it again",
                )
            for digest, size in manifest.blobs.items():
                distribution.put_blob(repository, digest, size, image.blobs[digest])
            distribution.put_manifest(repository, manifest.digest, manifest)
        return manifest


def saving(open_client: Callable[[], docker.DockerClient]) -> Save:
    """Save images by a client of one's own each time: threads may do so at once."""

    @contextlib.contextmanager
    def save(reference: str) -> Iterator[Archive]:
        with contextlib.closing(open_client()) as client, saved(client, reference) as archive:
            yield archive

    return save


def no_engine(reference: str) -> AbstractContextManager[Archive]:
    """Stands in for an engine where there is none: what is not in the registry cannot be brought there."""
    raise CellsFailedError(f"{reference} is not in the registry", mend="publish it from where it was built")
