"""Stand-ins for the seams of the engine: processes, the kernel's table, and what people are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.engine.elf import Machine
from orchestrator.engine.registrations import Registration
from orchestrator.system.process import Command, Completed

Answer = str | int | tuple[int, str]


@dataclass
class FakeRunner:
    """Answers by the words of a command: the first key that is a part of the typed line. Unknown commands fail the test."""

    answers: dict[str, Answer | Callable[[Command], Answer]]
    seen: list[Command] = field(default_factory=list)

    def __call__(self, command: Command, /) -> Completed:
        self.seen.append(command)
        line = str(command)
        for words, answer in self.answers.items():
            if words in line:
                given = answer(command) if callable(answer) else answer
                status, text = (
                    given if isinstance(given, tuple) else (given, "") if isinstance(given, int) else (0, given)
                )
                return Completed(
                    command=command,
                    status=status,
                    stdout=text.encode() if status == 0 else b"",
                    stderr=b"" if status == 0 else text.encode(),
                    seconds=0.0,
                )
        raise AssertionError(f"nobody expected: {line}")

    @property
    def lines(self) -> list[str]:
        return [str(command) for command in self.seen]


@dataclass
class FakeTable:
    """A kernel in memory. `cpu` runs natively; an entry works unless its interpreter is in `broken`."""

    cpu: set[str] = field(default_factory=lambda: {"amd64", "386"})
    present: list[Registration] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    is_mounted: bool = True
    log: list[str] = field(default_factory=list)

    def mounted(self) -> bool:
        return self.is_mounted

    def mount(self) -> None:
        self.log.append("mount")
        self.is_mounted = True

    def unmount(self) -> None:
        self.log.append("unmount")
        self.is_mounted = False

    def entries(self) -> list[Registration]:
        return list(self.present)

    def add(self, registration: Registration) -> None:
        self.log.append(f"add {registration.name}")
        assert registration.name not in {entry.name for entry in self.present}, (
            "the kernel refuses a second of that name"
        )
        self.present.insert(0, registration)

    def remove(self, name: str) -> None:
        self.log.append(f"remove {name}")
        self.present = [entry for entry in self.present if entry.name != name]

    def executes(self, machine: Machine) -> bool:
        entry = next((entry for entry in self.present if entry.runs(machine)), None)
        return machine.architecture in self.cpu if entry is None else entry.interpreter not in self.broken


@dataclass
class Told:
    """A Progress that remembers."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def note(self, message: str, /) -> None:
        self.notes.append(message)

    def warn(self, message: str, /) -> None:
        self.warnings.append(message)

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        self.notes.append(f"{task} {done}/{total}")
