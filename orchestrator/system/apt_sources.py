"""Reading the host apt's own list of sources, in both of its formats.

`apt-get indextargets` would spare us the parsing, but it shows only sources that have been updated before: nothing on a fresh machine.
Source of both formats: sources.list(5).
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError

#: Names by which a suite may be called when its code name is not used.
_ALIASES = ("stable", "testing", "unstable", "sid", "oldstable")
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """The main Debian mirror of this host.

    `url` has no slash at its end; `codename` is the host's own suite; `components` as the host has them (`main` is among them);
    `keyring` is the file that signs it, None where the host has no such file.
    """

    url: str
    codename: str
    components: tuple[str, ...]
    keyring: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One source of packages: the cross product of its addresses and suites."""

    types: tuple[str, ...]
    urls: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


def host_mirror(
    *,
    etc: Path = Path("/etc/apt"),
    os_release: Path = Path("/etc/os-release"),
    keyrings: Path = Path("/usr/share/keyrings"),
) -> Mirror:
    """Find the main Debian mirror in the host apt's configuration; security, updates and other vendors' sources are left out.

    Raises `EnvironmentFailedError` where the host is no Debian, has no apt, or names no such mirror.
    """
    if not etc.is_dir():
        raise EnvironmentFailedError(
            f"this host has no apt ({etc} does not exist)",
            mend="run on Debian, or point DOCKER_HOST at a Docker Engine and use images from a registry",
        )
    release = _assignments(os_release)
    wanted = [name for name in (release.get("VERSION_CODENAME", ""), *_ALIASES) if name]
    best: tuple[int, Mirror] | None = None
    for entry in entries(etc):
        suite = next((name for name in wanted if name in entry.suites), None)
        if "deb" not in entry.types or suite is None or "main" not in entry.components:
            continue
        for listed in entry.urls:
            url = _plain_url(listed)
            if url is None:
                continue
            keyring = _keyring(entry.signed_by, keyrings)
            rank = _rank(entry, url)
            if best is None or rank > best[0]:
                best = rank, Mirror(url=url, codename=suite, components=entry.components, keyring=keyring)
    if best is None or (release.get("ID", "debian") != "debian" and best[0] < 2):
        raise EnvironmentFailedError(
            f"no Debian mirror in {etc}: no 'deb' source has the suite {' or '.join(wanted[:2])} and the component 'main'",
            mend=f"add your Debian mirror to {etc}/sources.list (see sources.list(5)), then run 'apt-get update'",
        )
    return best[1]


def entries(etc: Path) -> Iterator[Entry]:
    """Every enabled source, in apt's order: `sources.list`, then the parts by name."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        with contextlib.suppress(FileNotFoundError, PermissionError, UnicodeDecodeError):
            if file.suffix == ".list":
                yield from _one_line(file.read_text(encoding="utf-8"))
            elif file.suffix == ".sources":
                yield from _deb822(file.read_text(encoding="utf-8"))


def _one_line(text: str) -> Iterator[Entry]:
    for raw in text.splitlines():
        match = re.match(r"^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?([^#]*)", raw)
        if match is None:
            continue
        words = match[3].split()
        options = dict(option.split("=", 1) for option in (match[2] or "").split() if "=" in option)
        if len(words) >= 2:
            yield Entry(
                types=(match[1],),
                urls=(words[0],),
                suites=(words[1],),
                components=tuple(words[2:]),
                signed_by=options.get("signed-by", ""),
            )


def _deb822(text: str) -> Iterator[Entry]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n[ \t]*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in {" ", "\t"}:
                fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in {"no", "false", "0", "off", "without", "disable"}:
            continue
        if "uris" in fields and "suites" in fields:
            yield Entry(
                types=tuple(fields.get("types", "").split()),
                urls=tuple(fields["uris"].split()),
                suites=tuple(fields["suites"].split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
            )


def _plain_url(listed: str) -> str | None:
    """Resolve `mirror+file:` lists (Debian's cloud images) to their first address; None for what containers cannot use (cdrom:, file:)."""
    if listed.startswith("mirror+file:"):
        path = Path("/" + listed.removeprefix("mirror+file:").lstrip("/"))
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in path.read_text(encoding="utf-8").splitlines():
                words = line.split()
                if words and words[0].startswith(("http://", "https://")):
                    return words[0].rstrip("/")
        return None
    return listed.rstrip("/") if listed.startswith(("http://", "https://")) else None


def _rank(entry: Entry, url: str) -> int:
    """How surely this is Debian itself: other vendors too call their suites like Debian's."""
    by_name = int(url.rsplit("/", 1)[-1] == "debian")
    if "debian-archive" in entry.signed_by:
        return 2 + by_name
    return by_name + int(not entry.signed_by)


def _keyring(signed_by: str, keyrings: Path) -> Path | None:
    given = Path(signed_by.split(maxsplit=1)[0]) if signed_by.startswith("/") else None
    candidates = [keyrings / name for name in _KEYRINGS] if given is None else [given]
    return next((path for path in candidates if path.is_file()), None)


def _assignments(path: Path) -> Mapping[str, str]:
    """Read `os-release`: shell assignments, of which only plain and quoted values occur (os-release(5))."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                with contextlib.suppress(ValueError):
                    found[name.strip()] = "".join(shlex.split(value))
    return found
