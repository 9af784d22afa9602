"""Two generations of small images, built and proven once, that any of the tests may publish: which one is what the template says at that time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Image
from orchestrator.publish.names import is_release
from orchestrator.system.places import Places
from tests.integration.command_line import Called
from tests.integration.observer import Generation, Tags
from tests.integration.small_command import Small, by_cell

IMAGE, OTHER = "3.9-slim-bullseye", "2.7-slim-bullseye"
#: Both, and their architectures.
LINES, ARCHS = ("3.9", "2.7"), ("amd64", "arm64v8")
OLD, NEW = "old", "new"
#: Images are called like this: tests beside these do not remove them.
NAME = "generation"


@dataclass(frozen=True, kw_only=True)
class Generations:
    """The command in a place where both are proven; `texts` are the templates, `cells` what was built, by generation."""

    small: Small
    texts: dict[str, str]
    cells: dict[str, dict[str, str]]

    @property
    def template(self) -> Path:
        """What says which generation it is."""
        return self.small.directory / "dockerfile-templates" / "slim.Dockerfile.j2"

    @property
    def image(self) -> Image:
        """The image as the matrix has it."""
        matrix = load_matrix(self.small.directory / "versions.json")
        return next(image for image in matrix.images if image.id == IMAGE)

    @property
    def tags(self) -> Tags:
        """Its tags and its platforms, for an observer."""
        image = self.image
        tags = (*image.tags, *image.shared_tags)
        return Tags(
            release=tuple(tag for tag in tags if is_release(image, tag)),
            moving=tuple(tag for tag in tags if not is_release(image, tag)),
            platforms={"amd64": "linux/amd64", "arm64v8": "linux/arm64"},
        )

    def use(self, generation: str) -> None:
        """Let the files say that it is this generation's time."""
        self.template.write_text(self.texts[generation], encoding="utf-8")

    def members(self, generation: str, image: str = IMAGE) -> dict[str, str]:
        """Digests of a generation by architecture, as the engine knows them."""
        return {arch: self.cells[generation][f"{image}-{arch}"] for arch in ARCHS}

    def publish(self, registry: str, *words: str) -> Called:
        """Publish to a registry, told in JSON."""
        return self.small("publish", "--json", "--registry", registry, *words)

    def both(self, registry: str) -> dict[str, Generation]:
        """Publish one after the other, without any trouble; returns what they are there."""
        found = {}
        for name in (OLD, NEW):
            self.use(name)
            called = self.publish(registry, IMAGE, "--allow-rebuild")
            assert called.code == 0, called.err
            published = {one["reference"]: one["digest"] for one in called.document["published"]}
            members = self.members(name)
            indexes = {digest for reference, digest in published.items() if "/library/" in reference}
            assert len(published) == 24
            assert len(indexes) == 1
            for arch, digest in members.items():
                assert {value for key, value in published.items() if f"/{arch}/" in key} == {digest}
            found[name] = Generation(members=members, index=indexes.pop())
        return found

    def rows(self, query: str, *values: str) -> list[tuple[object, ...]]:
        """Ask the ledger."""
        with open_ledger(Places.from_environment(self.small.environment).ledger, create=False) as ledger:
            return [tuple(row) for row in ledger.connection.execute(query, values).fetchall()]


@contextlib.contextmanager
def generations(directory: Path, client: docker.DockerClient) -> Iterator[Generations]:
    """Build both, of two images for two architectures; the images are gone with the context."""
    small = Small.at(directory)
    texts, cells = {}, {}
    try:
        for name in (OLD, NEW):
            write_matrix(small)
            small.config(attestations=False)
            called = small("build", "--json")
            assert called.code == 0, called.err
            cells[name] = {cell: one["digest"] for cell, one in by_cell(called).items()}
            texts[name] = (directory / "dockerfile-templates" / "slim.Dockerfile.j2").read_text(encoding="utf-8")
        yield Generations(small=small, texts=texts, cells=cells)
    finally:
        forget(client)


def write_matrix(
    small: Small, *, name: str = NAME, more: str = "", lines: tuple[str, ...] = LINES, **also: object
) -> None:
    """Write a matrix that no cache knows, of images that are called `name`; `also` stands in it as well."""
    small.matrix(more=more, lines=lines, archs=ARCHS)
    path = small.directory / "versions.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), "name": name, **also}), encoding="utf-8"
    )


def forget(client: docker.DockerClient, name: str = NAME) -> None:
    """Remove all images of a name from an engine."""
    # Not by `images.list`, which asks for each once more, and fails when another test has just removed it.
    for image in client.api.images():
        for tag in image.get("RepoTags") or ():
            if f"/{name}:" in tag or f"/{name}/" in tag:
                with contextlib.suppress(ImageNotFound, APIError):
                    client.images.remove(tag, force=True)


def leads(registry_files: dict[str, bytes]) -> dict[str, str]:
    """What the tags of a registry lead to, read from its storage: `REPOSITORY:TAG` to digest."""
    found = {}
    for path, content in registry_files.items():
        repository, _, rest = path.partition("/_manifests/tags/")
        tag, _, end = rest.partition("/")
        if end == "current/link":
            found[f"{repository.partition('/repositories/')[2]}:{tag}"] = content.decode()
    return found
