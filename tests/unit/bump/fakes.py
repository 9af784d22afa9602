"""Places of releases, an index behind pip, and a stock of inputs, none of which leaves this process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from orchestrator.bump.finding import Found
from orchestrator.bump.model import Signature, Verified
from orchestrator.errors import OrchestratorError, UnreachableError
from orchestrator.inputs.model import StoredInput
from orchestrator.matrix.model import Line, Pin
from orchestrator.system.process import Command, Completed

MADE = datetime(2019, 3, 25, 20, 0, tzinfo=UTC)
STORED = StoredInput(directory=Path("stored"), digest="sha256:0", files=())


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def verified(line: Line, release: str, *, notes: tuple[str, ...] = (), pool: str | None = None) -> Verified:
    return Verified(
        release=release,
        format="tar.xz",
        sha256=sha256_of(release),
        origin=f"https://example.org/{release}/Python-{release}.tar.xz",
        stored=STORED,
        signature=Signature(fingerprint=line.gpg_key, made=MADE),
        pool=pool,
        seen={"listing": release, "tags": ""},
        notes=notes,
    )


@dataclass
class FakeReleases:
    """Knows the newest release of lines; what is an error is raised."""

    newest_of: Mapping[str, str | OrchestratorError]
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def _answer(self, line: Line) -> str | None:
        found = self.newest_of.get(line.name)
        if isinstance(found, OrchestratorError):
            raise found
        return None if found == line.release else found

    def newest(self, line: Line) -> Found | None:
        release = self._answer(line)
        if release is None:
            return None
        return Found(release=release, format="tar.xz", origin="there", seen={"listing": release, "tags": release})

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        self.asked.append((line.name, to))
        release = self._answer(line) if to is None else to
        return None if release is None else verified(line, release)


@dataclass
class FakeStock:
    """Has every tarball and every wheel, unless `refusal` is raised."""

    refusal: OrchestratorError | None = None
    sources: list[Line] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)

    def source(self, line: Line) -> StoredInput:
        self.sources.append(line)
        if self.refusal is not None:
            raise self.refusal
        return STORED

    def wheels(self, pins: Sequence[Pin]) -> StoredInput:
        self.pins += pins
        if self.refusal is not None:
            raise self.refusal
        return STORED


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel in an index; the index itself may not know which Pythons it is for."""

    pythons: str = ""
    told: bool = True
    needs: tuple[str, ...] = ()
    yanked: bool = False
    file: str = "py3-none-any"
    hashed: bool = True


@dataclass
class FakePip:
    """Answers what pip would say of an index that has these wheels, by name and version."""

    wheels: Mapping[str, Mapping[str, Wheel]]
    unreachable: bool = False
    calls: list[Command] = field(default_factory=list)

    def __call__(self, command: Command, /) -> Completed:
        self.calls.append(command)
        words = command.argv[3:]
        if self.unreachable:
            return _ended(command, 1, err="WARNING: Retrying (Retry(total=0)) after connection broken")
        release = words[words.index("--python-version") + 1]
        wanted = words[words.index(release) + 1 : words.index("--retries")]
        if words[0] == "index":
            versions = self._versions(Requirement(wanted[0]), release)
            if not versions:
                return _missing(command, wanted[0])
            return _ended(command, 0, out=f"{wanted[0]} ({versions[0]})\nAvailable versions: {', '.join(versions)}\n")
        items = []
        for word in wanted:
            need = Requirement(word)
            versions = [one for one in self._versions(need, release) if not self.wheels[need.name][one].yanked]
            if not versions:
                return _missing(command, word)
            items.append(self._item(need.name, versions[0]))
        return _ended(command, 0, out=json.dumps({"version": "1", "install": items}))

    def _versions(self, need: Requirement, release: str) -> list[str]:
        there = self.wheels.get(need.name, {})
        known = [
            version
            for version, wheel in there.items()
            if need.specifier.contains(version) and (not wheel.told or SpecifierSet(wheel.pythons).contains(release))
        ]
        return sorted((one for one in known if not Version(one).is_prerelease), key=Version, reverse=True)

    def _item(self, name: str, version: str) -> dict[str, object]:
        wheel = self.wheels[name][version]
        hashes = {"sha256": sha256_of(f"{name} {version}")} if wheel.hashed else {}
        return {
            "download_info": {
                "url": f"https://example.org/{name}-{version}-{wheel.file}.whl",
                "archive_info": {"hashes": hashes},
            },
            "metadata": {
                "name": name,
                "version": version,
                "requires_python": wheel.pythons,
                "requires_dist": list(wheel.needs),
            },
        }


def unreachable(what: str = "the site") -> UnreachableError:
    return UnreachableError(f"{what} does not answer", mend="wait")


def _missing(command: Command, word: str) -> Completed:
    return _ended(command, 1, err=f"ERROR: No matching distribution found for {word}")


def _ended(command: Command, status: int, *, out: str = "", err: str = "") -> Completed:
    return Completed(command=command, status=status, stdout=out.encode(), stderr=err.encode(), seconds=0.1)
