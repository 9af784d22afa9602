"""Starting and stopping the private Docker Engine.

Every function here is called with the engine's lock held (`orchestrator.engine.connect` and the CLI do). What is about to be changed on the
host is written down before it is changed, and `stop` works from that record and from /proc: it undoes a crashed start as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.engine import emulators, leftovers, network
from orchestrator.engine.client import client_environment, prepare_client
from orchestrator.engine.layout import Layout
from orchestrator.engine.packages import Tree, current_tree, ensure_tree, forget_other_trees
from orchestrator.engine.registrations import KernelTable, Table
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.files import write_atomically
from orchestrator.system.process import Command, Runner, end_group, run, start_daemon
from orchestrator.system.progress import Progress

#: Seconds for the engine to answer after its start, and to end its containers and itself after TERM.
_START_SECONDS, _STOP_SECONDS = 30.0, 20.0
_LOG_LINES, _LOG_BYTES = 8, 16_000_000
#: Variables of the docker CLI or of systemd that must not reach the engine.
_NOT_FOR_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
)
_SETTINGS = {
    "features": {"containerd-snapshotter": True},
    "group": "root",  # private: the host's group 'docker' has no say here
    "live-restore": False,
    "shutdown-timeout": 5,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "2"},
}
_MACHINE_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm", "armv6l": "arm"}


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A started engine, and what the host was like before. `pid` is 0 from the first change until the engine runs.

    `kept` engines were started by `engine start` and stay until `engine stop`; others end with their last user.
    """

    pid: int
    program: str
    backend: str
    kept: bool
    started_by: str
    before: network.Snapshot


def oci_name(machine: str) -> str:
    """Turn the kernel's name of an architecture (`uname -m`) into its OCI name; most are the same."""
    return _MACHINE_NAMES.get(machine, machine)


def native_architecture() -> str:
    """The OCI name of this host's own architecture."""
    return oci_name(platform.machine())


def require_host(*, system: str = sys.platform, root: bool | None = None) -> None:
    """Raise `EnvironmentFailedError` where the embedded engine cannot run at all."""
    if not system.startswith("linux"):
        raise EnvironmentFailedError(
            f"the embedded engine needs Linux, this is {system}",
            mend="start Docker here, or set DOCKER_HOST to a reachable engine",
        )
    if not (os.geteuid() == 0 if root is None else root):
        raise EnvironmentFailedError(
            "the embedded engine needs root",
            mend="run 'sudo orchestrator engine start', or set DOCKER_HOST to a reachable engine",
        )


