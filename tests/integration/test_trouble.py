"""What goes wrong at night, in the real command: steps that hang, break, run out of memory; emulators that crash; registries that stumble or are gone."""

from __future__ import annotations

import http.server
import random
import re
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.ledger.records import State
from orchestrator.registry.local import local_registry
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.based_registry import push_base
from tests.integration.command_line import Called
from tests.integration.flaky import Fault, flaky
from tests.integration.small_command import Small, by_cell, forget, gone, processes

LINE = ("3.9",)
AMD64, ARM64 = "3.9-slim-bullseye-amd64", "3.9-slim-bullseye-arm64v8"
OLD_AMD64, OLD_ARM64 = "2.7-slim-bullseye-amd64", "2.7-slim-bullseye-arm64v8"
#: What every emulated build of arm64v8 is told.
ROOM = "QEMU_RESERVED_VA=0x10000000000"
MANY = ("3.9", "3.8", "3.7", "3.6", "3.5", "2.7")
#: One step for four cells. A signal that the first process of a container sends to itself may be ignored, so others get them.
STEP = """\
 && case "{{ image.id }} $(uname -m)" in \
 3.9*x86_64) echo broken; exit 2;; \
 2.7*x86_64) sh -c 'kill -9 $$';; \
 3.9*aarch64) sh -c 'kill -SEGV $$';; \
 2.7*aarch64) [ "$QEMU_CPU" ] || sh -c 'kill -SEGV $$';; \
 esac"""


@pytest.fixture(scope="module")
def registry(client: docker.DockerClient) -> Iterator[str]:
    """A registry that fails nothing."""
    with local_registry(Places.from_environment(), Silent()) as address:
        yield address
    forget(client)


@pytest.fixture(scope="module")
def namespace(registry: str) -> str:
    """Where the base lies in it."""
    name = f"trouble-{uuid.uuid4().hex[:12]}"
    assert push_base(registry, name).startswith("sha256:")
    return name


@pytest.fixture
def small(tmp_path: Path, client: docker.DockerClient) -> Iterator[Small]:
    yield Small.at(tmp_path)
    forget(client)


def failures(called: Called) -> dict[str, str]:
    """The classes of the cells that failed."""
    return {name: one["failure"]["class"] for name, one in by_cell(called).items() if one["failure"]}


@pytest.mark.parametrize(
    ("limits", "kind", "said"),
    [
        ({"timeout_minutes": 0.125, "emulation_factor": 1.6}, "timeout", "not done after 12 s"),
        ({"silence_minutes": 0.1, "emulation_factor": 2}, "silence", "silent for 12 s"),
    ],
)
def test_a_hung_emulated_step_is_ended_at_its_limit_and_the_others_finish(
    small: Small, limits: dict[str, Any], kind: str, said: str
) -> None:
    sleep = f"sleep 3000.{random.randrange(10**8, 10**9)}"
    small.matrix(lines=LINE, more=f' && {{ [ "$(uname -m)" != aarch64 ] || {sleep}; }}')
    small.config(**limits)
    with small.started("build", "--json") as going:
        going.wait_for(f"{AMD64}: built and proven", seconds=60)
        assert processes(sleep)
        called = going.ended(seconds=60)
    results = by_cell(called)
    assert (called.code, failures(called)) == (1, {ARM64: kind})
    assert said in results[ARM64]["failure"]["message"]
    assert results[ARM64]["tries"] == 1
    assert results[AMD64]["ok"]
    assert gone(sleep)
    assert gone(str(small.directory), entry="environ")
    told = {one["id"]: one for one in small("history", "--json").document}
    assert (told[ARM64]["state"], told[ARM64]["failure"]) == ("failed", kind)
    assert (told[AMD64]["state"], told[AMD64]["failure"]) == ("proven", "")


def test_each_failure_gets_what_it_deserves(small: Small) -> None:
    """A broken step and a lack of memory are final, a crashed emulator is tried once more with another setting."""
    small.matrix(more=STEP)
    small.compile_apart()
    small.config()
    called = small("build", "--json")
    assert called.code == 1, called.err
    assert failures(called) == {AMD64: "compile error", OLD_AMD64: "out of memory", ARM64: "emulator crash"}
    assert {name: one["tries"] for name, one in by_cell(called).items()} == {
        AMD64: 1, OLD_AMD64: 1, ARM64: 2, OLD_ARM64: 2,
    }  # fmt: skip
    for cell, state in ((ARM64, State.FAILED), (OLD_ARM64, State.PROVEN)):
        second, first = small.attempts(cell)
        assert (first.state, first.failure_class, first.tries, first.setting) == (
            State.FAILED, "emulator crash", 1, ROOM,
        )  # fmt: skip
        assert (second.state, second.tries, second.setting) == (state, 2, f"{ROOM} QEMU_CPU=cortex-a57")
        assert second.key == first.key
        assert "uncaught target signal 11" in Path(first.log).read_text(encoding="utf-8")
        assert f"{cell}: emulator crash: " in called.err
    # What was made under the other setting is the same thing: nothing to do.
    assert {one["id"]: one["action"] for one in small("plan", "--json").document["cells"]}[OLD_ARM64] == "nothing"


