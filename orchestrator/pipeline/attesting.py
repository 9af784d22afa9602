"""What is put beside a set before it is visible: SBOM and provenance of every image, and signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.attest.attach import attest_image
from orchestrator.attest.model import SPDX, Attached, Document, Kind, Where
from orchestrator.attest.provenance import place
from orchestrator.attest.signing import Signer
from orchestrator.contents.store import file_of, read_contents
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.matrix.model import Image, Matrix
from orchestrator.publish.model import ImageSet, Member
from orchestrator.publish.names import Names
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places


@dataclass(frozen=True, kw_only=True)
class Attesting:
    """Attaches what is known of the images of a set, and signs them with `signer` where there is one.

    It is done in the repositories of the architecture and of the index, as a client looks where it got the image from. `notes` say what could
    not be attached, and where it is kept instead. `thorough` asks for signatures that are remembered, too: the registry may have lost them.
    """

    @cached_property
    def _known(self) -> Mapping[str, Mapping[str, tuple[str, str]]]:
        return self.chronicle.attachments()

    def lacks(self, whole: ImageSet) -> bool:
        """Tell whether something is to be attached to a published set, or signed, that was not."""
        if self.signer is not None and (
            self.thorough
            or any(Kind.SIGNATURE not in self._known.get(one, {}) for one in (*whole.digests, whole.index.digest))
        ):
            return True
        if not self.documents:
            return False
        for member in whole.members:
            there = self._known.get(member.digest, {})
            file = file_of(self.places, member.image)
            if Kind.SBOM not in there and file is not None and file.exists():
                return True
            if Kind.PROVENANCE not in there and place(self.places, member.image).exists():
                return True
        return False

    matrix: Matrix
    names: Names
    places: Places
    registries: Registries
    chronicle: Chronicle
    documents: bool = True
    signer: Signer | None = None
    thorough: bool = False
    notes: list[str] = field(default_factory=list)

    def __call__(self, whole: ImageSet) -> None:
        """Do it for one set. Raises `UnreachableError`, and what `Signer.sign` raises."""
        images = {image.id: image for image in self.matrix.images}
        joint = Reference.parse(self.names.of_index("x"))
        for member in whole.members:
            own = Reference.parse(self._own(member))
            for repository in (own.repository, joint.repository):
                if self.documents:
                    self._attach(own.registry, repository, member, images[whole.image])
            if self.signer is not None:
                self._sign(own.registry, own.repository, member.digest)
        if self.signer is not None:
            self._sign(joint.registry, joint.repository, whole.index.digest)
            for member in whole.members:
                self._sign(joint.registry, joint.repository, member.digest)

    def _own(self, member: Member) -> str:
        cells: Mapping[str, str] = {cell.architecture.name: self.names.of_cell(cell, "x") for cell in self.matrix.cells}
        return cells[member.arch]

    def _attach(self, registry: str, repository: str, member: Member, image: Image) -> None:
        with self.registries.asking(registry, f"what is said of {member.cell} cannot be attached") as distribution:
            attached = attest_image(
                distribution,
                self.places,
                repository,
                distribution.manifest(repository, member.digest),
                image=member.image,
                documents=self._sbom(member, image),
            )
        for one in attached:
            self._remember(
                member.digest, f"{registry}/{one.place}" if one.where is not Where.BESIDE else one.place, one
            )
            if one.where is Where.BESIDE:
                self.notes.append(
                    f"{member.cell}: {registry} takes no {one.kind} ({one.reason}); it is kept in {one.place}"
                )

    def _sbom(self, member: Member, image: Image) -> tuple[Document, ...]:
        # Proofs of an older orchestrator recorded no contents; what 'orchestrator test' would record is not made up here.
        contents = read_contents(self.places, member.image)
        if contents is None:
            self.notes.append(
                f"{member.cell}: there is no SBOM: its contents were not recorded ('orchestrator test {member.cell}')"
            )
            return ()
        from orchestrator.contents.sbom import sbom  # noqa: PLC0415 - its library takes longer to import than all questions of a quiet night

        data = sbom(contents, name=self.matrix.name, version=image.tags[0])
        return (Document(kind=Kind.SBOM, media_type=SPDX, data=data),)

    def _sign(self, registry: str, repository: str, digest: str) -> None:
        assert self.signer is not None  # noqa: S101 - asked by the caller
        self.signer.sign(f"{registry}/{repository}", digest, plain=registry in self.registries.plain)
        self.chronicle.attached(subject=digest, kind=Kind.SIGNATURE, place=f"{registry}/{repository}", digest=digest)

    def _remember(self, subject: str, place: str, one: Attached) -> None:
        self.chronicle.attached(subject=subject, kind=one.kind, place=place, digest=one.digest)
