"""The process that leads tags, as it is asked and answers; and leading without one."""

from __future__ import annotations

import io
import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pytest

from orchestrator.errors import ExitCode, InterruptedRunError, UnreachableError
from orchestrator.publish.leading import Leader, serve
from orchestrator.publish.model import Target
from orchestrator.publish.visible import make_visible
from orchestrator.registry import registries as registries_module
from orchestrator.registry.archive import Manifest
from orchestrator.registry.credentials import Login
from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Patience, Retries
from tests.unit.publish.fakes import registries_on
from tests.unit.publish.test_visible import Made, state
from tests.unit.registry.wire import FakeWire


def request(targets: Sequence[Target], manifests: Mapping[str, Manifest]) -> bytes:
    document = {
        "targets": [asdict(target) for target in targets],
        "manifests": {digest: [one.raw.decode(), one.media_type] for digest, one in manifests.items()},
        "plain": [],
    }
    return json.dumps(document).encode() + b"\n"


def served(wire: FakeWire, asked: bytes, *, attempts: int = 24) -> list[dict[str, Any]]:
    answers = io.BytesIO()

    def make(plain: frozenset[str], retries: Retries) -> Registries:
        assert plain == frozenset()
        retries.sleep, retries.patience = (lambda _seconds: None), Patience(attempts=attempts)
        return registries_on(wire, retries)

    serve(io.BytesIO(asked), answers, make)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def made(wire: FakeWire, generation: int = 1) -> tuple[Sequence[Target], Mapping[str, Manifest]]:
    one = Made(wire, generation)
    with registries_on(wire) as registries:
        return one.whole(registries).targets, one.manifests


def test_whole_sets_are_led_one_after_the_other() -> None:
    wire = FakeWire()
    first, second = made(wire, 1), made(wire, 2)
    answers = served(wire, request(*first) + request(*second))
    assert [one["code"] for one in answers] == [0, 0]
    assert set(state(wire).values()) == set(second[1])


def test_one_set_after_the_other_is_led_over_the_same_registries_with_the_same_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registries_module, "login_for", lambda *_: Login(username="user", password="x"))  # noqa: S106
    wire = FakeWire()
    first, second = made(wire, 1), made(wire, 2)
    wire.asks_for = "s3cret"
    opened: list[Registries] = []

    def make(_plain: frozenset[str], retries: Retries) -> Registries:
        opened.append(registries_on(wire, retries))
        return opened[-1]

    before = len(wire.requests)
    answers = io.BytesIO()
    serve(io.BytesIO(request(*first) + request(*second)), answers, make)
    assert [json.loads(line)["code"] for line in answers.getvalue().splitlines()] == [0, 0]
    assert len(opened) == 1
    asked = wire.requests[before:]
    tokens = [number for number, (_, path) in enumerate(asked) if path == "/token"]
    puts = [number for number, (method, _) in enumerate(asked) if method == "PUT"]
    # One for each repository, all of them before the first tag.
    assert len(tokens) == len({target.reference.rpartition(":")[0] for target in first[0]}) == 3
    assert max(tokens) < min(puts)
    assert len(puts) == len(first[0]) + len(second[0])


def test_what_was_told_is_done_although_nobody_reads_the_answer() -> None:
    wire = FakeWire()
    asked = request(*made(wire))
    closed = io.BytesIO()
    closed.close()
    serve(io.BytesIO(asked), closed, lambda _plain, _retries: registries_on(wire))
    assert len(state(wire)) == 24


