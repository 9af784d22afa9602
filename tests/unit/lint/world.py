"""The servers that checks ask, in memory: everything is there, until a test takes something away."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.inputs.transfer import Transfer
from orchestrator.lint.outside import Outside
from orchestrator.matrix.load import load_matrix
from orchestrator.registry.registries import Registries
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Patience, Retries
from tests.unit.conftest import ROOT

MIRROR = "http://mirror.example.org/debian"
REGISTRY = "localhost:5000"
_INDEX = "application/vnd.oci.image.index.v1+json"
WHEEL = b"a wheel"


@dataclass
class World:
    """`absent` are addresses (beginnings of them) that answer 404, `refusing` those that answer 403, `silent` hosts that cannot be connected to.

    `indexes` maps bases to the platforms that they exist for. pip fetches a wheel of each name in `wheels` and says `said` of any other.
    """

    absent: set[str] = field(default_factory=lambda: {f"{MIRROR}/dists/stretch/"})
    refusing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    indexes: dict[str, set[str]] = field(default_factory=dict)
    wheels: set[str] = field(default_factory=lambda: {"pip", "setuptools", "wheel", "virtualenv"})
    said: str = "ERROR: No matching distribution found for that"
    asked: list[str] = field(default_factory=list)

    def outside(self) -> Outside:
        client = httpx.Client(transport=httpx.MockTransport(self), follow_redirects=True)
        return Outside(
            transfer=Transfer(client=client, sleep=lambda _: None),
            registries=Registries(
                environment={},
                http=lambda _: client,
                retries=Retries(patience=Patience(attempts=2, seconds=1), sleep=lambda _: None),
            ),
            mirror=Mirror(url=MIRROR, codename="bookworm", components=("main",), keyring=None),
            base_registry=REGISTRY,
            runner=self.pip,
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        self.asked.append(address)
        if request.url.netloc.decode() in self.silent:
            raise httpx.ConnectError("connection refused", request=request)
        if request.url.path.startswith("/v2/"):
            return self._manifest(request)
        if any(address.startswith(one) for one in self.absent):
            return httpx.Response(404)
        return httpx.Response(403 if any(address.startswith(one) for one in self.refusing) else 200)

    def _manifest(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/":
            return httpx.Response(200)
        repository, _, wanted = request.url.path.removeprefix("/v2/").partition("/manifests/")
        for name, platforms in self.indexes.items():
            raw = index(platforms)
            digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
            if name.startswith(f"{repository}:") and wanted in {name.partition(":")[2], digest}:
                headers = {"Content-Type": _INDEX, "Docker-Content-Digest": digest}
                return httpx.Response(200, content=raw, headers=headers)
        return httpx.Response(404)

    def pip(self, command: Command) -> Completed:
        *_, flag, directory, named = command.argv
        assert flag == "--dest"
        name, _, version = named.partition("==")
        if name not in self.wheels:
            return Completed(command=command, status=1, stdout=b"", stderr=self.said.encode(), seconds=0.1)
        Path(directory, f"{name}-{version}-py2.py3-none-any.whl").write_bytes(WHEEL)
        return Completed(command=command, status=0, stdout=b"", stderr=b"", seconds=0.1)


def index(platforms: set[str]) -> bytes:
    """Make an index for some platforms, written as registries do it (arm64 without its variant), and an attestation besides."""
    entries = []
    for number, platform in enumerate(sorted(platforms)):
        os, architecture, *variant = platform.split("/")
        written = {"os": os, "architecture": architecture} | (
            {"variant": variant[0]} if variant and architecture == "arm" else {}
        )
        entries.append({"mediaType": "x", "digest": f"sha256:{number:064}", "size": 2, "platform": written})
    entries.append(
        {
            "mediaType": "x",
            "digest": f"sha256:{99:064}",
            "size": 2,
            "platform": {"os": "unknown", "architecture": "unknown"},
        }
    )
    return json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}).encode()


def world() -> World:
    """One in which the bases of the real matrix exist for just the architectures that it names."""
    matrix = load_matrix(ROOT / "versions.json")
    platforms = {one.name: str(one.platform) for one in matrix.known}
    return World(
        indexes={
            base: {platforms[name] for name in suite.architectures}
            for suite in matrix.suites
            for base in suite.bases.values()
        }
    )
