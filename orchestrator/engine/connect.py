"""Finding the engine that does the work: the one that is reachable, else a private one of our own."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orchestrator.engine import embedded
from orchestrator.engine.client import client_environment
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine, Refusal
from orchestrator.engine.packages import current_tree
from orchestrator.engine.users import Use, in_use
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.progress import Progress

__all__ = ["Engine", "Refusal", "engine_for_work", "find_engine"]

#: The oldest engine and buildx that multi-platform work is known to go right with.
OLDEST_ENGINE, OLDEST_BUILDX = 25, (0, 13)
_SECONDS = 20.0
_DEFAULT = "the default Docker Engine"
_BUILDX_VERSION = re.compile(r"\bv?(\d+)\.(\d+)(\.\d+)?")
_PLATFORMS = re.compile(r"^\s*Platforms:\s*(.+)$", re.MULTILINE)

Which = Callable[[str, str], str | None]


def _which(name: str, path: str) -> str | None:
    return shutil.which(name, path=path)


def find_engine(
    places: Places,
    *,
    environment: Mapping[str, str] | None = None,
    runner: Runner = run,
    which: Which = _which,
) -> tuple[Engine | None, tuple[Refusal, ...]]:
    """Look for an engine without changing anything: the one that the docker CLI is set up for, else a running embedded one.

    An engine that DOCKER_HOST or DOCKER_CONTEXT names is an order: no other is looked at then. Returns it, or None, with the reasons against each one that was looked at and not taken.
    """
    base = os.environ if environment is None else environment
    layout = Layout.of(places)
    refusals: list[Refusal] = []
    tried: list[tuple[str, Mapping[str, str]]] = []
    if base.get("DOCKER_HOST") != layout.host:
        tried.append((ordered_engine(base, layout) or _DEFAULT, base))
    state = embedded.running(layout)
    tree = current_tree(layout)
    ordered = ordered_engine(base, layout) is not None
    if state is not None and tree is not None and not ordered:
        tried.append(("the embedded engine", client_environment(layout, base)))
    for name, candidate in tried:
        found = _examine(name, candidate, embedded_host=layout.host, runner=runner, which=which)
        if isinstance(found, Engine):
            return found, tuple(refusals)
        refusals.append(found)
    if state is None and not ordered:
        refusals.append(Refusal(engine="the embedded engine", reason="not started"))
    return None, tuple(refusals)


@contextlib.contextmanager
def engine_for_work(
    places: Places,
    progress: Progress,
    *,
    environment: Mapping[str, str] | None = None,
    runner: Runner = run,
) -> Iterator[Engine]:
    """Yield an engine: a reachable one, else the embedded one, started if need be.

    An embedded engine that was started for work (not by `engine start`) ends with the last process that works with it. Raises
    `EnvironmentFailedError` when DOCKER_HOST or DOCKER_CONTEXT names an engine that cannot be used (that is taken for an order, not a hint), or when the
    embedded one cannot be started here.
    """
    base = dict(os.environ if environment is None else environment)
    layout = Layout.of(places)
    before = embedded.running(layout)
    found, refusals = find_engine(places, environment=base, runner=runner)
    if found is not None and not found.embedded:
        yield found
        return
    if ordered_engine(base, layout) is not None:
        raise EnvironmentFailedError(
            "; ".join(map(str, refusals)),
            mend="start that engine, or unset that variable to use the embedded one",
        )
    with _lock(layout, progress):
        use = Use(layout.users)
        try:
            if embedded.running(layout) is None:
                why = "; ".join(str(refusal) for refusal in refusals if refusal.engine != "the embedded engine")
                progress.note(f"starting the embedded Docker Engine ({why})")
            embedded.start(layout, progress, keep=False, base=base, runner=runner)
        except BaseException:
            use.release()
            raise
    try:
        # What ran before and was looked at a moment ago is still the same.
        engine = (
            found
            if found is not None and embedded.running(layout) == before
            else _examine(
                "the embedded engine",
                client_environment(layout, base),
                embedded_host=layout.host,
                runner=runner,
                which=_which,
            )
        )
        if isinstance(engine, Refusal):
            raise EnvironmentFailedError(str(engine), mend=f"read {layout.log}, then 'orchestrator engine stop'")
        yield engine
    finally:
        with _lock(layout, progress):
            use.release()
            state = embedded.running(layout)
            if state is not None and not state.kept and not in_use(layout.users):
                embedded.stop(layout, progress, base=base, runner=runner)


def start_to_keep(places: Places, progress: Progress, *, refresh: bool = False) -> embedded.State:
    """`engine start`: start the embedded engine, or keep a running one, until `stop_kept`."""
    layout = Layout.of(places)
    embedded.require_host()
    with _lock(layout, progress):
        if refresh and in_use(layout.users):
            raise EnvironmentFailedError(
                "the embedded engine is at work", mend="wait for the other orchestrator process to end"
            )
        return embedded.start(layout, progress, keep=True, refresh=refresh)


def stop_kept(places: Places, progress: Progress, *, force: bool = False, purge: bool = False) -> tuple[bool, int]:
    """`engine stop`: returns whether there was anything to stop, and the bytes that `purge` gave back.

    Raises `EnvironmentFailedError` while another process works with the engine, unless `force`.
    """
    layout = Layout.of(places)
    if not layout.root.exists() and not layout.run.exists():
        return False, 0
    with _lock(layout, progress):
        if in_use(layout.users) and not force:
            raise EnvironmentFailedError(
                "another orchestrator process works with the embedded engine",
                mend="wait for it to end, or run 'orchestrator engine stop --force'",
            )
        stopped = embedded.stop(layout, progress)
        return stopped, embedded.purge(layout) if purge else 0


def _lock(layout: Layout, progress: Progress) -> contextlib.AbstractContextManager[None]:
    return locked(
        layout.lock,
        what="the embedded engine",
        on_wait=lambda: progress.note("waiting for another orchestrator process to start or stop the embedded engine"),
    )


def ordered_engine(base: Mapping[str, str], layout: Layout) -> str | None:
    """Name the variable by which the user orders one particular engine, other than the embedded one; None when there is no order."""
    host, context = base.get("DOCKER_HOST"), base.get("DOCKER_CONTEXT")
    if host:
        return None if host == layout.host else f"DOCKER_HOST={host}"
    return f"DOCKER_CONTEXT={context}" if context and context != "default" else None


def _examine(
    name: str, environment: Mapping[str, str], *, embedded_host: str, runner: Runner, which: Which
) -> Engine | Refusal:
    docker = which("docker", environment.get("PATH", os.defpath))
    if docker is None:
        return Refusal(engine=name, reason="no docker command in PATH")

    def ask(*words: str) -> Completed:
        return runner(Command(argv=(docker, *words), environment=environment, timeout=_SECONDS))

    with ThreadPoolExecutor(max_workers=4) as pool:
        # Four questions that know nothing of each other: the slowest one takes as long as the rest together.
        version_, plugin_, info_, inspected_ = (
            pool.submit(ask, *words)
            for words in (
                ("version", "--format", "{{json .}}"),
                ("buildx", "version"),
                ("info", "--format", "{{json .}}"),
                ("buildx", "inspect"),
            )
        )
    answer = version_.result()
    server = _document(answer).get("Server") or {}
    if not answer.ok or not server:
        return Refusal(engine=name, reason=answer.reason)
    version = str(server.get("Version", ""))
    if _leading(version) < OLDEST_ENGINE:
        return Refusal(engine=name, reason=f"version {version or 'unknown'} is older than {OLDEST_ENGINE}")
    plugin = plugin_.result()
    buildx = _BUILDX_VERSION.search(plugin.text) if plugin.ok else None
    if buildx is None:
        return Refusal(engine=name, reason=f"{docker} has no buildx plugin")
    if (int(buildx[1]), int(buildx[2])) < OLDEST_BUILDX:
        return Refusal(engine=name, reason=f"buildx {buildx[0]} is older than {OLDEST_BUILDX[0]}.{OLDEST_BUILDX[1]}")
    info = _document(info_.result())
    host = environment.get("DOCKER_HOST") or ask("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").text
    return Engine(
        host=host,
        docker=docker,
        environment=dict(environment),
        embedded=host == embedded_host,
        version=version,
        api=str(server.get("ApiVersion", "")),
        buildx_version=buildx[0].removeprefix("v"),
        containerd_store="io.containerd.snapshotter" in json.dumps(info.get("DriverStatus")),
        architecture=embedded.oci_name(str(info.get("Architecture", ""))),
        local=host.startswith("unix://") and info.get("KernelVersion") == platform.release(),
        platforms=_platforms(inspected_.result()),
        data_root=str(info.get("DockerRootDir", "")),
    )


def _platforms(answer: Completed) -> tuple[str, ...]:
    """Read `docker buildx inspect`; a star marks platforms that were set by hand."""
    match = _PLATFORMS.search(answer.text) if answer.ok else None
    return tuple(word.strip(" *") for word in match[1].split(",")) if match else ()


def _leading(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0]) if match else 0


def _document(answer: Completed) -> dict[str, Any]:
    try:
        document = json.loads(answer.text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
