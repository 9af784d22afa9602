"""What `reconcile --fix` does: sets that were begun are finished, what is proven is published, what was published is led back where it belongs.

Content that is anywhere in the registry is taken from there; an engine is only opened for what is nowhere. Nothing is built.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from orchestrator.config.settings import Rebuilds
from orchestrator.ledger.ledger import Ledger
from orchestrator.matrix.model import Image, Matrix
from orchestrator.pipeline.outcome import Report
from orchestrator.pipeline.publication import publish_images
from orchestrator.pipeline.publishing import Beside, Publisher
from orchestrator.pipeline.shielding import shielded
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.content import no_engine
from orchestrator.publish.leading import lead_tags
from orchestrator.publish.model import Held, ImageSet, Published, Target
from orchestrator.publish.names import Names
from orchestrator.publish.visible import changed, fetch
from orchestrator.reconcile.model import Expected, Finding, Kind
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.registry.removing import remove_tag
from orchestrator.system.progress import Progress

#: What publishing once more, or leading tags back, mends.
_BY_PUBLISHING = frozenset({Kind.MISSING, Kind.DRIFTED, Kind.PARTIAL})

#: Opens an engine with everything around it, where there is no way without.
OpenWorkshop = Callable[[], AbstractContextManager[Workshop]]


@dataclass(frozen=True, kw_only=True)
class Mender:
    """Mends findings, as a run of the ledger. `beside` is done to sets before they are visible, as when publishing; `rebuilds` says whether tags of full releases may be led to builds that they never led to."""

    matrix: Matrix
    names: Names
    ledger: Ledger
    registries: Registries
    progress: Progress
    workshop: OpenWorkshop
    beside: Beside | None = None
    rebuilds: Rebuilds = Rebuilds.BASE

    def mend(self, run: int, expected: Sequence[Expected], findings: Sequence[Finding], *, remove_extra: bool) -> None:
        """Mend what can be mended. Images of which something published is not proven are left alone. Raises `UnreachableError`."""
        publisher = self._publisher()
        if any(one.kind is Kind.UNFINISHED for one in findings):
            publisher.finish(run)
        refused = {one.image for one in findings if one.kind is Kind.UNPROVEN}
        wanted = {one.image for one in findings if one.kind in _BY_PUBLISHING} - refused
        broken = tuple(one for one in expected if one.image.id in wanted)
        for one in broken:
            self._gather(one)
        ready = [one for one in broken if not isinstance(one.candidate, Held)]
        self._publish(run, publisher, ready)
        current = publisher.journal.current(publisher.place)
        for one in broken:
            self._lead_back(run, one, current.get(one.image.id))
        if remove_extra:
            self._remove([one.reference for one in findings if one.kind is Kind.EXTRA])

    def _publisher(self) -> Publisher:
        return Publisher(
            matrix=self.matrix,
            names=self.names,
            ledger=self.ledger,
            registries=self.registries,
            progress=self.progress,
            save=no_engine,
            beside=self.beside,
        )

    def _publish(self, run: int, publisher: Publisher, ready: Sequence[Expected]) -> None:
        """Publish what the registry has all content of, then, with an engine, the rest."""
        gone = {one.image.id for one in ready if not self._is_there(one)}
        here = [one.image for one in ready if one.image.id not in gone]
        if here:
            self._tell(publisher.publish(run, here, rebuilds=self.rebuilds))
        images = [one.image for one in ready if one.image.id in gone]
        if images:
            self.progress.note(f"not all of {', '.join(sorted(gone))} is in the registry: an engine is asked for it")
            self._tell(self._from_engine(run, images))

    def _from_engine(self, run: int, images: Sequence[Image]) -> Report:
        with self.workshop() as shop:
            return publish_images(shop, images, self.names, rebuilds=self.rebuilds, run=run)

    def _tell(self, report: Report) -> None:
        for image, held in report.held_back.items():
            self.progress.warn(f"{image} is not published: {held.reason}" + (f"; {held.mend}" if held.mend else ""))

    def _digests(self, one: Expected) -> dict[str, str]:
        """The digests that the registry should know the images of a set by, by cell."""
        known = {member.image: member.digest for member in one.published.members} if one.published is not None else {}
        if isinstance(one.candidate, Held):
            return {member.cell: member.digest for member in one.published.members} if one.published is not None else {}
        return {cell.id: known.get(attempt.digest, attempt.digest) for cell, attempt in one.candidate.proven}

    def _places(self, one: Expected, cell: str) -> tuple[str, str]:
        """The repository of a cell's architecture, and that of the indexes."""
        own = next(found for found in one.cells if found.id == cell)
        return self.names.of_cell(own, "x").removesuffix(":x"), self.names.of_index("x").removesuffix(":x")

    def _gather(self, one: Expected) -> None:
        """Have images that only one of their two repositories has left in both."""
        for cell, digest in self._digests(one).items():
            if not any(found.id == cell for found in one.cells):
                continue
            places = self._places(one, cell)
            heads = self.registries.heads(f"{place}@{digest}" for place in places)
            having = [place for place in places if heads[f"{place}@{digest}"] is not None]
            for place in places:
                if having and place not in having:
                    self._copy(having[0], place, digest)

    def _copy(self, origin: str, place: str, digest: str) -> None:
        source, target = Reference.parse(origin), Reference.parse(place)
        trouble = f"{digest[:19]} cannot be copied from {origin} to {place}"
        with self.registries.asking(target.registry, trouble) as distribution:
            manifest = distribution.manifest(source.repository, digest)
            distribution.copy_manifest(source.repository, target.repository, manifest)

    def _is_there(self, one: Expected) -> bool:
        names = [f"{self._places(one, cell)[0]}@{digest}" for cell, digest in self._digests(one).items()]
        return all(digest is not None for digest in self.registries.heads(names).values())

    def _lead_back(self, run: int, one: Expected, published: ImageSet | None) -> None:
        """Lead declared references that are elsewhere to the published set, where it was not just replaced by a newer one."""
        if published is None:
            return
        declared = {found.reference for found in one.declared}
        mine = [target for target in published.targets if target.reference in declared]
        heads = self.registries.heads(target.reference for target in mine)
        left = [replace(target, before=heads[target.reference]) for target in mine]
        left = [target for target in left if target.changes]
        if not left or not self._whole(published, left):
            return

        def lead() -> tuple[Published, ...]:
            lead_tags(self.registries, left, fetch(self.registries, left))
            return changed(left)

        for done in shielded(lead):
            self.ledger.published(run, done.reference, done.digest)
        self.progress.note(f"{one.image.id}: {len(left)} references led back to what run {published.run} published")

    def _whole(self, published: ImageSet, left: Collection[Target]) -> bool:
        """Tell whether all that references are to be led to is in the registry; the index is put there again."""
        joint = self.names.of_index("x").removesuffix(":x")
        names = {f"{joint}@{member.digest}" for member in published.members}
        names |= {f"{one.reference.rpartition(':')[0]}@{one.digest}" for one in left if not one.index}
        missing = [name for name, digest in self.registries.heads(names).items() if digest is None]
        if missing:
            self.progress.warn(f"{published.image}: {missing[0]} is gone from the registry: build it again")
            return False
        where = Reference.parse(joint)
        with self.registries.asking(where.registry, f"the index of {published.image} cannot be pushed") as distribution:
            distribution.put_manifest(where.repository, published.index.digest, published.index)
        return True

    def _remove(self, references: Sequence[str]) -> None:
        for reference in references:
            where = Reference.parse(reference)
            with self.registries.asking(where.registry, f"{reference} cannot be removed") as distribution:
                if remove_tag(distribution, where.repository, where.tag):
                    self.progress.note(f"removed {reference}")
                else:
                    self.progress.warn(f"{where.registry} lets nothing be removed: {reference} is left")
