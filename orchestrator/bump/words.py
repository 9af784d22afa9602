"""What is told of bumps: lines for people, documents for machines."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.bump.branch import Branched, State
from orchestrator.bump.delivering import Delivered
from orchestrator.bump.model import Proposal, Unsigned, Verified
from orchestrator.bump.proposing import Failed, Standing
from orchestrator.bump.wheels import pins_of
from orchestrator.lifetimes.lines import Lifetime, lifetime_of
from orchestrator.matrix.model import Line, Pin

_STYLES = {"+++": "bold", "---": "bold", "@@": "cyan", "+": "green", "-": "red"}


def coloured(diff: str) -> Text:
    """Colour a unified diff."""
    text = Text(no_wrap=True)
    for line in diff.splitlines(keepends=True):
        text.append(line, next((style for start, style in _STYLES.items() if line.startswith(start)), ""))
    return text


def told_of(proposal: Proposal, today: date, *, written: bool) -> Iterator[str]:
    """Say what a proposal changes, what vouches for it, and what else is to be known."""
    line, release = proposal.line, proposal.release
    done = "updated" if written else "would update"
    if proposal.empty:
        yield f"{line.name}: nothing newer"
    else:
        parts = [f"from {line.release} to {release.release}"] if release is not None else []
        parts += [f"{pin.name} from {_was(line, pin)} to {pin.version}" for pin in proposal.pins]
        yield f"{done} {line.name} {', '.join(parts)}"
    if release is not None:
        yield f"  from {release.origin}, sha256 {release.sha256}"
    if isinstance(release, Verified):
        yield f"  signed {release.signature.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC by {release.signature.fingerprint}"
    if proposal.seen:
        yield "  newest seen: " + ", ".join(f"{place} {seen or 'unknown'}" for place, seen in proposal.seen.items())
    yield from (f"  note: {note}" for note in (*_ended(line, today), *proposal.notes))


def standings_table(standings: Sequence[Standing], today: date) -> str:
    """Write a table: line, release here, newest release, pins (`18.1 -> 24.0` where there is a newer one), end of life; notes below it."""
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for name in ("line", "here", "newest", "pip", "setuptools", "wheel", "extras", "end of life"):
        table.add_column(name, no_wrap=True)
    for one in standings:
        lifetime = lifetime_of(one.line.name)
        newer = {pin.name: pin.version for pin in one.pins}
        cells = [
            ", ".join(_arrow(pin, newer, named=len(pins) > 1 or part == "extras") for pin in pins)
            for part, pins in pins_of(one.line).items()
        ]
        end = "-" if lifetime is None else f"{lifetime.shown}{' (over)' if lifetime.over(today) else ''}"
        table.add_row(one.line.name, one.line.release, one.release or "-", *(cell or "-" for cell in cells), end)
    out = io.StringIO()
    Console(file=out, width=400, no_color=True, highlight=False, force_terminal=False).print(table)
    notes = [f"{one.line.name}: {note}" for one in standings for note in one.notes]
    ended = [note for one in standings for note in _ended(one.line, today)]
    return "\n".join([*(line.rstrip() for line in out.getvalue().splitlines()), *ended, *notes])


def describe_standing(one: Standing, today: date) -> dict[str, Any]:
    """Give the public JSON form of a line that was checked."""
    return {
        "line": one.line.name,
        "from": one.line.release,
        "to": one.release,
        "newer": one.newer,
        "wheels": _described_pins(one.line, one.pins),
        "seen": dict(one.seen),
        "end_of_life": _described_end(lifetime_of(one.line.name), today),
        "notes": list(one.notes),
        "error": None,
    }


def describe_proposal(one: Proposal, today: date) -> dict[str, Any]:
    """Give the public JSON form of a line that was worked out."""
    return {
        "line": one.line.name,
        "from": one.line.release,
        "to": one.release.release if one.release is not None else None,
        "source": _described_source(one.release) if one.release is not None else None,
        "wheels": _described_pins(one.line, one.pins),
        "seen": dict(one.seen),
        "end_of_life": _described_end(lifetime_of(one.line.name), today),
        "notes": list(one.notes),
        "error": None,
    }


def describe_failed(one: Failed, today: date) -> dict[str, Any]:
    """Give the public JSON form of a line that could not be worked out."""
    return {
        "line": one.line.name,
        "from": one.line.release,
        "to": None,
        "wheels": [],
        "seen": {},
        "end_of_life": _described_end(lifetime_of(one.line.name), today),
        "notes": [],
        "error": {"code": int(one.error.code), "message": one.error.message, "mend": one.error.mend},
    }


def describe_branch(one: Branched | None) -> dict[str, Any] | None:
    """Give the public JSON form of a branch."""
    if one is None:
        return None
    return {"name": one.name, "made": one.state is State.MADE, "pushed": one.pushed}


def told_of_bump(proposals: Sequence[Proposal], done: Delivered, today: date) -> list[str]:
    """Write all of it as lines: each line's bump, the commits, the branch."""
    written = bool(done.written or done.branch)
    lines = [line for one in proposals for line in told_of(one, today, written=written)]
    commits = done.branch.commits if done.branch is not None else done.commits
    lines += [f"{one.commit[:12]} {one.subject}" for one in commits]
    return [*lines, *([told_of_branch(done.branch)] if done.branch is not None else [])]


