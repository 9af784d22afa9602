"""The single looks that `doctor` takes. Each changes nothing and returns what it saw, how bad that is, and the mend."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.builders.model import Builder, Dead
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.model import Engine, Refusal
from orchestrator.engine.processor import setting_text
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Architecture
from orchestrator.matrix.platforms import normalise
from orchestrator.system.apt import Mirror
from orchestrator.system.process import Command, Runner

_GIB = 1024**3
#: Free space in GiB: below the first nothing can be built, below the second a whole matrix may not fit.
_DISK_FAIL, _DISK_WARN = 5, 20
_MEMORY_WARN = 2
#: Known to build foreign images without crashing on newer kernels (see the README on emulation).
_OLDEST_QEMU = 10
#: Any small image of the engine's default registry: what counts is whether somebody answers.
_KNOWN_IMAGE = "alpine:3.8"
_REGISTRY_SECONDS, _MIRROR_SECONDS = 10.0, 20.0


class Verdict(StrEnum):
    """How bad it is: nothing to do, works with a limit, or does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One look: `detail` says what was seen, `mend` what to type or change (empty when all is well)."""

    name: str
    verdict: Verdict
    detail: str
    mend: str = ""


def check_engine(engine: Engine | None, refusals: Sequence[Refusal], obstacle: EnvironmentFailedError | None) -> Check:
    """An engine answers, or the embedded one could be started (`obstacle` is None)."""
    if engine is not None:
        kind = "embedded Docker Engine" if engine.embedded else "Docker Engine"
        return Check(
            name="engine", verdict=Verdict.OK, detail=f"{kind} {engine.version} (API {engine.api}) at {engine.host}"
        )
    seen = "; ".join(map(str, refusals))
    if obstacle is None:
        detail = f"none runs ({seen}); the embedded one is started when it is needed"
        return Check(name="engine", verdict=Verdict.OK, detail=detail)
    return Check(name="engine", verdict=Verdict.FAIL, detail=f"{seen}; {obstacle.message}", mend=obstacle.mend)


def check_buildx(engine: Engine | None, embedded_version: str | None) -> Check:
    """The plugin that drives BuildKit."""
    if engine is not None:
        return Check(name="buildx", verdict=Verdict.OK, detail=f"buildx {engine.buildx_version} ({engine.docker})")
    detail = (
        f"buildx {embedded_version} of the embedded engine" if embedded_version else "comes with the embedded engine"
    )
    return Check(name="buildx", verdict=Verdict.OK, detail=detail)


def check_store(engine: Engine | None) -> Check:
    """The image store that can hold several platforms under one name."""
    if engine is None or engine.containerd_store:
        detail = "containerd" if engine is not None else "containerd, in the embedded engine"
        return Check(name="image store", verdict=Verdict.OK, detail=detail)
    return Check(
        name="image store",
        verdict=Verdict.WARN,
        detail="the engine's classic store keeps one platform per tag",
        mend='put {"features": {"containerd-snapshotter": true}} into its daemon.json and restart it',
    )


def check_execution(architecture: Architecture, execution: Execution | None, *, embeddable: bool) -> Check:
    """An architecture runs natively or under a QEMU that is new enough, registered so that containers find it."""
    name = f"run {architecture.name}"
    if execution is None:
        if embeddable:
            detail = "no emulator is registered; Debian stable's static QEMU is registered when it is needed"
            return Check(name=name, verdict=Verdict.OK, detail=detail)
        return Check(
            name=name,
            verdict=Verdict.FAIL,
            detail=f"nothing runs {architecture.platform} in containers: no working emulator with flag F",
            mend="as root: orchestrator engine start, or apt-get install qemu-user-static (trixie and later: qemu-user-binfmt)",
        )
    emulator = execution.emulator
    if emulator is None:
        return Check(name=name, verdict=Verdict.OK, detail="native")
    detail = f"QEMU {emulator.version} by binfmt_misc, flags {emulator.flags or 'unknown'}, {emulator.interpreter}"
    if emulator.major is not None and emulator.major < _OLDEST_QEMU:
        crashes = f"before {_OLDEST_QEMU}.0 it may crash at random on newer kernels"
        setting = setting_text(normalise(str(architecture.platform)), str(emulator))
        slow = f"; pointer authentication is slow there, so builds are given {setting}" if setting else ""
        return Check(
            name=name,
            verdict=Verdict.WARN,
            detail=f"{detail}; {crashes}{slow}",
            mend="remove that registration (echo -1 into its file in binfmt_misc), then run 'orchestrator engine start'",
        )
    return Check(name=name, verdict=Verdict.OK, detail=detail)


def check_builder(name: str, living: Sequence[Builder], dead: Sequence[Dead], *, asked: bool = True) -> Check:
    """A configured builder answers. A run goes on without a dead one, as long as another lives."""
    look = f"builder {name}"
    if not asked:
        return Check(
            name=look,
            verdict=Verdict.WARN,
            detail="not asked: that needs buildx, and no engine has been started yet",
            mend="run 'orchestrator engine start', then look again",
        )
    builder = next((found for found in living if found.name == name), None)
    lost = next((found for found in dead if found.name == name), None)
    if builder is None:
        if lost is not None and lost.idle:
            return Check(name=look, verdict=Verdict.OK, detail=f"{lost.reason}; it is started when it is needed")
        return Check(
            name=look,
            verdict=Verdict.WARN if living else Verdict.FAIL,
            detail=lost.reason if lost is not None else "unknown",
            mend=f"see 'docker buildx inspect {name}' and examples/farm/README.md, or take it out of the config",
        )
    node = builder.node
    emulated = f", emulated {', '.join(sorted(node.emulated))}" if node.emulated_slots else ""
    detail = f"{builder.driver}: native {', '.join(sorted(node.native))}{emulated}; {node.slots} at once"
    parts = [str(found) for found in dead if found.name.startswith(f"{name} (")]
    if lost is not None or parts:
        return Check(
            name=look,
            verdict=Verdict.WARN,
            detail="; ".join([detail, *([lost.reason] if lost is not None else []), *parts]),
            mend=f"see 'docker buildx inspect {name}' and examples/farm/README.md",
        )
    return Check(name=look, verdict=Verdict.OK, detail=detail)


def check_kernel(release: str, *, filesystems: Path = Path("/proc/filesystems"), table_mounted: bool) -> Check:
    """The kernel knows binfmt_misc, with the flags that are needed."""
    numbers = tuple(map(int, re.findall(r"\d+", release)[:2]))
    if not table_mounted and "binfmt_misc" not in filesystems.read_text(encoding="ascii"):
        return Check(
            name="kernel",
            verdict=Verdict.WARN,
            detail=f"Linux {release}; binfmt_misc is not there (a module may bring it)",
            mend="as root: modprobe binfmt_misc",
        )
    if numbers < (4, 8):
        return Check(
            name="kernel",
            verdict=Verdict.FAIL,
            detail=f"Linux {release} lacks binfmt_misc's flag F",
            mend="use 4.8 or newer",
        )
    state = "mounted" if table_mounted else "not mounted yet"
    return Check(name="kernel", verdict=Verdict.OK, detail=f"Linux {release}, binfmt_misc {state}")


def check_disk(name: str, place: Path, *, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage) -> Check:
    """Free space of the file system that holds `place` (which need not exist yet)."""
    existing = next(path for path in (place, *place.parents) if path.exists())
    free = usage(existing)[2] / _GIB
    verdict = Verdict.FAIL if free < _DISK_FAIL else Verdict.WARN if free < _DISK_WARN else Verdict.OK
    mend = (
        ""
        if verdict is Verdict.OK
        else "run 'orchestrator prune', free some space otherwise, or set XDG_CACHE_HOME to a larger disk"
    )
    return Check(name=name, verdict=verdict, detail=f"{free:.0f} GiB free for {place}", mend=mend)


def check_memory(*, meminfo: Path = Path("/proc/meminfo"), cores: int | None = None) -> Check:
    """Memory that is available right now."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    if match is None:
        return Check(
            name="memory", verdict=Verdict.WARN, detail="the kernel does not say", mend="use Linux 3.14 or newer"
        )
    free = int(match[1]) * 1024 / _GIB
    few = free < _MEMORY_WARN
    return Check(
        name="memory",
        verdict=Verdict.WARN if few else Verdict.OK,
        detail=f"{free:.1f} GiB available, {cores or os.cpu_count()} cores",
        mend="end other programs: a compiler run needs up to 2 GiB" if few else "",
    )


