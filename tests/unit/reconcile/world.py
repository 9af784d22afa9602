"""A small world to compare: made-up images in a registry, and a ledger that proved and published them. The registry may be real."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from orchestrator.config.settings import BasePolicy, Rebuilds, Settings
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.pipeline.publishing import Publisher
from orchestrator.publish.content import no_engine
from orchestrator.publish.model import ImageSet, Provenance
from orchestrator.publish.names import Names
from orchestrator.reconcile.expecting import place_of
from orchestrator.reconcile.model import Compared, Finding, Kind
from orchestrator.reconcile.reconcile import Fix, Task, reconcile
from orchestrator.registry.archive import Manifest
from orchestrator.registry.distribution import OCI_INDEX, OCI_MANIFEST
from orchestrator.registry.exchange import make_client
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.render.tree import render_images
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress, Silent
from orchestrator.system.retrying import Patience, Retries

PASSED = ProofRecord(name="architecture/platform", verdict="passed", detail="", seconds=0.1)
REFUSED = ProofRecord(name="security/passwords", verdict="failed", detail="root has one", seconds=0.1)
#: The digest of a base, for images whose base is not looked at.
SOME_BASE = "sha256:" + "b" * 64


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(kw_only=True)
class World:
    """`address` names the registry, `http` makes clients of it. Tags lead to `python` of each architecture, and of `library`."""

    matrix: Matrix
    places: Places
    address: str
    registries: Registries
    http: Callable[[str], httpx.Client] = make_client
    settings: Settings = field(default_factory=lambda: Settings(bases=BasePolicy.BOOTSTRAP))
    repository: str = "python"
    progress: Progress = field(default_factory=Silent)
    number: int = 0

    @property
    def names(self) -> Names:
        return Names(registry=self.address, namespace="library", repository=self.repository)

    def image(self, name: str) -> Image:
        return next(image for image in self.matrix.images if image.id == name)

    def cells(self, *images: str) -> list[Cell]:
        return [cell for cell in self.matrix.cells if not images or cell.image.id in images]

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with open_ledger(self.places.ledger) as ledger:
            yield ledger

    # What is in the registry

    def push(self, repository: str, architecture: str = "amd64", variant: str = "") -> Manifest:
        """Push an image that there was never before, by its digest."""
        self.number += 1
        where = Reference.parse(f"{self.address}/{repository}")
        more = {"variant": variant} if variant else {}
        config = {"architecture": architecture, "os": "linux", "number": self.number, **more}
        blobs = [json.dumps(config).encode(), f"layer {self.number} of {self.repository}".encode()]
        types = ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar")
        entries = [
            {"mediaType": kind, "digest": digest_of(data), "size": len(data)}
            for kind, data in zip(types, blobs, strict=True)
        ]
        content = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": entries[0], "layers": entries[1:]}
        manifest = Manifest.of(json.dumps(content).encode())
        with self.registries.asking(where.registry, "the test") as distribution:
            for data in blobs:
                distribution.put_blob(where.repository, digest_of(data), len(data), partial(iter, [data]))
            distribution.put_manifest(where.repository, manifest.digest, manifest)
        return manifest

    def push_index(self, reference: str, members: Sequence[tuple[Manifest, str]], **annotations: str) -> Manifest:
        """Push an index over manifests of its repository, each with its platform, under a reference."""
        where = Reference.parse(reference)
        content: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "annotations": annotations}
        content["manifests"] = [
            {
                "mediaType": one.media_type,
                "digest": one.digest,
                "size": len(one.raw),
                "platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False)),
            }
            for one, platform in members
        ]
        index = Manifest.of(json.dumps(content).encode())
        with self.registries.asking(where.registry, "the test") as distribution:
            distribution.put_manifest(where.repository, where.tag, index)
        return index

    def tag(self, reference: str, manifest: Manifest) -> None:
        """Lead a reference to a manifest of its repository."""
        where = Reference.parse(reference)
        with self.registries.asking(where.registry, "the test") as distribution:
            distribution.put_manifest(where.repository, where.tag, manifest)

    def head(self, reference: str) -> str | None:
        return self.registries.head(reference)

    def manifest(self, reference: str) -> Manifest:
        where = Reference.parse(reference)
        with self.registries.asking(where.registry, "the test") as distribution:
            return distribution.manifest(where.repository, where.wanted)

    # What the ledger knows

    def prove(self, cell: Cell, *, base: str = SOME_BASE, recipe: str = "", key: str = "") -> Manifest:
        """Have an image of a cell in the registry, by digest, that was built from the recipe as it is now (or from another) and proven."""
        platform, architecture = cell.architecture.platform, cell.architecture.name
        manifest = self.push(f"{architecture}/{self.repository}", platform.architecture, platform.variant or "")
        (rendered,) = render_images(self.matrix, [cell.image])
        digest = recipe or hashlib.sha256(rendered.text.encode()).hexdigest()
        start = Start(
            cell=cell.id,
            key=key or f"key {self.number}",
            execution="native",
            log="",
            ingredients={"dockerfile": digest, "base": base},
            reference=f"local/{cell.id}",
        )
        with self.ledger() as ledger, ledger.run("build") as run:
            attempt = ledger.start_attempt(run.number, start)
            ledger.built(attempt, reference=start.reference, digest=manifest.digest, size=1, seconds=1.0, phases=())
            ledger.proved(attempt, [PASSED])
        return manifest

    def fail(self, cell: Cell, *, key: str) -> None:
        """Have a later attempt at a key refused."""
        start = Start(cell=cell.id, key=key, execution="native", log="", ingredients={})
        with self.ledger() as ledger, ledger.run("build") as run:
            ledger.proved(ledger.start_attempt(run.number, start), [REFUSED])

    def publish(self, *images: str) -> None:
        """Publish what is proven, without an engine: it is in the registry already."""
        wanted = [image for image in self.matrix.images if not images or image.id in images]
        with self.ledger() as ledger, ledger.run("publish") as run:
            report = self.publisher(ledger).publish(run.number, wanted, rebuilds=Rebuilds.ALWAYS)
        assert not report.held_back

    def publisher(self, ledger: Ledger) -> Publisher:
        return Publisher(
            matrix=self.matrix,
            names=self.names,
            ledger=ledger,
            registries=self.registries,
            progress=self.progress,
            save=no_engine,
            origin=lambda image: Provenance(version=image.line.release),
        )

    def all_published(self, *images: str, **more: Any) -> None:
        """Prove and publish all cells."""
        for cell in self.cells(*images):
            self.prove(cell, **more)
        self.publish(*images)

    def published(self, image: str) -> ImageSet:
        with self.ledger() as ledger:
            return Journal(ledger).current(place_of(self.names))[image]

    # What is found

    def task(self, *images: str, **more: Any) -> Task:
        wanted = tuple(image for image in self.matrix.images if not images or image.id in images)
        return Task(
            matrix=self.matrix, images=wanted, names=self.names, settings=self.settings, whole=not images, **more
        )

    def reconcile(self, *images: str, fix: Fix | None = None, **more: Any) -> Compared:
        task = self.task(*images, **more)
        return reconcile(task, self.places, self.progress, fix=fix, http=self.http, patience=Patience(attempts=3))


def kinds(found: Sequence[Finding]) -> dict[Kind, list[str]]:
    """Map kinds to the references without the registry."""
    told: dict[Kind, list[str]] = {}
    for one in found:
        told.setdefault(one.kind, []).append(one.reference.partition("/")[2])
    return told


def quiet() -> Retries:
    """Nobody is waited for."""
    return Retries(sleep=lambda _seconds: None)
