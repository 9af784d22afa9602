"""An image in an engine, as proofs look at it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.matrix.model import Cell
from orchestrator.prove.containers.building import Builder
from orchestrator.prove.containers.execution import RunningSandbox, put, remove, run_to_end
from orchestrator.prove.containers.limits import options, sandbox_options
from orchestrator.prove.image import ImageConfig
from orchestrator.prove.model import ProofFailedError, Ran, Sandbox, Subject, Where
from orchestrator.prove.survey.archive import Saved, UnreadableImageError, read_archive
from orchestrator.prove.survey.store import Surveys
from orchestrator.prove.survey.survey import Survey
from orchestrator.prove.upstream import Upstream
from orchestrator.recipe.recipe import Recipe, recipe_for

PROBES = Path(__file__).resolve().parents[1] / "probes"


class ImageSubject:
    """An image under proof. Use it as a context manager: its containers are removed at the end, however that comes.

    `reference` is a tag or an id in the engine; `peers` are the same image for other architectures. One thread uses it.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        cell: Cell,
        reference: str,
        *,
        dockerfile: str,
        builder: Builder,
        surveys: Surveys | None = None,
        upstream: Upstream | None = None,
        peers: Sequence[Subject] = (),
    ) -> None:
        self.cell = cell
        self.dockerfile = dockerfile
        self.reference = reference
        self.upstream = upstream
        self.peers = tuple(peers)
        self._client = client
        self._builder = builder
        self._surveys = surveys or Surveys()
        self._seconds = 60.0
        self._cleanup = contextlib.ExitStack()
        self._sandboxes: dict[Where, RunningSandbox] = {}
        self._seen: dict[tuple[str, ...], dict[str, Any] | ProofFailedError] = {}
        try:
            image = client.images.get(reference)
        except ImageNotFound:
            raise UsageError(
                f"there is no image {reference} in the engine", mend=f"run 'orchestrator build {cell.id}' first"
            ) from None
        except DockerException as error:
            raise EnvironmentFailedError(
                f"the engine does not answer: {error}", mend="run 'orchestrator doctor'"
            ) from error
        self.digest = str(image.id)
        self.size = int(image.attrs.get("Size") or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def abandon(self) -> None:
        """Remove its containers now, also from another thread: what is waited for in them ends."""
        self._cleanup.close()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit everything that is run meanwhile to so many seconds each."""
        before, self._seconds = self._seconds, seconds
        try:
            yield
        finally:
            self._seconds = before

    @cached_property
    def recipe(self) -> Recipe:
        """What the image has to contain."""
        return recipe_for(self.cell.image)

    @cached_property
    def saved(self) -> Saved:
        """The image as the engine saves it. Raises `ProofFailedError` where it cannot be read."""
        platform = str(self.cell.architecture.platform)
        try:
            return self._surveys.get(
                f"{self.digest} {platform}",
                lambda known: read_archive(self._client.api.get_image(self.digest), platform=platform, known=known),
            )
        except APIError as error:
            raise ProofFailedError(f"the image cannot be read: {error.explanation or error}") from None
        except UnreadableImageError as error:
            raise ProofFailedError(str(error)) from None

    @property
    def surveyed(self) -> bool:
        """True once the image has been read: asking for its survey again costs nothing."""
        return "saved" in vars(self)

    @property
    def image(self) -> ImageConfig:
        """What the image's config says."""
        return self.saved.image

    @property
    def survey(self) -> Survey:
        """Every file of the image."""
        return self.saved.survey

    def sandbox(self, where: Where) -> Sandbox:
        """The container of that kind; a new one where the last had to be killed."""
        found = self._sandboxes.get(where)
        if found is None or found.dead:
            if found is not None:
                found.remove()  # with all that is still running in it
            container = self._container(self.digest, sandbox_options(self.cell, where))
            try:
                container.start()
            except APIError as error:
                raise ProofFailedError(f"the container does not start: {error.explanation or error}") from None
            found = self._sandboxes[where] = RunningSandbox(self._client, container, iter(lambda: self._seconds, None))
        return found

    def probe(self, name: str, *arguments: str, where: Where = Where.CONFINED) -> dict[str, Any]:
        """Run `probes/<name>.py` inside, once per set of arguments."""
        asked = (name, str(where), *arguments)
        if asked not in self._seen:
            try:
                self._seen[asked] = self._probe(name, arguments, where)
            except ProofFailedError as error:
                self._seen[asked] = error
        seen = self._seen[asked]
        if isinstance(seen, ProofFailedError):
            raise seen
        return seen

    def _probe(self, name: str, arguments: Sequence[str], where: Where) -> dict[str, Any]:
        script = "".join((PROBES / f"{part}.py").read_text(encoding="utf-8") for part in ("prelude", name))
        ran = self.sandbox(where).execute(["python", "-c", script, *arguments])
        found = [line.removeprefix("probe:") for line in ran.stdout.splitlines() if line.startswith("probe:")]
        if ran.status != 0:
            raise ProofFailedError(f"{ran.last_line[:300]} (status {ran.status})", output=ran.output)
        try:
            seen = json.loads(found[-1]) if found else None
        except ValueError:
            seen = None
        if not isinstance(seen, dict):
            raise ProofFailedError(
                f"the probe {name} did not say what it saw: {ran.last_line[:200]}", output=ran.output
            )
        return seen

    def run(
        self,
        command: Sequence[str] | None = None,
        *,
        entrypoint: Sequence[str] | None = None,
        files: Mapping[str, Mapping[str, bytes]] | None = None,
        directory: str | None = None,
        image: str | None = None,
    ) -> Ran:
        """`docker run`, to its end."""
        chosen = options(self.cell) | {
            name: value
            for name, value in (
                ("command", list(command) if command is not None else None),
                ("entrypoint", list(entrypoint) if entrypoint is not None else None),
                ("working_dir", directory),
                ("volumes", list(files) if files else None),
            )
            if value is not None
        }
        container = self._container(image or self.digest, chosen)
        try:
            put(container, files or {})
            return run_to_end(self._client, container, self._seconds)
        finally:
            remove(container)

    @contextlib.contextmanager
    def build(self, dockerfile: str, files: Mapping[str, bytes]) -> Iterator[str]:
        """`docker build` on the image, without network."""
        with self._builder(self.cell, self.digest, dockerfile, files, seconds=self._seconds) as reference:
            yield reference

    def _container(self, image: str, chosen: Mapping[str, Any]) -> Any:
        try:
            container = self._client.containers.create(image, **chosen)
        except APIError as error:
            raise ProofFailedError(f"no container can be made of it: {error.explanation or error}") from None
        self._cleanup.callback(remove, container)
        return container
