"""Which pip, setuptools, wheel and further wheels a line should have: the newest that support it and need nothing that its images lack."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from orchestrator.bump.index import Index, Offer
from orchestrator.bump.model import Part
from orchestrator.matrix.model import Line, Pin

#: What the matrix admits as a version.
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The pins of a line that change (in the order pip, setuptools, wheel, extras), and what is told to people."""

    pins: tuple[Pin, ...] = ()
    notes: tuple[str, ...] = ()


def pins_of(line: Line) -> dict[Part, tuple[Pin, ...]]:
    """Give the pins of a line by the part that they belong to."""
    return {
        Part.PIP: (line.pip,),
        Part.SETUPTOOLS: (line.setuptools,),
        Part.WHEEL: (line.wheel,),
        Part.EXTRAS: line.extras,
    }


def choose(line: Line, parts: Collection[Part], index: Index, *, release: str) -> Choice:
    """Choose newer wheels for a line that is (or will be) at a release. A pin is never lowered.

    Raises `UnreachableError` where the index does not answer or has no wheel at all of what is pinned, `EnvironmentFailedError` without pip.
    """
    wanted = [pin for part, pins in pins_of(line).items() if part in parts for pin in pins]
    if not wanted:
        return Choice()
    # What ends in a or rc is a Python of its own to pip, but no wheel tells them apart.
    search = _Search(line=line, index=index, release=re.sub(r"(?:a|b|rc)\d+$", "", release))
    offers = index.newest([pin.name for pin in wanted], release=search.release)
    found = [newer for pin in wanted if (newer := search.newer(pin, offers.get(pin.name))) is not None]
    return Choice(pins=tuple(found), notes=tuple(search.notes))


@dataclass(kw_only=True)
class _Search:
    """`there` are the versions of what the images hold, the newer ones as they are chosen."""

    line: Line
    index: Index
    release: str
    notes: list[str] = field(default_factory=list)
    there: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.there = {pin.name: pin.version for pins in pins_of(self.line).values() for pin in pins}

    def newer(self, pin: Pin, offer: Offer | None) -> Pin | None:
        """Find the newest wheel that suits, if it is newer than a pin."""
        if offer is None:
            where = "pip's index has" if self.index.offline is None else f"{self.index.offline} has"
            self.notes.append(f"{where} no wheel of {pin.name} for {self.line.name}")
            return None
        if Version(offer.version) <= Version(pin.version):
            return None
        fault = _fault(offer, self.release, self.there)
        if fault:
            suitable = self._between(pin, offer)
            if fault.told:
                taken = f"{suitable.version} is the newest that suits" if suitable else f"{pin.version} stays"
                self.notes.append(f"{pin.name} {offer.version} is passed over: {fault.reason}; {taken}")
            if suitable is None:
                return None
            offer = suitable
        self.there[pin.name] = offer.version
        return Pin(name=pin.name, version=offer.version, sha256=offer.sha256)

    def _between(self, pin: Pin, unsuitable: Offer) -> Offer | None:
        """Find the newest that suits between a pin and an offer that does not.

        What once needs another distribution, or drops a Python, goes on doing so: hence versions are tried in steps that double, then halve.
        """
        known = [
            version
            for version in self.index.versions(pin.name, release=self.release)
            if _PLAIN.fullmatch(version) and Version(pin.version) < Version(version) < Version(unsuitable.version)
        ]
        found: Offer | None = None
        unfit, fit, step = -1, len(known), 1
        while fit - unfit > 1:
            middle = (unfit + fit) // 2 if found else min(unfit + step, (unfit + fit) // 2)
            step *= 2
            # With "<=", a version that was yanked is answered with the one before it.
            offer = self.index.newest((f"{pin.name}<={known[middle]}",), release=self.release).get(pin.name)
            if offer is None or Version(offer.version) <= Version(pin.version):
                fit = middle
            elif _fault(offer, self.release, self.there):
                unfit = middle
            else:
                fit, found = middle, offer
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """Why an offer does not suit; `told` where an index that knew it would have offered the same."""

    reason: str
    told: bool = True


def _fault(offer: Offer, release: str, there: Mapping[str, str]) -> _Fault | None:
    if not _supports(offer, release):
        return _Fault(reason=f"it is for Python {offer.pythons}", told=False)
    if not _PLAIN.fullmatch(offer.version):
        return _Fault(reason="the matrix takes plain versions only")
    for need in _needs(offer, release):
        have = there.get(canonicalize_name(need.name))
        if have is None:
            return _Fault(reason=f"it needs {need.name}, which the images have not")
        if not need.specifier.contains(have, prereleases=True):
            return _Fault(reason=f"it needs {need.name} {need.specifier}, and the images have {have}")
    return None


def _supports(offer: Offer, release: str) -> bool:
    try:
        return SpecifierSet(offer.pythons).contains(release, prereleases=True)
    except InvalidSpecifier:
        return True  # as pip takes it


def _needs(offer: Offer, release: str) -> Iterator[Requirement]:
    """Give what a wheel needs on a release on Linux, without its extras."""
    environment = {
        "python_version": ".".join(release.split(".")[:2]),
        "python_full_version": release,
        "implementation_version": release,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "extra": "",
    }
    for text in offer.needs:
        try:
            need = Requirement(text)
        except InvalidRequirement:
            # Of old metadata that is not understood, the name is what counts.
            name = re.match(r"[A-Za-z0-9._-]+", text)
            if name is None or "extra" in text:
                continue
            need = Requirement(name[0])
        if need.marker is None or need.marker.evaluate(environment):
            yield need