def load_state(layout: Layout) -> State | None:
    """The record of the last start that was not stopped, whether it still runs or not."""
    try:
        document: Any = json.loads(layout.state.read_text(encoding="utf-8"))
        before = document.pop("before")
        rules = {tool: tuple(lines) for tool, lines in before["rules"].items()}
        return State(**document, before=network.Snapshot(rules=rules, forwarding=before["forwarding"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def running(layout: Layout) -> State | None:
    """The running engine's state; None when there is none, or only a dead one's leftovers."""
    state = load_state(layout)
    if state is None or state.pid == 0 or not leftovers.alive(state.pid, program=Path(state.program)):
        return None
    return state


def start(
    layout: Layout,
    progress: Progress,
    *,
    keep: bool,
    refresh: bool = False,
    base: Mapping[str, str] | None = None,
    runner: Runner = run,
    table: Table | None = None,
) -> State:
    """Start the engine unless it runs, and wait until it answers. Raises `EnvironmentFailedError` with the end of its log."""
    environment = dict(os.environ) if base is None else dict(base)
    state = running(layout)
    if state is not None and not refresh:
        if keep and not state.kept:
            state = replace(state, kept=True)
            _save(layout, state)
        tree = current_tree(layout)
        if tree is not None:
            prepare_client(layout, tree, environment)  # the user may have logged in, or added a plugin, meanwhile
        return state
    require_host()
    table = KernelTable(runner=runner) if table is None else table
    tree = ensure_tree(layout, progress, refresh=refresh, runner=runner)
    stop(layout, progress, base=environment, runner=runner, table=table)  # what a crash may have left
    _prepare(layout)
    backend = network.backend_of(
        {kind: tree.environment(environment, backend=kind) for kind in ("nft", "legacy")}, runner=runner
    )
    own = {
        name: value
        for name, value in tree.environment(environment, backend=backend).items()
        if name not in _NOT_FOR_ENGINE
    }
    state = State(
        pid=0,
        program=str(tree.dockerd),
        backend=backend,
        kept=keep,
        started_by=f"process {os.getpid()}",
        before=network.snapshot(own, runner=runner),
    )
    _save(layout, state)
    try:
        # BuildKit looks for emulators when it starts: they come first.
        for machine in emulators.register(
            emulators.foreign(native_architecture()), tree=tree, memory=layout.emulators, table=table, progress=progress
        ):
            progress.warn(f"QEMU cannot run {machine.architecture} on this kernel; images for it cannot be built here")
        network.add_bridge(layout.bridge)
        pid = _launch(layout, tree, own, base=environment, state=state, runner=runner)
        network.put_back(state.before, environment=own, runner=runner)
        forget_other_trees(layout, tree)
    except BaseException:
        stop(layout, progress, base=environment, runner=runner, table=table)
        raise
    return replace(state, pid=pid)


def stop(
    layout: Layout,
    progress: Progress,
    *,
    base: Mapping[str, str] | None = None,
    runner: Runner = run,
    table: Table | None = None,
) -> bool:
    """Stop the engine and remove its traces from the host: processes, mounts, network, emulators. Its images and its cache stay.

    Works on a crashed engine too; False when there was nothing to do.
    """
    state = load_state(layout)
    if state is None and not layout.run.exists() and not leftovers.engine_processes(layout.trees):
        return False
    require_host()
    table = KernelTable(runner=runner) if table is None else table
    if state is not None and state.pid and leftovers.alive(state.pid, program=Path(state.program)):
        # dockerd alone first: it stops its containers and containerd in order.
        leftovers.end(
            lambda: [state.pid] if leftovers.alive(state.pid, program=Path(state.program)) else [], grace=_STOP_SECONDS
        )
    if state is not None and state.pid:
        with contextlib.suppress(ChildProcessError):  # started by another process
            os.waitpid(state.pid, os.WNOHANG)
    left = leftovers.end(lambda: leftovers.engine_processes(layout.trees), grace=3.0)
    left += leftovers.end(lambda: leftovers.container_processes(layout.data), grace=0.0)
    for point in leftovers.unmount(leftovers.mounts_below([layout.data, layout.run]), runner=runner):
        progress.warn(f"{point} could not be unmounted")
    for pid in left:
        progress.warn(f"process {pid} of the embedded engine does not end")
    tree = current_tree(layout)
    if state is not None and tree is not None:
        own = tree.environment(os.environ if base is None else base, backend=state.backend)
        network.remove_bridge(layout.bridge)
        network.restore(state.before, bridge=layout.bridge, alone=network.alone(), environment=own, runner=runner)
    heir = next(_others(layout), None)
    if heir is None:
        emulators.unregister(trees=layout.trees, memory=layout.emulators, table=table)
    else:
        emulators.hand_over(trees=layout.trees, memory=layout.emulators, to=heir.emulators)
    if not leftovers.mounts_below([layout.run]):
        shutil.rmtree(layout.run, ignore_errors=True)
    return True


def purge(layout: Layout) -> int:
    """Delete the unpacked engine with its images and cache, after `stop`; returns how many bytes the file system got back.

    Only what lies below the engine's own directory is deleted: links are removed, never followed, and nothing is while anything is mounted.
    """
    if not layout.root.is_dir():
        return 0
    mounted = leftovers.mounts_below([layout.root])
    if mounted or leftovers.engine_processes(layout.trees):
        raise EnvironmentFailedError(
            f"{mounted[0] if mounted else layout.root} is still in use", mend="run 'orchestrator engine stop' first"
        )
    before = shutil.disk_usage(layout.root).free
    for entry in layout.root.iterdir():
        if entry in {layout.lock, layout.users}:
            continue  # held right now, and empty
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return max(0, shutil.disk_usage(layout.root).free - before)


def log_tail(layout: Layout, *, lines: int = _LOG_LINES) -> str:
    """The last lines that the engine said."""
    with contextlib.suppress(OSError), layout.log.open("rb") as log:
        log.seek(max(0, layout.log.stat().st_size - 20_000))
        return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])
    return ""


def _others(layout: Layout) -> Iterator[Layout]:
    """Embedded engines of other cache directories (or users) that run on this kernel right now."""
    for place in sorted(layout.run.parent.glob("orchestrator-*")):
        other = replace(layout, run=place)
        if place != layout.run and running(other) is not None:
            yield other


def _prepare(layout: Layout) -> None:
    layout.data.mkdir(mode=0o710, parents=True, exist_ok=True)
    layout.run.mkdir(mode=0o700, exist_ok=True)
    if layout.log.exists() and layout.log.stat().st_size > _LOG_BYTES:
        layout.log.replace(layout.log.with_suffix(".log.old"))
    write_atomically(layout.settings, json.dumps(_SETTINGS, indent=1).encode())


def _launch(
    layout: Layout, tree: Tree, own: Mapping[str, str], *, base: Mapping[str, str], state: State, runner: Runner
) -> int:
    prepare_client(layout, tree, base)
    argv = [str(tree.dockerd), "--config-file", str(layout.settings), "--host", layout.host]
    argv += ["--data-root", str(layout.data), "--exec-root", str(layout.exec_root), "--pidfile", str(layout.pid)]
    argv += ["--bridge", layout.bridge]
    process = start_daemon(argv, environment=own, log=layout.log)
    try:
        _save(layout, replace(state, pid=process.pid))
        _await(layout, tree, process, client=client_environment(layout, base), runner=runner)
    except BaseException:
        end_group(process)
        raise
    # It is meant to outlive this object, which would otherwise warn of that when it is collected.
    process.returncode = 0
    return process.pid


def _await(
    layout: Layout, tree: Tree, process: subprocess.Popen[bytes], *, client: Mapping[str, str], runner: Runner
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    asked = Command(
        argv=(str(tree.docker), "version", "--format", "{{.Server.Version}}"), environment=client, timeout=10.0
    )
    while not (answer := runner(asked)).ok:
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            why = "ended at once" if ended else f"does not answer after {_START_SECONDS:.0f} s ({answer.reason})"
            raise EnvironmentFailedError(
                f"the embedded engine {why}; the end of its log:\n{log_tail(layout)}", mend=f"read {layout.log}"
            )
        time.sleep(0.1)


def _save(layout: Layout, state: State) -> None:
    write_atomically(layout.state, json.dumps(asdict(state), indent=1).encode(), mode=0o600)
