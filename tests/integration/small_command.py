"""Calling the command with small images (`small.py`) as a user does, in a place of its own, and looking at what it leaves."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import docker
import yaml
from docker.errors import APIError, ImageNotFound

from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import Attempt
from orchestrator.system.places import Places
from tests.integration.command_line import ROOT, Called, Running
from tests.integration.small import small_matrix

#: Its images are called like this, so that nobody's real ones lose their tags.
NAME = "small"


@dataclass(frozen=True, kw_only=True)
class Small:
    """The command in a directory with a matrix, a config and a state of its own."""

    directory: Path
    environment: Mapping[str, str]

    @classmethod
    def at(cls, directory: Path, environment: Mapping[str, str] = os.environ) -> Small:
        """Make one; only the cache (bases, inputs, the engine's programs) is the user's."""
        return cls(directory=directory, environment={**environment, "XDG_STATE_HOME": str(directory / "state")})

    def within(self, environment: Mapping[str, str]) -> Small:
        """The same with other variables: its ledger is the same one."""
        return replace(self, environment={**self.environment, **environment})

    def matrix(
        self, *, more: str = "", lines: Sequence[str] | None = None, archs: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """Write a matrix that no cache knows, and give the ids of its cells; `more` follows in the step of the template.

        `lines` are made of 3.9 where the examples have none such; their sources are then in the directory `inputs`.
        """
        path = small_matrix(self.directory, uuid.uuid4().hex, more=more)
        document = json.loads(path.read_text(encoding="utf-8"))
        document["name"] = NAME
        known = document["lines"]
        if lines is not None:
            document["lines"] = {line: known.get(line) or self._line(line, known["3.9"]) for line in lines}
        if archs is not None:
            document["enabled_architectures"] = list(archs)
        path.write_text(json.dumps(document), encoding="utf-8")
        return tuple(
            f"{line}-slim-bullseye-{arch}" for line in document["lines"] for arch in document["enabled_architectures"]
        )

    def _line(self, name: str, like: Mapping[str, Any]) -> dict[str, Any]:
        inputs, data = self.directory / "inputs", _source(name)
        inputs.mkdir(exist_ok=True)
        (inputs / f"Python-{name}.1.tar.xz").write_bytes(data)
        source = {**like["source"], "sha256": hashlib.sha256(data).hexdigest()}
        return {**like, "release": f"{name}.1", "aliases": [], "source": source}

    def compile_apart(self) -> None:
        """Let the step be one of a stage called build, as in real templates; the image only has its result."""
        template = self.directory / "dockerfile-templates" / "slim.Dockerfile.j2"
        first, step, last = template.read_text(encoding="utf-8").splitlines()
        text = "\n".join((f"{first} AS build", step, first, "COPY --from=build /small /small", last))
        template.write_text(f"{text}\n", encoding="utf-8")

    def config(self, **settings: Any) -> None:
        """Write the config; bases are bootstrapped unless `settings` say something else."""
        inputs = self.directory / "inputs"
        own = {"inputs": str(inputs)} if inputs.exists() else {}
        text = yaml.safe_dump({"bases": "bootstrap", **own, **settings})
        (self.directory / "orchestrator.yaml").write_text(text, encoding="utf-8")

    def __call__(self, *words: str, timeout: float = 150) -> Called:
        """Run it to its end."""
        started = time.monotonic()
        done = subprocess.run(
            self._argv(words), check=False, capture_output=True, text=True, cwd=ROOT, env=dict(self.environment),
            timeout=timeout,
        )  # fmt: skip
        return Called(code=done.returncode, out=done.stdout, err=done.stderr, seconds=time.monotonic() - started)

    @contextlib.contextmanager
    def started(self, *words: str) -> Iterator[Going]:
        """Start it; it is ended with the context, whatever happens."""
        name = uuid.uuid4().hex
        out, err = self.directory / f"{name}.out", self.directory / f"{name}.err"
        with out.open("w") as to_out, err.open("w") as to_err:
            process = subprocess.Popen(
                self._argv(words), stdout=to_out, stderr=to_err, text=True, cwd=ROOT, env=dict(self.environment),
                start_new_session=True,
            )  # fmt: skip
        try:
            yield Going(process, out, err)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def attempts(self, cell: str | None = None) -> tuple[Attempt, ...]:
        """What the ledger knows, newest first."""
        with open_ledger(Places.from_environment(self.environment).ledger, create=False) as ledger:
            return ledger.attempts(cell, limit=1000)

    def idle(self) -> bool:
        """Whether `plan` finds nothing to do."""
        return {one["action"] for one in self("plan", "--json").document["cells"]} == {"nothing"}

    def _argv(self, words: Sequence[str]) -> list[str]:
        matrix, config = (str(self.directory / name) for name in ("versions.json", "orchestrator.yaml"))
        command, *more = words
        given = [command, "--matrix", matrix, "--config", config, *more]
        return [sys.executable, "-m", "tests.integration.small", *given]


def _source(name: str) -> bytes:
    """A source without anything in it, the same bytes for the same name."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz") as tar:
        tar.addfile(tarfile.TarInfo(f"Python-{name}.1/README"))
    return made.getvalue()


class Going(Running):
    """A call that goes on, whose stdout is kept, too."""

    def __init__(self, process: subprocess.Popen[str], out: Path, err: Path) -> None:
        super().__init__(process, err)
        self._out = out

    def ended(self, *, seconds: float) -> Called:
        """Wait for its end."""
        started = time.monotonic()
        code = self.process.wait(timeout=seconds)
        out = self._out.read_text(encoding="utf-8")
        return Called(code=code, out=out, err=self.err, seconds=time.monotonic() - started)


def by_cell(called: Called) -> dict[str, Any]:
    """The cells of a run's JSON document, by id."""
    return {one["id"]: one for one in called.document["cells"]}


def processes(text: str, *, entry: str = "cmdline") -> list[str]:
    """Command lines of processes of this host, those in containers included, that have a text in `entry` of their /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.name != str(os.getpid()) and text.encode() in (path / entry).read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def gone(text: str, *, entry: str = "cmdline", seconds: float = 5.0) -> bool:
    """Whether no process has that text in it, soon."""
    deadline = time.monotonic() + seconds
    while processes(text, entry=entry):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def forget(client: docker.DockerClient) -> None:
    """Remove all small images from an engine."""
    for image in client.images.list():
        for tag in image.tags:
            if f"/{NAME}:" in tag or f"/{NAME}/" in tag:
                with contextlib.suppress(ImageNotFound, APIError):
                    client.images.remove(tag, force=True)
