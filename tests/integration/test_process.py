"""The one place that starts processes, with real ones: nothing that it started may outlive it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import (
    Cancellation,
    Command,
    Stream,
    end_group,
    run,
    start_daemon,
    stream,
)

#: Far longer than any test waits: what still sleeps has not been ended.
LONG = "300"


def shell(script: str, *, timeout: float | None = 30, stdin: bytes | None = None) -> Command:
    return Command(argv=("sh", "-c", script), timeout=timeout, stdin=stdin)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def test_both_streams_and_the_status_are_collected() -> None:
    ended = run(shell("echo out; echo err >&2; exit 3"))
    assert (ended.status, ended.stdout, ended.stderr, ended.ok, ended.timed_out) == (
        3,
        b"out\n",
        b"err\n",
        False,
        False,
    )
    assert ended.text == "out"
    assert ended.reason == "err"


def test_a_signal_is_a_negative_status() -> None:
    assert run(shell("kill -9 $$")).status == -signal.SIGKILL


def test_much_output_on_both_streams_does_not_lock() -> None:
    ended = run(shell("head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2"))
    assert (ended.status, len(ended.stdout), len(ended.stderr)) == (0, 3_000_000, 2_000_000)


def test_output_is_handed_on_while_the_process_runs() -> None:
    arrived: list[tuple[float, Stream, bytes]] = []
    started = time.monotonic()
    stream(
        shell("echo first; sleep 1; echo second >&2"),
        on_output=lambda name, data: arrived.append((time.monotonic() - started, name, data)),
    )
    assert [(name, data) for _, name, data in arrived] == [("stdout", b"first\n"), ("stderr", b"second\n")]
    assert arrived[0][0] < 0.8 < arrived[1][0]


def test_stdin_is_closed() -> None:
    ended = run(shell("cat; echo read to the end", timeout=10))
    assert ended.stdout == b"read to the end\n"


def test_stdin_is_fed_whole() -> None:
    data = bytes(range(256)) * 4096
    assert run(Command(argv=("cat",), stdin=data, timeout=30)).stdout == data


def test_a_process_that_does_not_read_its_stdin_may_end() -> None:
    assert run(Command(argv=("true",), stdin=b"x" * 1_000_000, timeout=30)).ok


def test_the_environment_is_replaced_or_inherited_and_the_directory_kept(tmp_path: Path) -> None:
    python = (sys.executable, "-c", "import os; print(sorted(os.environ), os.getcwd())")
    seen = run(Command(argv=python, environment={"ONLY": "1", "LC_ALL": "C.UTF-8"}, directory=tmp_path)).text
    assert seen == f"['LC_ALL', 'ONLY'] {tmp_path}"
    assert "PATH" in run(Command(argv=python)).text


def test_it_runs_in_a_session_of_its_own() -> None:
    ended = run(Command(argv=(sys.executable, "-c", "import os; print(os.getpid(), os.getsid(0))")))
    pid, session = ended.text.split()
    assert pid == session
    assert int(session) != os.getsid(0)


def test_what_does_not_exist_cannot_be_started() -> None:
    with pytest.raises(EnvironmentFailedError, match="no-such-program-here cannot be started: No such file"):
        run(Command(argv=("no-such-program-here",)))


def test_what_may_not_be_executed_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text", encoding="utf-8")
    with pytest.raises(EnvironmentFailedError, match="Permission denied"):
        run(Command(argv=(str(tmp_path / "plain"),)))


def test_the_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    ended = run(shell(f"sleep {LONG} & echo $! >{file}; sleep {LONG} & echo $! >>{file}; wait", timeout=1))
    assert ended.timed_out
    assert not ended.ok
    assert ended.seconds < 4
    assert "no end after 1 s" in ended.reason
    assert len(pids(file)) == 2
    assert soon(lambda: not any(alive(pid) for pid in pids(file)))


def test_a_child_that_ignores_term_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    # The leader obeys at once; its child does not, and is left to whoever ends the group.
    child = shlex.quote(f"trap '' TERM; echo $$ >{file}; while :; do sleep 1; done")
    ended = run(shell(f"sh -c {child} & wait", timeout=1))
    assert ended.timed_out
    (pid,) = pids(file)
    assert not alive(pid)
    assert 5 < ended.seconds < 9


def test_a_leader_that_ignores_term_is_killed() -> None:
    ended = run(shell("trap '' TERM; while :; do sleep 1; done", timeout=0.5))
    assert ended.status == -signal.SIGKILL
    assert 5 < ended.seconds < 9


def test_a_child_gets_its_grace_time_to_clean_up_although_the_leader_is_gone(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    child = shlex.quote(f"trap 'sleep 0.5; touch {cleaned}; exit' TERM; echo ready; while :; do sleep 0.1; done")
    said: list[bytes] = []
    stop = Cancellation()

    def on_output(_: Stream, data: bytes) -> None:
        said.append(data)
        stop.cancel()

    stream(shell(f"sh -c {child} & wait"), on_output=on_output, cancellation=stop)
    assert said[0] == b"ready\n"
    assert cleaned.exists()


def test_cancelling_ends_the_group_soon(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    stop = Cancellation()
    timer = threading.Timer(0.5, stop.cancel)
    timer.start()
    try:
        ended = stream(
            shell(f"sleep {LONG} & echo $! >{file}; wait"), on_output=lambda _name, _data: None, cancellation=stop
        )
    finally:
        timer.cancel()
    assert ended.status == -signal.SIGTERM
    assert not ended.timed_out
    assert ended.seconds < 3
    assert soon(lambda: not any(alive(pid) for pid in pids(file)))


def test_a_child_left_behind_with_the_pipes_does_not_hold_us_past_the_grace_time(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    ended = run(shell(f"sleep {LONG} & echo $! >{file}; echo done"))
    assert (ended.status, ended.stdout) == (0, b"done\n")
    assert ended.seconds < 8
    assert not any(alive(pid) for pid in pids(file))


def test_not_even_one_that_left_the_session(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    ended = run(shell(f"setsid sh -c 'echo $$ >{file}; exec sleep {LONG}' & echo done"))
    try:
        assert ended.stdout == b"done\n"
        assert ended.seconds < 10
    finally:
        for pid in pids(file):
            os.kill(pid, signal.SIGKILL)


def test_what_the_reader_raises_ends_the_process_and_is_raised(tmp_path: Path) -> None:
    file = tmp_path / "pids"

    def full(_name: Stream, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    started = time.monotonic()
    with pytest.raises(OSError, match="No space left on device"):
        stream(shell(f"echo $$ >{file}; while :; do echo more; done"), on_output=full)
    assert time.monotonic() - started < 4
    assert not any(alive(pid) for pid in pids(file))


def test_an_interruption_of_the_waiting_thread_ends_the_group(tmp_path: Path) -> None:
    file = tmp_path / "pids"

    class Interrupting(Cancellation):
        @property
        def requested(self) -> bool:
            if pids(file):
                raise KeyboardInterrupt
            return False

    with pytest.raises(KeyboardInterrupt):
        stream(
            shell(f"sleep {LONG} & echo $! >{file}; wait"),
            on_output=lambda _name, _data: None,
            cancellation=Interrupting(),
        )
    assert soon(lambda: not any(alive(pid) for pid in pids(file)))


def test_no_thread_and_no_descriptor_is_left() -> None:
    run(shell("true"))
    before = (threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
    for _ in range(5):
        run(shell("echo x", stdin=b"y"))
    assert soon(lambda: threading.active_count() <= before[0])
    assert len(list(Path("/proc/self/fd").iterdir())) <= before[1]


def test_a_daemon_outlives_its_starter_writes_to_its_log_and_can_be_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n", encoding="utf-8")
    process = start_daemon(["sh", "-c", f"echo started; sleep {LONG}"], environment=None, log=log)
    try:
        assert soon(lambda: "started" in log.read_text(encoding="utf-8"))
        assert os.getsid(process.pid) == process.pid
        assert process.poll() is None
    finally:
        end_group(process)
    assert process.returncode == -signal.SIGTERM
    assert log.read_text(encoding="utf-8") == "before\nstarted\n"


def test_a_daemon_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started"):
        start_daemon([str(tmp_path / "nothing")], environment=None, log=tmp_path / "log")