def test_half_a_request_is_none() -> None:
    wire = FakeWire()
    asked = request(*made(wire))
    assert served(wire, asked[: len(asked) // 2]) == []
    assert state(wire) == {}


def test_a_registry_that_stumbles_is_told_and_one_that_is_gone_is_an_answer() -> None:
    wire = FakeWire(rate=0.3, seed=5)
    wire.rate = 0.0
    asked = request(*made(wire))
    wire.rate = 0.3
    answers = served(wire, asked)
    assert answers[-1]["code"] == 0
    assert answers[-1]["retries"] == len(answers) - 1 > 0
    assert all("; try " in one["retry"] for one in answers[:-1])
    wire.after = len(wire.requests)
    (answer,) = (one for one in served(wire, asked, attempts=2) if "code" in one)
    assert answer["code"] == ExitCode.UNREACHABLE
    assert "connection refused" in answer["message"]
    assert answer["mend"]


def test_without_a_process_the_run_leads_them_itself() -> None:
    wire = FakeWire()
    targets, manifests = made(wire)
    with registries_on(wire) as registries:
        leader = Leader(registries=registries)
        leader.lead(targets, manifests)
        leader.close()
    assert set(state(wire).values()) == set(manifests)


class Pipes:
    """A process that answers what it is told to. It ends when nobody asks any more, or with `busy` only when it is killed."""

    def __init__(self, answers: bytes = b"", *, busy: bool = False) -> None:
        self.stdin, self.stdout = io.BytesIO(), io.BytesIO(answers)
        self.busy = busy
        self.ended = False

    def wait(self, timeout: float | None = None) -> int:
        if self.busy:
            assert timeout is not None, "waited for without an end"
            raise subprocess.TimeoutExpired("it", timeout)
        assert self.stdin.closed, "it goes on as long as somebody may ask"
        self.ended = True
        return 0

    def kill(self) -> None:
        self.busy = False


def test_when_the_process_is_gone_the_run_goes_on_by_itself() -> None:
    wire = FakeWire()
    targets, manifests = made(wire)
    with registries_on(wire) as registries:
        leader = Leader(registries=registries)
        gone: Any = Pipes()
        leader._process = gone
        leader.lead(targets, manifests)
        assert gone.ended
        assert gone.stdout.closed
        assert leader.close()
    assert set(state(wire).values()) == set(manifests)


def test_a_process_that_lives_on_without_an_answer_leads_nothing_beside_the_run() -> None:
    with registries_on(FakeWire()) as registries:
        leader = Leader(registries=registries)
        mute: Any = Pipes(busy=True)
        leader._process = mute
        leader.lead((), {})
        assert (mute.busy, mute.ended) == (False, True)


def test_a_process_that_is_still_leading_is_left_to_it_and_its_answers_too() -> None:
    with registries_on(FakeWire()) as registries:
        leader = Leader(registries=registries)
        process: Any = Pipes(busy=True)
        leader._process = process
        assert not leader.close()
        assert process.stdin.closed
        # Another thread may be reading there, and to close it would wait for that.
        assert not process.stdout.closed
        process.busy = False
        assert leader.close()
        assert process.stdout.closed


def test_a_leader_that_was_closed_does_not_go_on_in_the_run() -> None:
    wire, begun, go_on = FakeWire(), threading.Event(), threading.Event()
    targets, manifests = made(wire)

    class Reading(io.BytesIO):
        def readline(self, *_: Any) -> bytes:
            begun.set()
            go_on.wait(10)
            return b""

    with registries_on(wire) as registries, ThreadPoolExecutor(1) as pool:
        leader = Leader(registries=registries)
        process: Any = Pipes(busy=True)
        process.stdout = Reading()
        leader._process = process
        future = pool.submit(leader.lead, targets, manifests)
        assert begun.wait(10)
        assert not leader.close()
        go_on.set()
        with pytest.raises(InterruptedRunError):
            future.result(timeout=10)
    assert state(wire) == {}


def test_what_the_process_had_done_is_not_done_again() -> None:
    wire = FakeWire()
    targets, manifests = made(wire)
    with registries_on(wire) as registries:
        make_visible(registries, targets[:5], manifests)
        leader, before = Leader(registries=registries), len(wire.requests)
        gone: Any = Pipes()
        leader._process = gone
        leader.lead(targets, manifests)
    assert set(state(wire).values()) == set(manifests)
    assert sum(method == "PUT" for method, _ in wire.requests[before:]) == len(targets) - 5


def test_an_error_of_the_process_is_one_of_the_run() -> None:
    told: list[str] = []
    said = [{"retry": "x; try 2 in 1.0 s"}, {"code": 5, "message": "no registry", "mend": "start it", "retries": 3}]
    with registries_on(FakeWire()) as registries:
        leader = Leader(registries=registries, on_retry=told.append)
        process: Any = Pipes(b"".join(json.dumps(one).encode() + b"\n" for one in said))
        leader._process = process
        with pytest.raises(UnreachableError, match="no registry") as caught:
            leader.lead((), {})
        leader.close()
        assert registries.retries.count == 3
    assert caught.value.mend == "start it"
    assert told == ["x; try 2 in 1.0 s"]
