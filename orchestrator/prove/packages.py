"""The distribution's packages in an image, read from the database of its package manager.

Sources: https://www.debian.org/doc/debian-policy/ch-controlfields.html and https://wiki.alpinelinux.org/wiki/Apk_spec
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.prove.survey.survey import View

#: The virtual package that keeps the libraries of an Alpine image.
RUNTIME_DEPENDENCIES = ".python-rundeps"
_DPKG = "/var/lib/dpkg"
_APK = "/lib/apk/db/installed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """An installed package. `needs` and `provides` are names without versions (on Alpine also `so:libz.so.1`); `files` absolute paths.

    `source` is the source package and its version: `gcc-10 10.2.1-6`. `licence` is what the database says, which Debian's does not.
    """

    name: str
    version: str
    needs: frozenset[str]
    provides: frozenset[str]
    files: frozenset[str]
    architecture: str = ""
    source: str = ""
    licence: str = ""


def installed(view: View) -> Mapping[str, Package]:
    """Map the names of installed packages to the packages; empty where there is no database."""
    if f"{_DPKG}/status" in view.contents:
        return {package.name: package for package in _dpkg(view)}
    return {package.name: package for package in _apk(view.text(_APK))}


def reachable(packages: Mapping[str, Package], roots: Iterable[str]) -> frozenset[str]:
    """Find which packages are needed by some names, directly or through others; of alternatives every one that is installed."""
    providers: dict[str, set[str]] = {}
    for package in packages.values():
        for name in (package.name, *package.provides):
            providers.setdefault(name, set()).add(package.name)
    found: set[str] = set()
    left = list(roots)
    while left:
        for name in providers.get(left.pop(), set()) - found:
            found.add(name)
            left += packages[name].needs
    return frozenset(found)


def _dpkg(view: View) -> Iterator[Package]:
    for paragraph in view.text(f"{_DPKG}/status").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        name, version, architecture = (fields.get(key, "").strip() for key in ("Package", "Version", "Architecture"))
        lists = (f"{_DPKG}/info/{name}.list", f"{_DPKG}/info/{name}:{architecture}.list")
        # Only where they differ from the package's own: `Source: gcc-10 (10.2.1-6)`.
        source, _, of = fields.get("Source", "").strip().partition(" ")
        yield Package(
            name=name,
            version=version,
            architecture=architecture,
            source=f"{source or name} {of.strip('() ') or version}",
            needs=_names(f"{fields.get('Depends', '')},{fields.get('Pre-Depends', '')}"),
            provides=_names(fields.get("Provides", "")),
            files=frozenset(line for path in lists for line in view.text(path).splitlines()),
        )


def _names(field: str) -> frozenset[str]:
    """Names in a relation field: `libc6 (>= 2.14), awk | mawk:any`."""
    return frozenset(
        match[0] for word in re.split(r"[,|]", field) if (match := re.match(r"[a-z0-9][a-z0-9+.-]*", word.strip()))
    )


def _apk(database: str) -> Iterator[Package]:
    for paragraph in database.split("\n\n"):
        fields: dict[str, str] = {}
        files, directory = set(), ""
        for line in paragraph.splitlines():
            key, _, value = line.partition(":")
            if key == "F":
                directory = value
            elif key == "R":
                files.add(f"/{directory}/{value}" if directory else f"/{value}")
            else:
                fields[key] = value
        if "P" in fields:
            yield Package(
                name=fields["P"],
                version=fields.get("V", ""),
                needs=_apk_names(word for word in fields.get("D", "").split() if not word.startswith("!")),
                provides=_apk_names(fields.get("p", "").split()),
                files=frozenset(files),
                architecture=fields.get("A", ""),
                source=f"{fields.get('o') or fields['P']} {fields.get('V', '')}",
                licence=fields.get("L", ""),
            )


def _apk_names(words: Iterable[str]) -> frozenset[str]:
    """Names without the versions behind them: `so:libz.so.1=1.2.11`, `musl>=1.1`."""
    return frozenset(re.split(r"[<>=~]", word)[0] for word in words)
