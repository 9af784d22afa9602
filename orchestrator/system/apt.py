"""The host's apt, as a seam: which mirror it uses, packages fetched without installing them, and packages installed.

Fetching uses an apt configuration of its own (lists, cache, sources): nothing of the host's apt state changes, none of its hooks run, but
its proxies, its logins and its signing keys apply.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, UnreachableError, VerificationError
from orchestrator.system.apt_sources import Mirror, host_mirror
from orchestrator.system.files import locked, write_atomically
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.progress import Progress

__all__ = ["Mirror", "fetch_packages", "host_mirror", "install_on_host", "require_apt"]

#: Seconds for one call of apt that uses the network.
_NETWORK_SECONDS = 300.0
#: The settings of the host's apt that say how it reaches its mirror; the rest (hooks, directories) must not apply to a private apt.
_INHERITED = re.compile(
    r"^Acquire::(https?|socks|tor|ForceIPv[46]|Retries|Check-Valid-Until|Check-Date|Max-ValidTime|Min-ValidTime)(::|\s)",
    re.IGNORECASE,
)
#: apt's words for a signature or a checksum that does not fit.
_BAD_BYTES = re.compile(
    r"hash sum mismatch|not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|invalid signature|unauthenticated", re.IGNORECASE
)
_LIST_OPTIONS = ("--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances")

Which = Callable[[str], str | None]


def require_apt(*, for_what: str, which: Which = shutil.which) -> None:
    """Raise `EnvironmentFailedError` where apt or dpkg is missing; `for_what` ends the sentence 'is needed to ...'."""
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if which(tool) is None:
            raise EnvironmentFailedError(
                f"{tool} is needed to {for_what}, and this host does not have it",
                mend="run on Debian (package 'apt'), or point DOCKER_HOST at a Docker Engine that runs elsewhere",
            )


def fetch_packages(
    packages: Sequence[str],
    *,
    suite: str,
    into: Path,
    state: Path,
    mirror: Mirror,
    progress: Progress,
    skip: re.Pattern[str] | None = None,
    runner: Runner = run,
) -> tuple[Path, ...]:
    """Download the `.deb` files of `packages` from `suite`, verified by apt's signatures, and return them sorted.

    With `skip`, the packages that they depend on come along, except those whose name `skip` matches in full; without, only the
    packages named. `into` receives the files; `state` is a directory that keeps apt's lists between calls (one per suite). Nothing is
    installed. Raises `UnreachableError` for a mirror or package that is not there, `VerificationError` for a bad signature or checksum.
    """
    require_apt(for_what=f"fetch {', '.join(packages)}")
    if mirror.keyring is None:
        raise EnvironmentFailedError(
            "this host has no Debian signing keys, so packages cannot be verified",
            mend="run 'apt-get install debian-archive-keyring'",
        )
    home = state / re.sub(r"[^A-Za-z0-9.-]", "_", suite)
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    config = _private_config(home, suite=suite, mirror=mirror, inherited=_inherited(runner, env))
    env["APT_CONFIG"] = str(config)
    into.mkdir(parents=True, exist_ok=True)
    with locked(home / "lock", what=f"apt's lists of {suite}"):
        progress.note(f"asking the Debian mirror for the packages of {suite}")
        _apt(("apt-get", "update", "-q", "--allow-releaseinfo-change"), env=env, runner=runner, mirror=mirror)
        names = tuple(packages)
        if skip is not None:
            listing = _apt(
                ("apt-cache", "depends", "--recurse", *_LIST_OPTIONS, *packages), env=env, runner=runner, mirror=mirror
            )
            names = _closure(listing.text, packages, skip)
        progress.note(f"fetching {len(names)} packages of {suite}: {' '.join(names)}")
        before = set(into.glob("*.deb"))
        _apt(("apt-get", "download", "-q", *names), env=env, runner=runner, mirror=mirror, directory=into)
    return tuple(sorted(set(into.glob("*.deb")) - before))


#: dpkg has one lock for the whole machine: other threads wait for ours, and apt for that of other programs (upgrades by night).
#: Source: DPkg::Lock::Timeout (seconds) in apt's own list of settings, /usr/share/doc/apt/examples/configure-index.
_ONE_INSTALL = threading.Lock()
_PATIENT = ("-o", "DPkg::Lock::Timeout=300")


def install_on_host(
    packages: Mapping[str, str],
    *,
    progress: Progress,
    runner: Runner = run,
    which: Which = shutil.which,
    root: bool | None = None,
    lists: Path = Path("/var/lib/apt/lists"),
) -> None:
    """Install Debian packages that are missing; `packages` maps each package to a program that shows that it is there.

    An empty program means: ask dpkg. Needs root and apt, else raises `EnvironmentFailedError` with the command to type. Threads may ask for
    the same at once: the second finds it there.
    """
    with _ONE_INSTALL:
        missing = [
            name for name, program in packages.items() if not _present(name, program, runner=runner, which=which)
        ]
        if missing:
            _install(missing, progress=progress, runner=runner, which=which, root=root, lists=lists)


def _install(
    missing: Sequence[str], *, progress: Progress, runner: Runner, which: Which, root: bool | None, lists: Path
) -> None:
    typed = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if not (os.geteuid() == 0 if root is None else root) or which("apt-get") is None:
        raise EnvironmentFailedError(f"missing on this host: {', '.join(missing)}", mend=f"as root: {typed}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    if not any(lists.glob("*_Packages*")):
        progress.note("running apt-get update (this host has no package lists)")
        update = runner(Command(argv=("apt-get", "update", "-q"), environment=env, timeout=_NETWORK_SECONDS))
        if not update.ok:  # a source of some other vendor may be down; what matters is whether the install works
            progress.warn(f"apt-get update: {update.reason}")
    progress.note(f"installing {', '.join(missing)} on this host with apt-get")
    done = runner(
        Command(
            argv=("apt-get", "install", *_PATIENT, "-y", "-q", "--no-install-recommends", *missing),
            environment=env,
            timeout=2 * _NETWORK_SECONDS,
        )
    )
    if not done.ok:
        raise EnvironmentFailedError(
            f"apt-get could not install {', '.join(missing)}: {done.reason}", mend=f"as root: apt-get update && {typed}"
        )


def _present(package: str, program: str, *, runner: Runner, which: Which) -> bool:
    if program:
        return which(program) is not None
    if which("dpkg-query") is None:
        return False
    asked = runner(Command(argv=("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", package)))
    return asked.ok and asked.text.startswith("ii")


def _inherited(runner: Runner, env: Mapping[str, str]) -> str:
    """Copy the host's settings for reaching its mirror; `apt-config dump` prints lines that apt.conf(5) reads."""
    dump = runner(Command(argv=("apt-config", "dump", "Acquire"), environment=env))
    return "".join(f"{line}\n" for line in dump.text.splitlines() if _INHERITED.match(line))


