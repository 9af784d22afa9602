"""A real registry on the loopback address: Debian's own `docker-registry`, unpacked, not installed, ended with its context."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.apt import fetch_packages, require_apt
from orchestrator.system.apt_sources import host_mirror
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Command, end_group, run, start_daemon
from orchestrator.system.progress import Progress

_PATIENCE = 20.0
_LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def local_registry(places: Places, progress: Progress) -> Iterator[str]:
    """Run a registry and yield its address, `127.0.0.1:PORT`. What is pushed stays for the next time, in the cache directory.

    Raises `EnvironmentFailedError` when it cannot be had or does not start.
    """
    home = places.cache / "registry"
    program = _program(home, places, progress)
    log = places.logs / "registry.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # One registry at a time: two would write into the same storage.
    with locked(
        home / "lock", what="the local registry", on_wait=lambda: progress.note("waiting for another local registry")
    ):
        port = _free_port()
        config = home / "config.yml"
        config.write_text(yaml.safe_dump(_config(home / "storage", port)), encoding="utf-8")
        process = start_daemon([str(program), "serve", str(config)], environment=None, log=log)
        try:
            _await(process, f"http://{_LOOPBACK}:{port}/v2/", log)
            yield f"{_LOOPBACK}:{port}"
        finally:
            end_group(process)


def _program(home: Path, places: Places, progress: Progress) -> Path:
    """Find the registry, fetching its package from the host's own suite the first time."""
    tree = home / "tree"
    program = tree / "usr" / "bin" / "docker-registry"
    with locked(home / "fetch.lock", what="the local registry's package"):
        if program.exists():
            return program
        require_apt(for_what="fetch Debian's docker-registry")
        mirror = host_mirror()
        fetched = fetch_packages(
            ["docker-registry"],
            suite=mirror.codename,
            into=home / "packages",
            state=places.cache / "apt",
            mirror=mirror,
            progress=progress,
        )
        for package in fetched:
            unpacked = run(Command(argv=("dpkg-deb", "--extract", str(package), str(tree)), timeout=120))
            if not unpacked.ok:
                raise EnvironmentFailedError(f"{package} cannot be unpacked: {unpacked.reason}", mend=f"remove {home}")
    return program


def _config(storage: Path, port: int) -> dict[str, object]:
    return {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": {"addr": f"{_LOOPBACK}:{port}"},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    # Loopback is never reached through a proxy, whatever the environment says.
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(url).status_code == httpx.codes.OK:
                    return
            if process.poll() is not None:
                break
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:] if log.exists() else []
    raise EnvironmentFailedError(f"the local registry does not start: {' '.join(tail)}", mend=f"read {log}")
