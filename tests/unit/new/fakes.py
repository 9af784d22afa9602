"""Stand-ins for what the room asks: somebody who answers, upstream, and who knows about suites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import UnreachableError, UsageError
from orchestrator.matrix.model import Architecture, Line, Pin, Platform
from orchestrator.new.facts import Known
from orchestrator.new.question import Question
from orchestrator.new.upstream import Newest, Tarball

SHA256 = "6fb89a7124201c61125c0ab4cf7f6894df339a40c02833bfd28ab4d7691fafb4"


@dataclass
class Scripted:
    """Types the words of `script` by option, one after the other; where there are none, the proposal."""

    script: dict[str, list[str]] = field(default_factory=dict)
    agrees: bool = True
    asked: list[Question[Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def answer(self, question: Question[Any]) -> str:
        self.asked.append(question)
        words = self.script.get(question.option, [])
        return words.pop(0) if words else question.proposed

    def refused(self, trouble: UsageError) -> None:
        self.refusals.append(trouble.message)

    def agreed(self, text: str) -> bool:  # noqa: ARG002 - the protocol's
        return self.agrees


@dataclass
class Shelf:
    """An upstream with one release, and wheels by name and version."""

    release: str = "3.8.20"
    sha256: str = SHA256
    pool: str | None = None
    wheels: dict[tuple[str, str], str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def newest(self, line: Line) -> Newest:
        found = self.release if self.release.startswith(f"{line.name}.") else ""
        return Newest(release=found, basis="the shelf has it" if found else "the shelf is empty")

    def tarball(self, line: Line) -> Tarball:
        self.fetched.append(line.source.url)
        return Tarball(format="tar.xz", sha256=self.sha256, pool=self.pool, notes=("taken from the shelf",))

    def pin(self, name: str, version: str, line: Line) -> Pin:
        if (name, version) not in self.wheels:
            raise UnreachableError(f"no {name} {version} for {line.name}", mend="name another")
        return Pin(name=name, version=version, sha256=self.wheels[name, version])

    def newer_pins(self, line: Line) -> tuple[str, ...]:
        return (f"nothing newer for {line.name}",)


@dataclass
class Told:
    """Knows what it was told."""

    bases: Known = field(default_factory=lambda: Known(value=None, basis="nobody asked"))
    gone: Known = field(default_factory=lambda: Known(value=None, basis="nobody asked"))

    def architectures(self, references: Sequence[str], known: Sequence[Architecture]) -> Known:  # noqa: ARG002
        return self.bases

    def archived(self, suite: str) -> Known:  # noqa: ARG002
        return self.gone

    def execution(self, platform: Platform) -> str:
        return f"{platform} runs"
