"""gpg: the host's own, else Debian's packages unpacked in the cache, not installed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.apt import fetch_packages, host_mirror, require_apt
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.progress import Progress

#: gpg-agent is only for those who make signatures (the tests); without it gpg complains at each start.
_PACKAGES = ("gpg", "gpg-agent")
#: Of all that these depend on only the libraries that they are linked with come along: a pinentry would bring a desktop.
_NOT_WANTED = re.compile(
    r"(?!(?:gpg|gpg-agent|gpgconf|zlib1g|lib(?:assuan|bz2-|gcrypt|gpg-error|npth|readline|sqlite3-|tinfo)[0-9][0-9.a-z]*)$).*"
)
_UNPACK_SECONDS = 60.0
#: Seconds for one call: a tarball is hashed in far less than one.
_SECONDS = 60.0
#: No configuration of the user's, no network, no agent, no question, and no web of trust: which key counts is pinned in the matrix.
_QUIET = (
    "--no-options", "--batch", "--no-tty", "--no-autostart", "--disable-dirmngr", "--no-auto-key-retrieve", "--no-auto-check-trustdb",
    "--trust-model", "always", "--display-charset", "utf-8",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpg:
    """The program. `libraries` are the directories of its libraries, where it is an unpacked one (else the host's are used)."""

    program: Path
    libraries: tuple[Path, ...] = ()
    runner: Runner = run

    def run(self, home: Path, *words: str, stdin: bytes | None = None) -> Completed:
        """Call it in a home directory. A bad status is returned, not raised."""
        return self.runner(
            Command(
                argv=(str(self.program), "--homedir", str(home), *_QUIET, *words),
                environment=self.environment(os.environ),
                stdin=stdin,
                timeout=_SECONDS,
            )
        )

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment for it: messages in English, nothing of the user's own gpg."""
        kept = {name: value for name, value in base.items() if name not in {"GNUPGHOME", "LANGUAGE"}}
        if self.libraries:
            kept["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, self.libraries))
        return kept | {"LC_ALL": "C.UTF-8"}


def find_gpg(
    places: Places,
    progress: Progress,
    *,
    runner: Runner = run,
    which: Callable[[str], str | None] = shutil.which,
    root: bool | None = None,
) -> Gpg:
    """Give gpg, fetching Debian's packages the first time where the host has none.

    Raises `EnvironmentFailedError` where there is neither, and what `fetch_packages` raises.
    """
    if (found := which("gpg")) is not None:
        return Gpg(program=Path(found), runner=runner)
    tree = places.cache / "gpg" / "tree"
    with locked(places.cache / "gpg" / "fetch.lock", what="gpg's packages"):
        if not _program(tree).exists():
            if not (os.geteuid() == 0 if root is None else root) or which("apt-get") is None:
                raise EnvironmentFailedError(
                    "there is no gpg here, which checks the signatures of releases",
                    mend="install gnupg (Debian: apt-get install gpg; Alpine: apk add gnupg)",
                )
            _fetch(places, tree, progress, runner)
    return Gpg(program=_program(tree), libraries=_libraries(tree), runner=runner)


def _fetch(places: Places, tree: Path, progress: Progress, runner: Runner) -> None:
    require_apt(for_what="fetch Debian's gpg")
    mirror = host_mirror()
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=tree.parent) as scratch:
        packages = fetch_packages(
            _PACKAGES,
            # Linked against libraries of the suite: those come along, except the C library, which is the host's.
            suite=mirror.codename,
            into=Path(scratch) / "packages",
            state=places.cache / "apt",
            mirror=mirror,
            progress=progress,
            skip=_NOT_WANTED,
            runner=runner,
        )
        new = Path(scratch) / "tree"
        new.mkdir()
        for package in packages:
            done = runner(Command(argv=("dpkg-deb", "--extract", str(package), str(new)), timeout=_UNPACK_SECONDS))
            if not done.ok:
                raise EnvironmentFailedError(
                    f"{package.name} cannot be unpacked: {done.reason}", mend=f"free some space of {tree.parent}"
                )
        if not _libraries(new):
            raise EnvironmentFailedError(
                "Debian's packages of gpg lack its libraries", mend="install gnupg (Debian: apt-get install gpg)"
            )
        new.replace(tree)


def _program(tree: Path) -> Path:
    return tree / "usr" / "bin" / "gpg"


def _libraries(tree: Path) -> tuple[Path, ...]:
    """The directories that hold them: packages of older suites have some below `/lib`."""
    return tuple(sorted({found.parent for at in ("lib", "usr/lib") for found in tree.glob(f"{at}/*/lib*.so.*")}))
