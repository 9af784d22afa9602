"""Debian's docker-registry with a storage of its own: what other tests pushed is not in it, and what it holds can be looked at."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from orchestrator.registry import local
from orchestrator.system.places import Places
from orchestrator.system.process import end_group, start_daemon
from orchestrator.system.progress import Silent

_PATIENCE = 20.0


@dataclass(frozen=True, kw_only=True)
class OwnRegistry:
    """A running registry: `HOST:PORT`, and where its files are."""

    address: str
    storage: Path

    def files(self) -> dict[str, bytes]:
        """Everything that leads somewhere in it: small files by path, and the names of the blobs."""
        return {
            str(path.relative_to(self.storage)): path.read_bytes() if path.name == "link" else b""
            for path in sorted(self.storage.rglob("*"))
            if path.is_file()
        }


@contextlib.contextmanager
def own_registry(directory: Path, *, htpasswd: str = "") -> Iterator[OwnRegistry]:
    """Run one until the end of the block; with lines of `htpasswd` (bcrypt) it only speaks to those who are in there."""
    directory.mkdir(parents=True, exist_ok=True)
    cache = Places.from_environment().cache
    program = local._program(cache / "registry", Places.from_environment(), Silent())
    port, storage = local._free_port(), directory / "storage"
    document: dict[str, Any] = local._config(storage, port)
    # Uploads that broke off stay as they are: the clean-up of the first hour would be another writer.
    document["storage"]["maintenance"] = {"uploadpurging": {"enabled": False}}
    if htpasswd:
        (directory / "htpasswd").write_text(f"{htpasswd}\n", encoding="utf-8")
        document["auth"] = {"htpasswd": {"realm": "own", "path": str(directory / "htpasswd")}}
    config = directory / "config.yml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    log = directory / "log"
    process = start_daemon([str(program), "serve", str(config)], environment=None, log=log)
    address = f"127.0.0.1:{port}"
    try:
        _await(f"http://{address}/v2/", log)
        yield OwnRegistry(address=address, storage=storage)
    finally:
        end_group(process)


def _await(url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(url).status_code in {httpx.codes.OK, httpx.codes.UNAUTHORIZED}:
                    return
            time.sleep(0.1)
    raise AssertionError(f"the registry does not start: {log.read_text(encoding='utf-8')[-1000:]}")