class _Empty(http.server.BaseHTTPRequestHandler):
    """An upstream that has nothing."""

    asked: Counter[str]

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - http.server looks for this name

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[tuple[str, Counter[str]]]:
    """Its address, and how often which path was asked for."""
    asked: Counter[str] = Counter()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Empty", (_Empty,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_that_upstream_no_longer_has_is_asked_for_once(small: Small, upstream: tuple[str, Counter[str]]) -> None:
    address, asked = upstream
    small.matrix(
        archs=("amd64",),
        more=f'\n{{% if image.id.startswith("2.7") %}}\nADD http://{address}/x.tar /x\n{{% endif %}}\n',
    )
    small.config()
    called = small("build", "--json")
    assert (called.code, failures(called)) == (5, {OLD_AMD64: "upstream gone"}), called.err
    assert by_cell(called)[AMD64]["ok"]
    assert len(small.attempts(OLD_AMD64)) == 1
    assert set(asked) == {"/x.tar"}
    assert asked["/x.tar"] <= 2  # HEAD, then GET


def test_a_base_that_the_registry_does_not_have_ends_the_run_before_it_begins(small: Small, registry: str) -> None:
    small.matrix()
    small.config(bases="registry", base_registry=f"{registry}/nothing-here")
    called = small("build", "--json")
    assert called.code == 5
    assert "debian:bullseye-slim" in called.err
    assert "not found" in called.err
    assert small.attempts() == ()


def test_a_night_gets_through_a_registry_that_fails_30_percent_of_all_requests(
    small: Small, registry: str, namespace: str
) -> None:
    cells = small.matrix(lines=LINE)
    with flaky(registry, seed=3) as proxy:
        small.config(
            bases="registry", base_registry=f"{proxy.address}/{namespace}", registry=f"{proxy.address}/{namespace}",
            retries={"attempts": 20},
        )  # fmt: skip
        called = small("nightly", "--json")
        assert called.code == 0, called.err
        assert proxy.failures > 0.15 * proxy.requests
        layers = [path for method, path, fault in proxy.log if method == "GET" and "/blobs/" in path and fault is None]
    assert layers, "the base was not pulled"
    document = called.document
    assert document["held_back"] == {}
    assert {one["id"] for one in document["cells"] if one["ok"]} == set(cells)
    assert document["retries"] > 0
    assert called.err.count("; try ") >= document["retries"]
    # A failed pull of the base is a failure that passes, and what was tried again is in the ledger.
    lost = [one for one in small.attempts() if one.state is State.FAILED]
    assert {one.failure_class for one in lost} <= {"network", "registry busy"}
    assert sum(one["tries"] - 1 for one in document["cells"]) == len(lost)
    assert small.idle()


def test_a_registry_that_is_gone_before_the_run_ends_it_at_once(small: Small) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        small.matrix(lines=MANY)
        small.config(bases="registry", base_registry=f"{address}/any")
        called = small("build", "--json")
    assert called.code == 5
    assert "connection refused" in called.err
    assert called.seconds < 30
    assert small.attempts() == ()


def test_a_registry_that_goes_in_the_middle_stops_the_run_after_a_few_cells(
    small: Small, registry: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look-ups ask by tag and for the index; when the engine comes for a platform's manifest, nobody is there any more."""
    index = push_base(registry, f"{namespace}-gone")
    cells = small.matrix(lines=MANY)
    with flaky(registry, seed=0, rate=0.0) as proxy:

        def fate(method: str, path: str) -> Fault | None:
            fault = Fault.CLOSED if "sha256:" in path and index not in path else None
            proxy.log.append((method, path, fault))
            return fault

        monkeypatch.setattr(proxy, "fate", fate)
        small.config(
            bases="registry", base_registry=f"{proxy.address}/{namespace}-gone", retries={"attempts": 1}, jobs=2
        )
        called = small("build", "--json")
    results = by_cell(called)
    assert called.code == 5, called.err
    assert len(results) == len(cells) == 12
    tried = [one for one in results.values() if one["tries"]]
    assert 3 <= len(tried) <= 4  # another one may be at work when the third fails
    assert set(failures(called).values()) == {"network"}
    assert len(small.attempts()) == len(tried)
    assert called.err.count("cells in a row failed") == 1
    assert re.search(r"not tried: \d cells in a row failed, the last with network: ", called.err), called.err