def check_registry(docker: str | None, environment: Mapping[str, str], runner: Runner) -> Check:
    """Whether the engine's default registry answers; without it, the Debian-only matrix still works."""
    if docker is None:
        return Check(
            name="registry",
            verdict=Verdict.WARN,
            detail="not asked: that needs buildx, and no engine has been started yet",
            mend="run 'orchestrator engine start', then look again",
        )
    asked = runner(
        Command(
            argv=(docker, "buildx", "imagetools", "inspect", _KNOWN_IMAGE),
            environment=environment,
            timeout=_REGISTRY_SECONDS,
        )
    )
    if asked.ok:
        return Check(name="registry", verdict=Verdict.OK, detail=f"the default registry has {_KNOWN_IMAGE}")
    return Check(
        name="registry",
        verdict=Verdict.WARN,
        detail=f"the default registry does not answer: {asked.reason}",
        mend="check network, proxy and login; 'make demo' and examples/debian/versions.json need no registry",
    )


def check_mirror(look: Callable[[], Mirror], *, needed: bool, runner: Runner) -> Check:
    """Whether the host apt's mirror answers, asked with apt's own proxies and logins; `needed`: nothing can start without it."""
    bad = Verdict.FAIL if needed else Verdict.WARN
    try:
        mirror = look()
        with tempfile.TemporaryDirectory() as scratch:
            asked = runner(
                Command(
                    argv=(
                        "/usr/lib/apt/apt-helper",
                        "download-file",
                        f"{mirror.url}/dists/{mirror.codename}/InRelease",
                        str(Path(scratch) / "InRelease"),
                    ),
                    timeout=_MIRROR_SECONDS,
                )
            )
    except EnvironmentFailedError as error:
        return Check(name="apt mirror", verdict=bad, detail=error.message, mend=error.mend)
    if not asked.ok:
        return Check(
            name="apt mirror",
            verdict=bad,
            detail=f"{mirror.url} does not answer: {asked.reason}",
            mend="check network and proxy (apt-config dump Acquire)",
        )
    if mirror.keyring is None:
        return Check(
            name="apt mirror",
            verdict=bad,
            detail=f"{mirror.url} answers, but its signing keys are not here",
            mend="apt-get install debian-archive-keyring",
        )
    return Check(name="apt mirror", verdict=Verdict.OK, detail=f"{mirror.url} has {mirror.codename}")
