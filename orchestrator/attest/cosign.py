"""Debian's own cosign, unpacked, not installed: for the demo and the tests, on machines that do not have it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.apt import fetch_packages, host_mirror, require_apt
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Runner, run
from orchestrator.system.progress import Progress

_UNPACK_SECONDS = 120.0


def fetch_cosign(places: Places, progress: Progress, *, runner: Runner = run) -> Path:
    """Give the path of cosign in the cache directory, fetching the package of Debian stable the first time.

    It is linked against the C library only, so a host of an older suite runs it. Raises `EnvironmentFailedError` when it cannot be unpacked,
    and what `fetch_packages` raises.
    """
    home = places.cache / "cosign"
    tree = home / "tree"
    program = tree / "usr" / "bin" / "cosign"
    with locked(home / "fetch.lock", what="cosign's package"):
        if not program.exists():
            require_apt(for_what="fetch Debian's cosign")
            with tempfile.TemporaryDirectory(prefix="fetch-", dir=home) as scratch:
                _unpack(Path(scratch), places, progress, runner).replace(tree)
    return program


def _unpack(scratch: Path, places: Places, progress: Progress, runner: Runner) -> Path:
    (package,) = fetch_packages(
        ["cosign"],
        suite="stable",
        into=scratch / "packages",
        state=places.cache / "apt",
        mirror=host_mirror(),
        progress=progress,
        runner=runner,
    )
    new = scratch / "tree"
    done = runner(Command(argv=("dpkg-deb", "--extract", str(package), str(new)), timeout=_UNPACK_SECONDS))
    if not done.ok:
        raise EnvironmentFailedError(f"{package.name} cannot be unpacked: {done.reason}", mend="free some space")
    return new
