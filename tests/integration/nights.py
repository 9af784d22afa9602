"""What a night needs of the outside, on the loopback address: two bases in a registry, and a site of releases."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.integration.based_registry import push_base
from tests.integration.flaky import Flaky
from tests.integration.small import TEMPLATE
from tests.integration.small_command import NAME, Small

#: References of the two bases in a Dockerfile.
SLIM, FULL = "debian:bullseye-slim", "buildpack-deps:bullseye"
#: A site of releases where nobody answers: no name has to be looked up for it.
_NO_SITE = "http://127.0.0.1:9/ftp"
#: With a kind of manifest missing here, docker-registry would make up one of the oldest kind.
_KINDS = ("vnd.oci.image.index.v1", "vnd.oci.image.manifest.v1", "vnd.docker.distribution.manifest.v2")
_ACCEPT = ", ".join(f"application/{kind}+json" for kind in _KINDS)


@dataclass(frozen=True, kw_only=True)
class Nights:
    """Small images whose bases are in a registry, and that are published to it through a proxy that writes down every request."""

    small: Small
    registry: str
    proxy: Flaky
    namespace: str

    def config(self, **settings: Any) -> None:
        """Write the config."""
        own = {
            "bases": "registry",
            "base_registry": f"{self.registry}/{self.namespace}",
            "registry": self.proxy.address,
        }
        self.small.config(**{**own, "namespace": self.namespace, **settings})

    def matrix(
        self,
        *lines: str,
        archs: tuple[str, ...] = ("amd64",),
        variants: tuple[str, ...] = ("slim-bullseye",),
        more: str = "",
        site: str = _NO_SITE,
    ) -> tuple[str, ...]:
        """Write a matrix that no cache knows, under a name that no other test publishes, and a config; gives the ids of its cells."""
        self.small.matrix(lines=lines, archs=archs, more=more)
        path = self.small.directory / "versions.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document |= {"name": f"{NAME}-{self.namespace}", "release_site": site}
        for line in document["lines"].values():
            line["variants"] = list(variants)
        path.write_text(json.dumps(document), encoding="utf-8")
        templates = self.small.directory / "dockerfile-templates"
        slim = (templates / "slim.Dockerfile.j2").read_text(encoding="utf-8")
        assert slim.startswith(TEMPLATE.partition("\n")[0])
        (templates / "full.Dockerfile.j2").write_text(slim.replace(SLIM, FULL), encoding="utf-8")
        self.config()
        return tuple(f"{line}-{variant}-{arch}" for line in lines for variant in variants for arch in archs)

    def bases(self, slim: str = "first", *, full: str = "first", moved: tuple[str, ...] = ("amd64", "arm64v8")) -> None:
        """Push both bases, and let `slim` move on the architectures that have `moved` since the first time."""
        first = {arch: f"{self.namespace} {full} {arch} full".encode() for arch in ("amd64", "arm64v8")}
        push_base(self.registry, self.namespace, name=FULL, own=first)
        own = {
            arch: f"{self.namespace} {slim if arch in moved else 'first'} {arch}".encode()
            for arch in ("amd64", "arm64v8")
        }
        push_base(self.registry, self.namespace, name=SLIM, own=own)

    def requests(self) -> list[tuple[str, str]]:
        """Methods and paths of what was asked of the registry that is published to, since the last time."""
        asked = [(method, path) for method, path, _ in self.proxy.log]
        self.proxy.log.clear()
        return asked

    def tags(self) -> dict[str, str]:
        """Map every tag that is published (`REPOSITORY:TAG`) to its digest, read past the proxy and past this program."""
        found = {}
        with httpx.Client(
            base_url=f"http://{self.registry}/v2/", trust_env=False, headers={"Accept": _ACCEPT}
        ) as client:
            for owner in ("amd64", "arm64v8", self.namespace):
                repository = f"{owner}/{NAME}-{self.namespace}"
                for tag in client.get(f"{repository}/tags/list").json().get("tags") or ():
                    if not tag.startswith(
                        "sha256-"
                    ):  # what is attached to an image, where the registry has no referrers
                        head = client.head(f"{repository}/manifests/{tag}")
                        assert head.status_code == httpx.codes.OK
                        found[f"{repository}:{tag}"] = str(head.headers["Docker-Content-Digest"])
        return found


def new_namespace() -> str:
    """A name that nothing has been published under."""
    return f"n{uuid.uuid4().hex[:10]}"


@dataclass(kw_only=True)
class Site:
    """A site of releases: `listing` is its page, `tarballs` the paths below it that are there. It answers after `pause` seconds."""

    listing: bytes = b""
    tarballs: frozenset[str] = frozenset()
    pause: float = 0.0
    address: str = ""
    asked: list[str] = field(default_factory=list)

    def has(self, releases: Mapping[str, bool]) -> None:
        """List directories of releases, each with its tarball or without."""
        self.listing = "".join(f'<a href="{one}/">{one}/</a>\n' for one in releases).encode()
        self.tarballs = frozenset(f"/ftp/{one}/Python-{one}.tar.xz" for one, there in releases.items() if there)


@contextlib.contextmanager
def release_site() -> Iterator[Site]:
    """Serve such a site, until the end of the block."""
    site, over = Site(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(f"{self.command} {self.path}")
            deadline = time.monotonic() + site.pause
            while time.monotonic() < deadline and not over.wait(0.05):
                pass
            there = self.path == "/ftp/" or self.path in site.tarballs
            self.send_response(200 if there else 404)
            self.end_headers()
            if self.command == "GET" and there:
                self.wfile.write(site.listing)

        do_HEAD = do_GET  # noqa: N815 - http.server looks for this name

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # who asks does not wait for a slow site
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_address[1]}/ftp"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
