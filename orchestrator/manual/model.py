"""What a manual consists of, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something with a name and a sentence about it: an option, an exit code, a variable, a file."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandPage:
    """One command. `name` holds the names of the groups that it is in, too: `new line`; `short` is a line about it.

    `arguments` are as the usage line shows them; `options` are the command's own, `shared` those that every command has.
    """

    name: str
    short: str
    summary: str
    usage: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    options: tuple[Entry, ...]
    shared: tuple[Entry, ...]
    commands: tuple[Entry, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of a file: its place (`lines.LINE.source.sha256`), its type, its default (empty: it has to be there), and what it is for."""

    place: str
    kind: str
    default: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePage:
    """A file that people write."""

    name: str
    summary: str
    paragraphs: tuple[str, ...]
    keys: tuple[Key, ...]
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofLine:
    """A proof: its claim, where it applies, and a link to the reason."""

    name: str
    kind: str
    claim: str
    applies: str
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """A check of `lint`: its code, how serious a finding is, what it looks for and why."""

    code: str
    level: str
    title: str
    why: str
    link: str
    online: bool
    mends: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Manual:
    """All of it. `program` is the page of the command line as a whole."""

    version: str
    program: CommandPage
    commands: tuple[CommandPage, ...]
    files: tuple[FilePage, ...]
    exit_codes: tuple[Entry, ...]
    environment: tuple[Entry, ...]
    places: tuple[Entry, ...]
    proofs: tuple[ProofLine, ...]
    checks: tuple[CheckLine, ...]
