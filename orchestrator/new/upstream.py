"""What has to be known of upstream before a line is added: its newest release, a tarball that was verified, wheels by their checksums."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from orchestrator.bump.finding import Finder
from orchestrator.bump.index import Index
from orchestrator.bump.model import Part, is_final, order
from orchestrator.bump.wheels import choose
from orchestrator.errors import OrchestratorError, UnreachableError, UsageError
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.model import Line, Pin


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """The newest release that was found, empty where none was; `basis` says where, or why not."""

    release: str
    basis: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tarball:
    """What is written into the matrix of a release's tarball: its ending, its sha256 (hex), its path below a Debian mirror. `notes` are told."""

    format: str
    sha256: str
    pool: str | None = None
    notes: tuple[str, ...] = ()


class Upstream(Protocol):
    """Where releases and wheels come from. Real: `Reached`."""

    def newest(self, line: Line, /) -> Newest:
        """Look for the newest release of a line that is not there yet. Never raises for an upstream that does not answer."""

    def tarball(self, line: Line, /) -> Tarball:
        """Have the tarball of a line's release, verified. Raises `UnreachableError`, `VerificationError`."""

    def pin(self, name: str, version: str, line: Line, /) -> Pin:
        """Give the checksum of a wheel. Raises `UnreachableError`, `UsageError` for one that does not support the line."""

    def newer_pins(self, line: Line, /) -> tuple[str, ...]:
        """Say in sentences which of a line's wheels are out in newer versions that support it. Never raises for an index that does not answer."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Upstream as the command line describes it.

    With `sha256` (hex) no signature is asked for: the tarball, which ends in `format`, has to have that checksum, and `fetch` says whether that is
    seen to at once. `offline` is a directory that stands for all of upstream.
    """

    finder: Finder
    inputs: Inputs
    index: Index
    sha256: str | None = None
    format: str = "tar.xz"
    fetch: bool = True
    offline: Path | None = None

    def newest(self, line: Line) -> Newest:
        """Ask where releases lie."""
        try:
            found = self.finder.newest(line)
        except OrchestratorError as error:
            return Newest(release="", basis=f"the newest release is not known: {error}".partition("\n")[0])
        if found is None:
            return Newest(release="", basis="no release of it was found")
        return Newest(release=found.release, basis=f"the newest that is out ({found.origin})")

    def tarball(self, line: Line) -> Tarball:
        """Fetch it, or take the checksum that was given at its word."""
        if self.sha256 is not None:
            source = replace(line.source, url=_with_format(line.source.url, self.format), sha256=self.sha256)
            if not self.fetch:
                note = "the tarball was not fetched: whether it has that checksum is seen at the first build"
                return Tarball(format=self.format, sha256=self.sha256, notes=(note,))
            if self.offline is not None and not (self.offline / source.file).is_file():
                raise UnreachableError(
                    f"{source.file} is not in {self.offline}, and nothing else is asked",
                    mend="put it there, or leave out --offline",
                )
            self.inputs.source(replace(line, source=replace(source, pool=None)))
            note = "the tarball has the checksum that was given; no signature was looked at"
            return Tarball(format=self.format, sha256=self.sha256, notes=(note,))
        try:
            found = self.finder.verified(unreleased(line), to=line.release)
        except UnreachableError as error:
            mend = f"{error.mend}; or give the checksum from the release page with --sha256".removeprefix("; or ")
            raise UnreachableError(error.message, mend=mend) from error
        if found is None:
            raise UnreachableError(f"{line.release} was not found", mend="give its checksum with --sha256")
        signed = f"signed by {found.signature.fingerprint} on {found.signature.made:%Y-%m-%d} ({found.origin})"
        notes = (signed, *((found.signature.note,) if found.signature.note else ()), *found.notes)
        return Tarball(format=found.format, sha256=found.sha256, pool=found.pool, notes=notes)

    def pin(self, name: str, version: str, line: Line) -> Pin:
        """Ask pip's configured index, or the directory that stands for everything."""
        wheel = f"{name} {version}"
        offer = self.index.newest((f"{name}=={version}",), release=_plain(line.release)).get(name)
        if offer is None:
            raise UnreachableError(
                f"pip's index has no universal wheel of {wheel} for {line.release}",
                mend=f"name another version with --{name}; 'pip index versions {name}' lists them",
            )
        if not _supports(offer.pythons, line.release):
            raise UsageError(
                f"{wheel} is for Python {offer.pythons}, not for {line.release}",
                mend=f"name an older version with --{name}",
            )
        return Pin(name=name, version=version, sha256=offer.sha256)

    def newer_pins(self, line: Line) -> tuple[str, ...]:
        """Ask the same."""
        try:
            choice = choose(
                line, tuple(part for part in Part if part is not Part.RELEASE), self.index, release=line.release
            )
        except OrchestratorError as error:
            return (f"which newer wheels there are is not known: {error.message}",)
        newer = [f"{pin.name} {pin.version}" for pin in choice.pins]
        told = f"newer wheels that support {line.name}: {', '.join(newer)} (orchestrator bump {line.name} takes them)"
        return (*((told,) if newer else ()), *choice.notes)


def at_release(line: Line, release: str) -> Line:
    """Give a line at another release, its tarball where the site has that. Pre-releases lie in the directory of the release that they lead to."""
    site, _, file = line.source.url.rsplit("/", 2)
    ending = "tgz" if file.endswith("tgz") else "tar.xz"
    directory = re.split(r"[a-z]", release, maxsplit=1)[0]
    return replace(
        line, release=release, source=replace(line.source, url=f"{site}/{directory}/Python-{release}.{ending}")
    )


def unreleased(line: Line) -> Line:
    """Give the line as if none of its releases had been taken yet: whatever is out is newer."""
    return at_release(line, f"{line.name}.0a0")


def like(model: Line, name: str) -> Line:
    """Give a line that is not there yet the look of one that is: same site, same wheels, and same way to Debian's pool where the model has one."""
    pool = model.source.pool
    if pool is not None:
        pool = pool.replace(model.release, f"{name}.0").replace(model.name, name)
    return unreleased(replace(model, name=name, aliases=(), source=replace(model.source, sha256="0" * 64, pool=pool)))


def check_release(line: str, release: str) -> str:
    """See that a release belongs to a line. Raises `UsageError`."""
    if not order(release) or not release.startswith(f"{line}."):
        raise UsageError(
            f'"{release[:80]}" is not a release of {line}', mend=f"write {line}. and the patch number: {line}.0"
        )
    return release


def remark(release: str) -> tuple[str, ...]:
    """Say what is to be known of a release by its number alone."""
    return () if is_final(release) else (f"{release} is a pre-release: its tags look like those of a finished one",)


def _plain(release: str) -> str:
    """Give the release that a pre-release leads to: wheels tell no difference, and pip's option takes numbers only."""
    return re.split(r"[a-z]", release, maxsplit=1)[0]


def _supports(pythons: str, release: str) -> bool:
    try:
        return SpecifierSet(pythons).contains(_plain(release))
    except InvalidSpecifier:
        return True  # as pip takes it


def _with_format(url: str, ending: str) -> str:
    return f"{url.removesuffix('.tgz').removesuffix('.tar.xz')}.{ending}"
