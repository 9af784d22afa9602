"""A place in which the command is killed: what it had finished, what it leaves, and whether all is there in the end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container

from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.load import load_matrix
from orchestrator.prove.containers.owners import LABEL, OWNER, SCRATCH, from_tag
from orchestrator.publish.names import local_references
from orchestrator.system.owners import VARIABLE, owner
from orchestrator.system.places import Places
from tests.integration.command_line import Called
from tests.integration.small_command import Going, Small

#: Its images are called like this: tests beside this one do not remove them.
NAME = "survival"


@dataclass(kw_only=True)
class Place:
    """The command with small images, its state and its temporary files; `owners` are the processes of it that were ever started."""

    small: Small
    client: docker.DockerClient
    owners: set[str] = field(default_factory=set)

    @property
    def places(self) -> Places:
        """Where its ledger is."""
        return Places.from_environment(self.small.environment)

    @property
    def temporary(self) -> Path:
        """Its TMPDIR."""
        return Path(self.small.environment["TMPDIR"])

    def matrix(self, *, more: str = "", lines: int = 2, archs: tuple[str, ...] = ("amd64", "arm64v8")) -> None:
        """Write a matrix that no cache knows."""
        self.small.matrix(more=more, lines=("3.9", "2.7")[:lines], archs=archs)
        path = self.small.directory / "versions.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "name": NAME}))

    @contextlib.contextmanager
    def started(self, *words: str) -> Iterator[Going]:
        """Start the command; whatever of it is left at the end is killed."""
        with self.small.started(*words) as going:
            self.owners.add(owner(going.process.pid))
            yield going

    def build(self, *words: str, seconds: float = 120) -> Called:
        """Build to the end."""
        with self.started("build", *words) as going:
            return going.ended(seconds=seconds)

    def present(self) -> dict[str, str]:
        """References in the engine, with their ids."""
        return {tag: image["Id"] for image in self.client.api.images() for tag in image.get("RepoTags") or ()}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Ask the ledger; empty while there is none."""
        if not self.places.ledger.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.places.ledger)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:  # it is just being made
                return []

    def finished(self) -> set[tuple[str, str]]:
        """Cell and key of what is built, whether or not its run lived long enough to say so."""
        present = self.present()
        return {
            (one.cell, one.key)
            for one in self.small.attempts()
            if one.state in {State.BUILT, State.PROVEN} or (one.state is State.RUNNING and one.reference in present)
        }

    def tags(self) -> dict[str, tuple[str, ...]]:
        """What each cell of the matrix is to be called."""
        matrix = load_matrix(self.small.directory / "versions.json")
        return {cell.id: local_references(matrix, cell) for cell in matrix.cells}

    def stages(self, before: int) -> set[str]:
        """What was going on when a run was killed, from the attempts it made (after number `before`) and those it took up."""
        present, tags, found = self.present(), self.tags(), set()
        newest: dict[str, Attempt] = {}
        for one in self.small.attempts():
            newest.setdefault(one.cell, one)
        for cell, one in newest.items():
            if one.state is State.RUNNING and one.id > before:
                found.add("whole" if one.reference in present else "build")
            elif one.state is State.BUILT:
                found.add("prove")
            elif one.state is State.PROVEN and any(present.get(tag) != one.digest for tag in tags.get(cell, ())):
                found.add("tag")
        return found or {"between"}

    def left(self) -> list[str]:
        """Everything that its processes have left behind."""
        found = [f"process {pid}: {line}" for pid, line in self.processes()]
        found += [f"container {container.name}" for container in self._containers()]
        found += [f"image {tag}" for tag in self.present() if self._scratch(tag)]
        found += [str(path) for path in self.temporary.iterdir()]
        # What is known of whole images is meant to stay; what was only begun is not.
        kept = {"attestations": "provenance.json", "contents": "*.json"}
        allowed = {"ledger.sqlite", "logs", *kept}
        found += [str(path) for path in self.places.state.iterdir() if path.name not in allowed]
        for name, pattern in kept.items():
            below = (path for path in (self.places.state / name).rglob("*") if path.is_file())
            found += [str(path) for path in below if not path.match(pattern)]
        found += [str(path) for path in self.places.logs.rglob("*") if path.suffix != ".log"]
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        return found + [line for line in mounts if str(self.temporary) in line or f"{self.places.state}/" in line]

    def processes(self, text: str = "") -> list[tuple[int, str]]:
        """The processes that its runs have started, with that in their command line."""
        marks = {f"{VARIABLE}={one}".encode() for one in self.owners}
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if text in line and marks & set((path / "environ").read_bytes().split(b"\0")):
                    found.append((int(path.name), line))
        return found

    def assert_complete(self, called: Called) -> None:
        """All is there: proven, named, remembered; and nothing else is."""
        assert called.code == 0, called.err
        assert "Traceback" not in called.err
        status = {one["id"]: one for one in self.small("status", "--json").document}
        tags, present = self.tags(), self.present()
        assert set(status) == set(tags)
        for cell, names in tags.items():
            assert status[cell]["state"] == "proven", (cell, called.err)
            assert {present.get(name) for name in names} == {status[cell]["digest"]}, cell
            assert self.client.images.get(names[0]).id == status[cell]["digest"]
        self.assert_sound()
        assert self.rows("SELECT id FROM attempts WHERE state IN ('running', 'built')") == []
        assert self.rows("SELECT id FROM runs WHERE ended IS NULL OR exit_code IS NULL") == []
        until(lambda: not self.left(), seconds=10, what=lambda: f"left behind: {self.left()}")

    def assert_sound(self) -> None:
        """The ledger's file is whole."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []

    def clear(self) -> None:
        """Take away whatever is left, also after a test that failed."""
        for pid, _ in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(DockerException, OSError):
            for container in self._containers():
                with contextlib.suppress(APIError):
                    container.remove(force=True, v=True)
            for tag in self.present():
                if self._scratch(tag) or f"/{NAME}:" in tag or f"/{NAME}/" in tag:
                    with contextlib.suppress(APIError, ImageNotFound):
                        self.client.images.remove(tag, force=True)

    def _containers(self) -> list[Container]:
        listed = self.client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
        return [container for container in listed if container.labels.get(OWNER) in self.owners]

    def _scratch(self, tag: str) -> bool:
        return tag.startswith(f"{SCRATCH}/") and from_tag(tag.rpartition(":")[2]) in self.owners


@contextlib.contextmanager
def place(directory: Path, client: docker.DockerClient) -> Iterator[Place]:
    """Make a place, and clear it at the end."""
    (directory / "tmp").mkdir(parents=True)
    small = Small.at(directory).within({"TMPDIR": str(directory / "tmp")})
    made = Place(small=small, client=client)
    try:
        yield made
    finally:
        made.clear()


def until(true: Callable[[], object], *, seconds: float, what: Callable[[], str] = lambda: "it did not come") -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)
