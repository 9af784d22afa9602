"""Pinned wheels, through the pip of this interpreter: so its configured index, mirrors, logins and proxies apply."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError
from orchestrator.inputs.fetch import check
from orchestrator.inputs.model import StoredInput
from orchestrator.inputs.store import Store
from orchestrator.matrix.model import Pin
from orchestrator.system.files import sha256_of
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.progress import Progress

#: Seconds for one call of pip.
_LIMIT = 180.0
#: The universal wheel is wanted, whatever interpreter runs this program: no platform, no implementation, and no look at Requires-Python
#: (the images' Pythons are older than ours).
_UNIVERSAL = (
    "--no-deps", "--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--python-version", "3",
    "--ignore-requires-python",
)  # fmt: skip
#: How long pip tries, and that it asks nobody.
PATIENCE = ("--retries", "2", "--timeout", "15", "--no-input", "--disable-pip-version-check")
_QUIET = ("--progress-bar", "off")


def fetch_wheels(
    pins: Sequence[Pin],
    *,
    store: Store,
    progress: Progress,
    directories: Sequence[Path] = (),
    runner: Runner = run,
    python: str = sys.executable,
) -> StoredInput:
    """Return a directory with exactly the wheels of `pins`, each verified.

    `directories` are the user's own (offline), asked before pip. Raises `VerificationError` for wrong bytes, `UnreachableError` when the
    index does not deliver, `EnvironmentFailedError` when there is no pip.
    """
    found = {pin: _stored(pin, store) for pin in pins}
    if None in found.values():
        with store.lock(
            "wheels", what="the wheels", on_wait=lambda: progress.note("wheels are being fetched already; waiting")
        ):
            found = {pin: _stored(pin, store) for pin in pins}
            missing = [pin for pin, path in found.items() if path is None]
            if missing:
                with store.scratch() as scratch:
                    found.update(_fetched(missing, scratch, store, progress, directories, runner, python))
    members = [(pin.sha256, path.name) for pin, path in found.items() if path is not None]
    directory, digest = store.collect(members)
    return StoredInput(directory=directory, digest=f"sha256:{digest}", files=tuple(sorted(name for _, name in members)))


def _stored(pin: Pin, store: Store) -> Path | None:
    there = store.path(pin.sha256, "x").parent
    for entry in sorted(there.glob("*.whl")):
        if _is_of(entry, pin):
            return store.find(pin.sha256, entry.name)
    return None


def _fetched(
    pins: Sequence[Pin],
    scratch: Path,
    store: Store,
    progress: Progress,
    directories: Sequence[Path],
    runner: Runner,
    python: str,
) -> dict[Pin, Path]:
    wheels = {pin: wheel for pin in pins for directory in directories if (wheel := _wheel(directory, pin)) is not None}
    asked = [pin for pin in pins if pin not in wheels]
    if asked:
        names = [f"{pin.name}=={pin.version}" for pin in asked]
        progress.note(f"fetching wheels with pip: {' '.join(names)}")
        argv = (python, "-m", "pip", "download", *_UNIVERSAL, *PATIENCE, *_QUIET, "--dest", str(scratch), *names)
        done = runner(Command(argv=argv, timeout=_LIMIT))
        if not done.ok:
            raise refusal(done, names)
    adopted: dict[Pin, Path] = {}
    for pin in pins:
        wheel = wheels.get(pin) or _wheel(scratch, pin)
        if wheel is None:
            raise UnreachableError(
                f"pip's index has no universal wheel of {pin.name} {pin.version}",
                mend="pin a version that has one (its file name ends in -none-any.whl)",
            )
        origin = "pip's index" if wheel.parent == scratch else str(wheel)
        check(wheel.name, origin=origin, expected=pin.sha256, got=sha256_of(wheel))
        copy = scratch / f"{pin.sha256}.verified"
        copy.write_bytes(wheel.read_bytes())
        adopted[pin] = store.adopt(copy, pin.sha256, wheel.name)
    return adopted


def _wheel(directory: Path, pin: Pin) -> Path | None:
    return next((path for path in sorted(directory.glob("*-none-any.whl")) if _is_of(path, pin)), None)


def _is_of(path: Path, pin: Pin) -> bool:
    """Compare a wheel's file name with a pin; names are equal up to case and `-_.` (PEP 503, PEP 427)."""
    name, version, *_ = (*path.name.split("-"), "")
    return re.sub(r"[-_.]+", "-", name).lower() == pin.name and version == pin.version


def absent(done: Completed) -> str:
    """Name what pip's index answered that it does not have; empty where it did not answer, or where something else went wrong."""
    said = done.stderr.decode("utf-8", "replace")
    missing = re.search(r"No matching distribution found for (\S+)", said)
    unreached = re.search(r"Retrying \(Retry|ConnectionError|connection error|Max retries|timed out", said)
    return missing[1] if missing is not None and unreached is None else ""


def refusal(done: Completed, names: Sequence[str]) -> OrchestratorError:
    """Say what it means that pip ended badly when it was asked for `names`."""
    said = done.stderr.decode("utf-8", "replace")
    if "No module named pip" in said:
        return EnvironmentFailedError(
            f"{done.command.argv[0]} has no pip, which fetches the pinned wheels", mend="run 'make setup'"
        )
    if missing := absent(done):
        return UnreachableError(
            f"pip's index has no wheel of {missing}",
            mend="check the version in the matrix, and 'pip config list' for the index that is asked",
        )
    return UnreachableError(
        f"pip could not fetch {' '.join(names)}: {done.reason}",
        mend="check 'pip config list' (index, proxy) and the network, or put the wheels into a directory and name it under 'inputs' in "
        "the config",
    )
