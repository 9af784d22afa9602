"""A root file system as one tar file, bootstrapped from a Debian mirror by mmdebstrap."""

from __future__ import annotations

import io
import os
import re
import shlex
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bases.catalogue import Kind
from orchestrator.errors import (
    EnvironmentFailedError,
    InterruptedRunError,
    OrchestratorError,
    UnreachableError,
    VerificationError,
)
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.process import Cancellation, Command, Completed, Runner, Stream, stream

#: How much longer an emulated bootstrap may take (measured: 5 to 6 times).
EMULATION_FACTOR = 8.0

#: Settings for apt inside the image, with reasons: those of Debian's own images, so that a Dockerfile behaves the same on both.
_APT_SETTINGS = {
    # Downloaded packages and apt's binary caches can be made again; in a layer they only cost size.
    "docker-clean": 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb '
    '/var/cache/apt/*.bin || true"; };\n'
    'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb '
    '/var/cache/apt/*.bin || true"; };\n'
    'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
    # Package lists that somebody keeps in a layer are smaller.
    "docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    # 'apt-get autoremove' after a build removes what was only suggested.
    "docker-autoremove-suggests": 'APT::AutoRemove::SuggestsImportant "false";\n',
}
#: Settings that hold while bootstrapping, too (mmdebstrap keeps them in the image): translated descriptions are half of what apt fetches.
_APT_OPTIONS = ('Acquire::Languages "none"',)
#: Run by mmdebstrap with the new root as its argument: leave no package lists, no packages and no binary caches (which never have the same
#: bytes twice). Done here and not by mmdebstrap, whose apt leaves other owners behind where a directory above is closed to apt's sandbox user,
#: so that the same image would have another digest below another user's home.
HOOK = """#!/bin/sh
set -e
cd "$1"
rm -rf var/lib/apt/lists var/cache/apt
mkdir -p -m 755 var/lib/apt/lists var/cache/apt var/cache/apt/archives
mkdir -m 700 var/lib/apt/lists/partial var/cache/apt/archives/partial
chroot . chown _apt:root /var/lib/apt/lists/partial /var/cache/apt/archives/partial
"""
#: No service starts while packages are installed in a build. mmdebstrap removes any such file at its end, so it is added to its tar.
_POLICY_NAME = "./usr/sbin/policy-rc.d"
_POLICY = "#!/bin/sh\nexit 101\n"
_OVERLAY_NAME, _HOOK_NAME, _TARGET_NAME = "overlay.tar", "forget", "root.tar"

Streamer = Callable[[Command, Callable[[Stream, bytes], None], Cancellation | None], Completed]


