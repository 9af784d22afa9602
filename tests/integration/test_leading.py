"""The process that leads tags, for real: it is reaped when it dies, left to its work when a run ends, and whoever waits for a registry is woken."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.errors import OrchestratorError
from orchestrator.publish.leading import Leader
from orchestrator.publish.model import Target
from orchestrator.registry.archive import Manifest
from orchestrator.registry.registries import Registries
from orchestrator.system.owners import owner
from tests.integration.conftest import ROOT

MANIFEST = Manifest.of(b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}')

#: Ends a leader before it is told of anything, then ends itself.
DYING = """
import os, signal
from orchestrator.publish.leading import Leader
from orchestrator.registry.registries import Registries
leader = Leader(registries=Registries(environment=dict(os.environ)))
leader.start()
pid = leader._process.pid
os.kill(pid, signal.SIGKILL)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
leader.lead([], {})
print(leader.close(), os.path.exists(f"/proc/{pid}"))
"""


@dataclass(kw_only=True)
class Slow:
    """A registry that answers nothing but questions until it is told to; `tags` are what was set."""

    address: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    tags: dict[str, bytes] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        reference = f"{self.address}/amd64/python:x"
        return Target(reference=reference, digest=MANIFEST.digest, before=None, index=False, release=True)


@pytest.fixture
def slow() -> Iterator[Slow]:
    found = Slow()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

        def do_GET(self) -> None:
            self._say(200)

        def do_HEAD(self) -> None:
            self._say(200 if self.path in found.tags else 404)

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.set()
            found.go_on.wait(60)
            found.tags[self.path] = body
            self._say(201)

        def _say(self, status: int) -> None:
            with contextlib.suppress(OSError):  # whoever asked may be gone
                self.send_response(status)
                if self.path in found.tags:
                    self.send_header("Docker-Content-Digest", MANIFEST.digest)
                self.send_header("Content-Length", "0")
                self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            found.go_on.set()
            server.shutdown()
            thread.join()


def test_a_leader_that_died_leaves_no_zombie_and_no_words(tmp_path: Path) -> None:
    script = tmp_path / "dying.py"
    script.write_text(DYING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_a_run_that_is_interrupted_while_tags_are_led_ends_at_once_and_the_leader_goes_on(slow: Slow) -> None:
    registries = Registries(environment=dict(os.environ))
    leader = Leader(registries=registries)
    leader.start()
    assert leader._process is not None
    pid = leader._process.pid
    reading = threading.Thread(target=_quietly, args=(leader, slow))
    try:
        reading.start()
        assert slow.asked.wait(30)
        began = time.monotonic()
        assert not leader.close()
        registries.stop()
        assert time.monotonic() - began < 10
        assert owner(pid)
        assert not slow.tags
        slow.go_on.set()
        reading.join(30)
        assert not reading.is_alive()
        assert leader.close()
        assert not owner(pid)
        assert len(slow.tags) == 1
    finally:
        slow.go_on.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_stop_wakes_whoever_waits_for_an_answer(slow: Slow) -> None:
    registries = Registries(environment=dict(os.environ))
    failed: list[OrchestratorError] = []

    def put() -> None:
        try:
            with registries.asking(slow.address, "no way") as one:
                one.set_manifest("amd64/python", "x", MANIFEST)
        except OrchestratorError as error:
            failed.append(error)

    waiting = threading.Thread(target=put)
    waiting.start()
    assert slow.asked.wait(30)
    began = time.monotonic()
    registries.stop()
    waiting.join(30)
    assert time.monotonic() - began < 5
    assert [one.code for one in failed] == [130]


def _quietly(leader: Leader, slow: Slow) -> None:
    with contextlib.suppress(OrchestratorError):
        leader.lead([slow.target], {MANIFEST.digest: MANIFEST})
