"""What is in a registry: a request for each tag, many at once, and more only where an answer is not known already."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.ledger.records import Attempt
from orchestrator.publish.index import members_of
from orchestrator.publish.names import Names
from orchestrator.reconcile.model import Expected, Seen
from orchestrator.registry.archive import Manifest
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.progress import Progress

#: References between two looks at whether something is to be said, and seconds between two times that it is.
_SOME, _EVERY = 128, 5.0

#: Finds attempts by the digests of their images.
Recall = Callable[[Collection[str]], Sequence[Attempt]]
#: Tells whether a manifest of a repository is signed.
IsSigned = Callable[[Distribution, str, str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What is looked at beyond the declared tags: `repositories` whose tags are listed, and signatures where `is_signed` is there."""

    registries: Registries
    names: Names
    recall: Recall
    progress: Progress
    repositories: tuple[str, ...] = ()
    is_signed: IsSigned | None = None
    clock: Callable[[], float] = time.monotonic

    def at(self, expected: Sequence[Expected]) -> Seen:
        """Look. Raises `UnreachableError`."""
        heads = self._heads([one.reference for image in expected for one in image.declared])
        indexes = self._indexes(expected, heads)
        joint = self.names.of_index("x").removesuffix(":x")
        members = [digest for one in indexes.values() if one is not None for digest in members_of(one).values()]
        found = self._heads([f"{joint}@{digest}" for digest in dict.fromkeys(members)])
        return Seen(
            heads=heads,
            indexes=indexes,
            there={reference.rpartition("@")[2]: digest is not None for reference, digest in found.items()},
            behind=self._behind(expected, heads),
            tags=self._tags(),
            signed=self._signed(heads),
        )

    def _heads(self, references: Sequence[str]) -> dict[str, str | None]:
        """Ask for many references, and say now and then how far that is."""
        found: dict[str, str | None] = {}
        told = self.clock()
        for begin in range(0, len(references), _SOME):
            found |= self.registries.heads(references[begin : begin + _SOME])
            if self.clock() - told >= _EVERY:
                told = self.clock()
                self.progress.note(f"looked at {len(found)} of {len(references)} references")
        return found

    def _indexes(self, expected: Sequence[Expected], heads: Mapping[str, str | None]) -> dict[str, Manifest | None]:
        """The indexes that tags lead to: the journal has the bytes of its own, others are read."""
        known = {
            one.index.digest: one.index
            for image in expected
            for one in (image.published, image.begun)
            if one is not None
        }
        names = {
            digest: one.reference
            for image in expected
            for one in image.declared
            if one.cell is None and (digest := heads[one.reference]) is not None
        }
        others = {digest: name for digest, name in names.items() if digest not in known}
        read = self.registries.each(lambda item: self._manifest(item[1], item[0]), tuple(others.items()))
        found = {digest: known[digest] for digest in names if digest in known} | dict(zip(others, read, strict=True))
        return {digest: one if one.children else None for digest, one in found.items()}

    def _manifest(self, reference: str, digest: str) -> Manifest:
        where = Reference.parse(reference)
        with self.registries.asking(where.registry, f"{reference} cannot be read") as distribution:
            return distribution.manifest(where.repository, digest)

    def _behind(self, expected: Sequence[Expected], heads: Mapping[str, str | None]) -> dict[tuple[str, str], Attempt]:
        """Find out which attempts made what the architectures' own tags lead to."""
        names = {
            (one.cell, digest): one.reference
            for image in expected
            for one in image.declared
            if one.cell is not None and (digest := heads[one.reference]) is not None
        }
        # Engines without containerd's store know an image by its config: what was published of them is in the journal.
        images = {
            (member.cell, member.digest): member.image
            for image in expected
            for one in (image.published, image.begun)
            if one is not None
            for member in one.members
        }
        found = self._attempts({name: images.get(name, name[1]) for name in names})
        strange = {name: reference for name, reference in names.items() if name not in found}
        read = self.registries.each(lambda item: self._manifest(item[1], item[0][1]), tuple(strange.items()))
        configs = {
            name: str(manifest.content["config"]["digest"])
            for name, manifest in zip(strange, read, strict=True)
            if "config" in manifest.content
        }
        return found | self._attempts(configs)

    def _attempts(self, images: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Attempt]:
        newest: dict[tuple[str, str], Attempt] = {}
        for attempt in sorted(self.recall(frozenset(images.values())), key=lambda one: one.id):
            newest[attempt.cell, attempt.digest] = attempt
        return {name: newest[name[0], image] for name, image in images.items() if (name[0], image) in newest}

    def _tags(self) -> dict[str, tuple[str, ...]]:
        def tags(repository: str) -> tuple[str, ...]:
            where = Reference.parse(repository)
            with self.registries.asking(where.registry, f"the tags of {repository} cannot be listed") as distribution:
                return distribution.tags(where.repository)

        return dict(zip(self.repositories, self.registries.each(tags, self.repositories), strict=True))

    def _signed(self, heads: Mapping[str, str | None]) -> dict[str, bool]:
        is_signed = self.is_signed
        if is_signed is None:
            return {}

        def asked(name: str) -> bool:
            where = Reference.parse(name)
            with self.registries.asking(
                where.registry, f"the signatures of {name} cannot be looked for"
            ) as distribution:
                return is_signed(distribution, where.repository, where.digest)

        names = tuple(dict.fromkeys(by_digest(reference, digest) for reference, digest in heads.items() if digest))
        return dict(zip(names, self.registries.each(asked, names), strict=True))


def by_digest(reference: str, digest: str) -> str:
    """Name a manifest of a reference's repository by its digest."""
    return f"{reference.rpartition(':')[0]}@{digest}"