def stream_process(
    command: Command, on_output: Callable[[Stream, bytes], None], cancellation: Cancellation | None
) -> Completed:
    """Run a command for real, handing on its output: the default of `bootstrap`."""
    return stream(command, on_output=on_output, cancellation=cancellation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One bootstrap: what, for which Debian architecture, from where, as of when (`date`: seconds since the epoch)."""

    kind: Kind
    suite: str
    architecture: str
    mirror: Mirror
    date: int = 0
    emulated: bool = False


def bootstrap(
    plan: Plan,
    *,
    scratch: Path,
    log: Path,
    environment: Mapping[str, str],
    cancellation: Cancellation | None = None,
    streamer: Streamer = stream_process,
) -> Path:
    """Make the root file system in `scratch` and return it as a tar file there; mmdebstrap's words go to `log`.

    Raises `UnreachableError`, `VerificationError`, `EnvironmentFailedError`, or `InterruptedRunError` when cancelled.
    """
    (scratch / _OVERLAY_NAME).write_bytes(overlay_tar(plan))
    hook = scratch / _HOOK_NAME
    hook.write_text(HOOK, encoding="ascii")
    hook.chmod(0o755)
    child = {
        **environment,
        "SOURCE_DATE_EPOCH": str(plan.date),
        # Everything that mmdebstrap leaves when it is killed lies here, and is swept with it.
        "TMPDIR": str(scratch),
        "LC_ALL": "C.UTF-8",
    }
    limit = plan.kind.limit * (EMULATION_FACTOR if plan.emulated else 1.0)
    command = Command(argv=arguments(plan, scratch=scratch), environment=child, timeout=limit)
    log.parent.mkdir(parents=True, exist_ok=True)
    tail = bytearray()
    with log.open("wb") as out:
        out.write(f"{command}\n".encode())

        def keep(_: Stream, data: bytes) -> None:
            out.write(data)
            tail.extend(data)
            del tail[:-65536]

        ended = streamer(command, keep, cancellation)
    if cancellation is not None and cancellation.requested:
        raise InterruptedRunError(f"stopped while bootstrapping {plan.suite} for {plan.architecture}", mend="run again")
    if not ended.ok:
        raise _failure(plan, ended, tail.decode("utf-8", "replace"), log)
    target = scratch / _TARGET_NAME
    with tarfile.open(target, "a", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, _POLICY_NAME, _POLICY, 0o755, plan.date)
    return target


def arguments(plan: Plan, *, scratch: Path) -> tuple[str, ...]:
    """Compose mmdebstrap's command line (mmdebstrap(1))."""
    return (
        "mmdebstrap",
        "--variant=minbase",
        f"--architectures={plan.architecture}",
        "--format=tar",
        # Containers get a /dev of their own; device nodes in a layer only keep rootless engines from unpacking it.
        "--skip=output/dev",
        "--skip=cleanup/apt",
        *(f"--include={package}" for package in plan.kind.packages),
        *(f"--dpkgopt={option}" for option in plan.kind.dpkg_options),
        *(f"--aptopt={option}" for option in _APT_OPTIONS),
        f"--customize-hook=tar-in {shlex.quote(str(scratch / _OVERLAY_NAME))} /",
        # The path of a program is started as it is, without a shell (mmdebstrap(1), HOOKS).
        f"--customize-hook={scratch / _HOOK_NAME}",
        plan.suite,
        str(scratch / _TARGET_NAME),
        source_line(plan, signed_by=plan.mirror.keyring),
    )


def source_line(plan: Plan, *, signed_by: Path | None = None) -> str:
    """Write the mirror as apt reads it (sources.list(5))."""
    options = f"[signed-by={signed_by}] " if signed_by is not None else ""
    return f"deb {options}{plan.mirror.url} {plan.suite} main"


def overlay_tar(plan: Plan) -> bytes:
    """Make the tar of files that are laid over the bootstrapped system; same plan, same bytes."""
    files = {f"etc/apt/apt.conf.d/{name}": (text, 0o644) for name, text in _APT_SETTINGS.items()} | {
        "etc/apt/sources.list": (f"{source_line(plan)}\n", 0o644),
        # mmdebstrap leaves the host's own here, which would make images differ between hosts; engines mount theirs over them.
        "etc/hostname": ("", 0o644),
        "etc/resolv.conf": ("", 0o644),
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (text, mode) in sorted(files.items()):
            _add(archive, name, text, mode, plan.date)
    return made.getvalue()


def _add(archive: tarfile.TarFile, name: str, text: str, mode: int, date: int) -> None:
    data = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), mode, date
    archive.addfile(member, io.BytesIO(data))


def child_environment(runner: Runner, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give our environment plus the proxy of the host's apt.

    As a variable, because mmdebstrap writes apt options that it is given into the image, where a proxy has no business.
    """
    child = dict(os.environ if environment is None else environment)
    for scheme in ("http", "https"):
        name = f"Acquire::{scheme}::Proxy"
        asked = runner(
            Command(argv=("apt-config", "dump", "--format=%v%n", name), environment={**child, "LC_ALL": "C"})
        )
        proxy = asked.text.splitlines()[0].strip() if asked.ok and asked.text else ""
        if proxy and proxy != "DIRECT":
            child.setdefault(f"{scheme}_proxy", proxy)
    return child


@dataclass(frozen=True, kw_only=True, slots=True)
class _Symptom:
    """Words in mmdebstrap's output, the class of failure that they mean, and its mend."""

    words: re.Pattern[str]
    error: type[OrchestratorError]
    mend: str


#: The first that matches counts.
_SYMPTOMS = (
    _Symptom(
        words=re.compile(r"No space left on device|Disk quota exceeded|don't have enough free space"),
        error=EnvironmentFailedError,
        mend="free some space, or set XDG_CACHE_HOME to a place that has some",
    ),
    _Symptom(
        words=re.compile(r"NO_PUBKEY|BADSIG|EXPKEYSIG|is not signed|[Hh]ash [Ss]um mismatch|[Ii]nvalid signature"),
        error=VerificationError,
        mend="check the clock, the mirror in the host apt's sources, and the package debian-archive-keyring",
    ),
    _Symptom(
        words=re.compile(r"Unable to locate package|has no installation candidate"),
        error=UnreachableError,
        mend="choose another suite, or use images from a registry",
    ),
    _Symptom(
        words=re.compile(
            r"Failed to fetch|Could not resolve|Temporary failure|Could not connect|Connection (?:failed|timed out|refused)"
        ),
        error=UnreachableError,
        mend="check the network and the mirror, and run again",
    ),
    _Symptom(
        words=re.compile(r"Operation not permitted|unable to pick chroot mode|subuid|Permission denied"),
        error=EnvironmentFailedError,
        mend="run as root, or allow user namespaces with subordinate ids (package uidmap, /etc/subuid)",
    ),
)
_OTHER = _Symptom(words=re.compile(""), error=EnvironmentFailedError, mend="look at the log, and run again")


def _failure(plan: Plan, ended: Completed, output: str, log: Path) -> OrchestratorError:
    what = f"Debian {plan.suite} for {plan.architecture} could not be bootstrapped"
    if ended.timed_out:
        return EnvironmentFailedError(
            f"{what}: no end after {ended.seconds:.0f} s (log: {log})",
            mend="look at the log; run again when the machine has less to do",
        )
    symptom = next((entry for entry in _SYMPTOMS if entry.words.search(output)), _OTHER)
    lines = [line.strip() for line in output.splitlines()]
    # The line with the symptom says more than mmdebstrap's last words, which only name the step that failed.
    said = next(
        (line for line in lines if symptom is not _OTHER and symptom.words.search(line)),
        next((line for line in lines if line.startswith("E:")), f"mmdebstrap ended with status {ended.status}"),
    )
    return symptom.error(f"{what}: {said} (log: {log})", mend=symptom.mend)