def describe_bump(found: Sequence[Proposal | Failed], done: Delivered, diff: str, today: date) -> dict[str, Any]:
    """Give the public JSON form of a bump; `diff` is that of the Dockerfiles."""
    commits = done.branch.commits if done.branch is not None else done.commits
    return {
        "lines": [
            describe_failed(one, today) if isinstance(one, Failed) else describe_proposal(one, today) for one in found
        ],
        "written": list(done.written),
        "commits": [{"line": one.line, "commit": one.commit, "subject": one.subject} for one in commits],
        "branch": describe_branch(done.branch),
        "diff": diff,
    }


def told_of_branch(one: Branched) -> str:
    """Say what became of a branch."""
    pushed = f", pushed to {one.pushed}" if one.pushed else ""
    return f"branch {one.name}{' is there already' if one.state is State.THERE else ''}{pushed}"


def _was(line: Line, pin: Pin) -> str:
    return next(old.version for pins in pins_of(line).values() for old in pins if old.name == pin.name)


def _arrow(pin: Pin, newer: dict[str, str], *, named: bool) -> str:
    shown = f"{pin.name} {pin.version}" if named else pin.version
    return f"{shown} -> {newer[pin.name]}" if pin.name in newer else shown


def _ended(line: Line, today: date) -> tuple[str, ...]:
    lifetime = lifetime_of(line.name)
    return (lifetime.told(today),) if lifetime is not None and lifetime.over(today) else ()


def _described_pins(line: Line, pins: Sequence[Pin]) -> list[dict[str, str]]:
    return [{"name": pin.name, "from": _was(line, pin), "to": pin.version, "sha256": pin.sha256} for pin in pins]


def _described_source(release: Verified | Unsigned) -> dict[str, Any]:
    signature = release.signature if isinstance(release, Verified) else None
    return {
        "origin": release.origin,
        "format": release.format,
        "sha256": release.sha256,
        "pool": release.pool,
        "signature": None
        if signature is None
        else {
            "fingerprint": signature.fingerprint,
            "made": signature.made.astimezone(UTC).isoformat(),
            "note": signature.note,
        },
    }


def _described_end(lifetime: Lifetime | None, today: date) -> dict[str, Any] | None:
    if lifetime is None:
        return None
    return {
        "date": lifetime.shown,
        "planned": lifetime.planned,
        "over": lifetime.over(today),
        "last": lifetime.last,
        "link": lifetime.link,
    }
