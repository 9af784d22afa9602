"""`lint --online` with a real site of releases, a real registry of bases, the host's own Debian mirror and pip's real index; and with real git."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.system.apt_sources import host_mirror
from tests.integration.command_line import ROOT, Called, CommandLine
from tests.integration.own_registry import OwnRegistry, own_registry

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
PLATFORMS = ("linux/amd64", "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "linux/386")
SOURCES = {"/3.9.2/Python-3.9.2.tar.xz", "/2.7.18/Python-2.7.18.tgz"}


@dataclass
class Site:
    """A release site: `files` are there, `asked` are the requests."""

    address: str
    files: set[str]
    asked: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            made.asked.append((self.command, self.path))
            self.send_response(200 if self.path in made.files else 404)
            self.send_header("Content-Length", "17000000" if self.path in made.files else "0")
            self.end_headers()

        do_GET = do_HEAD  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(address=f"http://127.0.0.1:{server.server_address[1]}", files=set(SOURCES))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRegistry]:
    with own_registry(tmp_path_factory.mktemp("registry")) as running:
        for name in ("debian:bullseye-slim", "buildpack-deps:bullseye"):
            push(running.address, name, PLATFORMS)
        yield running


def push(registry: str, name: str, platforms: tuple[str, ...]) -> None:
    """Push an index of small manifests, one for each platform."""
    repository, _, tag = name.partition(":")
    with httpx.Client(base_url=f"http://{registry}/v2/{repository}/", trust_env=False, timeout=30) as client:

        def put(document: dict[str, Any], reference: str = "") -> dict[str, Any]:
            data = json.dumps(document).encode()
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            headers = {"Content-Type": str(document["mediaType"])}
            assert client.put(f"manifests/{reference or digest}", content=data, headers=headers).status_code == 201
            return {"mediaType": document["mediaType"], "digest": digest, "size": len(data)}

        entries = []
        for platform in platforms:
            os_, architecture, *variant = platform.split("/")
            written = {"os": os_, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
            config = json.dumps(written).encode()
            digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
            begun = client.post("blobs/uploads/")
            where = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest})
            octets = {"Content-Type": "application/octet-stream"}
            assert client.put(where, content=config, headers=octets).status_code == 201
            described = {"mediaType": _CONFIG, "digest": digest, "size": len(config)}
            manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": described, "layers": []}
            entries.append({**put(manifest), "platform": written})
        put({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}, tag)


@dataclass(frozen=True, kw_only=True)
class Project:
    """The Debian-only matrix in a repository of its own, committed."""

    root: Path
    orchestrator: CommandLine

    def data(self, old: str, new: str) -> None:
        path = self.root / "versions.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def call(self, *words: str) -> Called:
        return self.orchestrator("--matrix", str(self.root / "versions.json"), *words)

    def git(self, *words: str) -> None:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
        git = shutil.which("git")
        assert git is not None
        subprocess.run([git, "-C", self.root, *who, *words], check=True, capture_output=True, env=environment)

    def commit(self) -> None:
        assert self.call("render").code == 0
        self.git("add", ".")
        self.git("commit", "-q", "-m", "all")


@pytest.fixture
def project(orchestrator: CommandLine, site: Site, registry: OwnRegistry, tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "examples" / "debian" / "versions.json", root)
    made = Project(root=root, orchestrator=orchestrator)
    made.data("https://www.python.org/ftp/python", site.address)
    (root / "orchestrator.yaml").write_text(f"base_registry: {registry.address}\n")
    made.git("init", "-q")
    made.commit()
    return made


def online(project: Project, *words: str) -> tuple[int, dict[str, str]]:
    """Exit code and messages by code. The links of reasons are left out: they lead into the world, which is not there for every machine."""
    config = str(project.root / "orchestrator.yaml")
    called = project.call("lint", "--online", "--ignore", "R211", "--json", "--config", config, *words)
    return called.code, {one["code"]: one["message"] for one in called.document if one["code"][0] in "AU"}


def test_what_is_there_is_found_there(project: Project, site: Site) -> None:
    assert host_mirror().url
    assert online(project) == (0, {})
    assert {path for _, path in site.asked} == SOURCES
    assert {method for method, _ in site.asked} == {"HEAD"}


def test_what_is_not_there_is_told_and_exits_3(project: Project, site: Site, registry: OwnRegistry) -> None:
    site.files.remove("/2.7.18/Python-2.7.18.tgz")
    project.data("pool/main/p/python3.9/python3.9_3.9.2.orig", "pool/main/p/python3.9/python3.9_3.9.99.orig")
    project.data('"bullseye": {\n      "family"', '"nosuchsuite": {\n      "family"')
    project.data('"default_suite": "bullseye"', '"default_suite": "nosuchsuite"')
    project.data('["bullseye", "slim-bullseye"]', '["nosuchsuite", "slim-nosuchsuite"]')
    project.data("debian:bullseye-slim", "debian:no-such-tag")
    project.data('"53.0.0", "sha256": "0e', '"53.0.0", "sha256": "1e')
    push(registry.address, "buildpack-deps:other", (*PLATFORMS[:3], "linux/s390x"))
    project.data("buildpack-deps:bullseye", "buildpack-deps:other")
    code, found = online(project, "--against", "none", "--ignore", "D")
    assert code == 3
    assert found["U610"] == f"the source of 2.7.18 is not at {site.address}/2.7.18/Python-2.7.18.tgz"
    assert "does not have the pool file of 3.9" in found["U611"]
    assert "has no suite nosuchsuite" in found["U612"]
    assert found["A403"] == "debian:no-such-tag is not in its registry"
    assert found["A404"] == "buildpack-deps:other does not exist for arm64v8, i386"
    assert "setuptools 53.0.0 cannot be had as it is pinned" in found["U614"]
    assert set(found) == {"U610", "U611", "U612", "U614", "A403", "A404"}


def test_who_does_not_answer_makes_it_exit_5(project: Project) -> None:
    (project.root / "orchestrator.yaml").write_text("base_registry: 127.0.0.1:9\n")
    code, found = online(project)
    assert (code, list(found)) == (5, ["U690"])
    assert found["U690"].startswith("127.0.0.1:9 could not be asked")
    assert online(project, "--ignore", "U690")[0] == 0


def test_tags_are_compared_with_the_last_commit_or_another_one(project: Project) -> None:
    project.data('"wheel": {"version": "0.32.3"', '"wheel":  {"version": "0.32.3"')
    assert project.call("lint").code == 0
    project.data('"variants": ["bullseye", "slim-bullseye"]\n    },', '"variants": ["bullseye"]\n    },')
    called = project.call("lint", "--select", "T", "--json")
    assert called.code == 3
    assert [one["code"] for one in called.document] == ["T502"]
    assert called.document[0]["place"].endswith("versions.json:24")
    # The Dockerfile of what was taken out is committed as it is, so it may go.
    fixed = project.call("lint", "--fix", "--ignore", "T")
    assert fixed.code == 0
    assert "removed " in fixed.out
    assert not (project.root / "3.9" / "bullseye" / "slim").exists()
    project.commit()
    assert project.call("lint").code == 0
    assert project.call("lint", "--against", "HEAD~1").code == 3
    assert project.call("lint", "--against", "no-such").code == 2


def test_an_orphan_that_git_does_not_have_stays(project: Project) -> None:
    left = project.root / "3.8" / "bullseye" / "Dockerfile"
    left.parent.mkdir(parents=True)
    shutil.copy(project.root / "3.9" / "bullseye" / "Dockerfile", left)
    called = project.call("lint", "--fix", "--json")
    assert called.code == 3
    assert [(one["code"], one["fixable"]) for one in called.document if one["level"] == "error"] == [("D303", False)]
    assert left.exists()


def test_outside_git_there_is_a_note(project: Project) -> None:
    shutil.rmtree(project.root / ".git")
    called = project.call("lint", "--select", "T", "--json")
    assert called.code == 0
    assert [one["code"] for one in called.document] == ["T508"]


def test_our_own_matrices_are_linted_within_a_second(orchestrator: CommandLine) -> None:
    called = [orchestrator("lint", "--matrix", name) for name in ("versions.json", "examples/debian/versions.json")]
    assert [one.code for one in called] == [0, 0]
    assert min(one.seconds for one in called) < 1.0
