"""Another real engine beside the one at work: a second machine of a farm, as far as one host can have two."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker

from orchestrator.engine import embedded, leftovers
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine
from orchestrator.engine.packages import current_tree, ensure_tree
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Command, run
from orchestrator.system.progress import Silent

_KILL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class SecondEngine:
    """A private engine that buildx shows under `name`.

    `environment` is for calls of the docker CLI: DOCKER_HOST is the first engine's, and DOCKER_CONFIG a directory with a context for this one.
    """

    name: str
    layout: Layout
    environment: Mapping[str, str]

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST."""
        return self.layout.host

    @contextlib.contextmanager
    def client(self) -> Iterator[docker.DockerClient]:
        """A connection to this engine."""
        with contextlib.closing(docker.DockerClient(base_url=self.host, timeout=60)) as opened:
            yield opened

    def kill(self) -> None:
        """End it as a power failure would: KILL to daemon, containerd, shims and whatever runs in its containers."""
        deadline = time.monotonic() + _KILL_SECONDS
        while left := self._processes():
            assert time.monotonic() < deadline, f"these survive KILL: {left}"
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang: its socket takes connections, and nobody answers."""
        stopped = leftovers.engine_processes(self.layout.trees)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        return leftovers.engine_processes(self.layout.trees) + leftovers.container_processes(self.layout.data)


@contextlib.contextmanager
def second_engine(first: Engine, *, name: str = "second") -> Iterator[SecondEngine]:
    """Start another engine from the embedded one's programs, with images, containerd, sockets and a network bridge of its own.

    Whatever happens inside, even `kill`, it is stopped at the end, its mounts and its files are gone, and nothing of it is left on the host.
    """
    own = Layout.of(Places.from_environment())
    with locked(own.lock, what="the embedded engine"):
        tree = ensure_tree(own, Silent())
    with tempfile.TemporaryDirectory(prefix="second-engine-") as scratch:
        layout = Layout.of(Places(cache=Path(scratch) / "cache", state=Path(scratch) / "state"))
        # /proc tells whose a process is by the path of its program: links would make this engine's look like the first one's.
        shutil.copytree(tree.path, layout.trees / tree.path.name, symlinks=True, copy_function=_link)
        shutil.copyfile(own.current, layout.current)
        with locked(layout.lock, what="the second engine"):
            try:
                embedded.start(layout, Silent(), keep=True)
                yield SecondEngine(name=name, layout=layout, environment=_client(first, layout, name, Path(scratch)))
            finally:
                embedded.stop(layout, Silent())
                embedded.purge(layout)  # refuses while anything is mounted below


def _client(first: Engine, layout: Layout, name: str, scratch: Path) -> Mapping[str, str]:
    """Make a directory for DOCKER_CONFIG that has the plugins of the first engine's, and a context for the second."""
    config = scratch / "client"
    plugins = config / "cli-plugins"
    plugins.mkdir(parents=True)
    tree = current_tree(layout)
    assert tree is not None
    (plugins / tree.buildx.name).symlink_to(tree.buildx)
    environment = {**first.environment, "DOCKER_HOST": first.host, "DOCKER_CONFIG": str(config)}
    argv = (first.docker, "context", "create", name, "--docker", f"host={layout.host}")
    made = run(Command(argv=argv, environment=environment))
    assert made.ok, made.reason
    return environment


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