def _private_config(home: Path, *, suite: str, mirror: Mirror, inherited: str) -> Path:
    for directory in ("lists/partial", "cache/archives/partial", "etc"):
        (home / directory).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    source = f"deb [signed-by={mirror.keyring}] {mirror.url} {suite} main\n"
    write_atomically(home / "etc" / "sources.list", source.encode())
    settings = {
        "Dir::State": home,
        "Dir::State::lists": home / "lists",
        # No package counts as installed: what is fetched depends on the suite alone, not on what this host happens to have.
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "Dir::Etc": home / "etc",
        "Dir::Etc::netrc": "/etc/apt/auth.conf",
        "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        # The sandbox user could not read a cache directory inside a home directory.
        "APT::Sandbox::User": "root",
        "APT::Get::List-Cleanup": "true",
        "Acquire::Languages": "none",
    }
    lines = "".join(f'{name} "{value}";\n' for name, value in settings.items())
    config = home / "apt.conf"
    write_atomically(config, (inherited + lines).encode())
    return config


def _closure(listing: str, packages: Sequence[str], skip: re.Pattern[str]) -> tuple[str, ...]:
    """Names in the output of `apt-cache depends --recurse`: packages stand at the line's start, virtual ones in angle brackets."""
    found = {line.split(":")[0].strip() for line in listing.splitlines() if line and not line.startswith((" ", "<"))}
    return tuple(sorted(set(packages) | {name for name in found if not skip.fullmatch(name)}))


def _apt(
    argv: tuple[str, ...], *, env: Mapping[str, str], runner: Runner, mirror: Mirror, directory: Path | None = None
) -> Completed:
    done = runner(Command(argv=argv, environment=env, timeout=_NETWORK_SECONDS, directory=directory))
    complaint = next(
        (line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.startswith("E:")), ""
    )
    if done.ok and not complaint:
        return done
    said = complaint or done.reason
    if _BAD_BYTES.search(done.stderr.decode("utf-8", "replace")):
        raise VerificationError(
            f"{mirror.url}: {said}", mend="check the mirror in the host apt's sources, and its keyring"
        )
    raise UnreachableError(
        f"the Debian mirror {mirror.url} did not deliver: {said}",
        mend="check the network and the proxy (apt-config dump Acquire), and try 'apt-get update'",
    )
