"""Nodes, failure rates and durations as a person writes them, to simulate a farm."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from orchestrator.build.failure import FailureClass
from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.ledger.records import Seen
from orchestrator.matrix.model import Architecture
from orchestrator.matrix.platforms import normalise
from orchestrator.schedule.model import Node, Stage
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, Strict, convert, did_you_mean, dotted

_NODE = re.compile(
    r"(?:(?P<count>\d{1,4})x)?(?:(?P<what>[A-Za-z][\w/,.-]*):)?(?P<slots>\d{1,4})(?::(?P<emulated>\d{1,4}))?"
)
_SHARE = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:e-[0-9]{1,3})?")
_FORM = "[COUNTx][ARCH[,ARCH]:]SLOTS[:EMULATED], such as amd64:4, 2xarm64v8:8:0 or 4"

#: A farm of more is not simulated: the answer would not be worth the wait.
MOST_NODES = 1000

Seconds = Annotated[float, Field(ge=0, le=1e7)]


class DurationDocument(Strict):
    """Seconds of one cell, where they are known."""

    native: Seconds | None = None
    emulated: Seconds | None = None
    prove: Seconds | None = None
    prove_emulated: Seconds | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Machines:
    """What the words of nodes can mean: the architectures of the matrix, and that of this machine."""

    known: Sequence[Architecture]
    own: str


def read_nodes(words: Iterable[str], machines: Machines) -> tuple[Node, ...]:
    """Read `--nodes`. A node emulates every other platform of the matrix, in all of its slots unless told. Raises `UsageError`."""
    everything = frozenset(normalise(str(one.platform)) for one in machines.known)
    nodes: list[Node] = []
    for word in (part for one in words for part in re.split(r"[\s;]+", one) if part):
        match = _NODE.fullmatch(word)
        if match is None or int(match["slots"]) < 1 or (match["count"] and int(match["count"]) < 1):
            raise UsageError(f'"{word[:80]}" is not a node', mend=f"write {_FORM}")
        native = frozenset(_platform(name, machines) for name in (match["what"] or machines.own).split(",") if name)
        slots = int(match["slots"])
        emulated = slots if match["emulated"] is None else min(slots, int(match["emulated"]))
        for _ in range(int(match["count"] or 1)):
            name = f"{(match['what'] or machines.own).replace('/', '-')}-{len(nodes) + 1}"
            nodes.append(
                Node(name=name, native=native, emulated=everything - native, slots=slots, emulated_slots=emulated)
            )
    if not 1 <= len(nodes) <= MOST_NODES:
        raise UsageError(f"{len(nodes)} nodes cannot be simulated", mend=f"name 1 to {MOST_NODES}; write {_FORM}")
    return tuple(nodes)


def _platform(name: str, machines: Machines) -> str:
    for one in machines.known:
        if name in {one.name, str(one.platform)} or ("/" in name and normalise(name) == normalise(str(one.platform))):
            return normalise(str(one.platform))
    names = [one.name for one in machines.known]
    raise UsageError(f'the matrix knows no architecture "{name}"', mend=did_you_mean(name, names))


def read_rates(words: Iterable[str]) -> dict[FailureClass, float]:
    """Read `--failure-rate CLASS=SHARE`: `network=0.1`, or a share alone for network failures. Raises `UsageError`."""
    found = {}
    for word in words:
        name, _, share = word.rpartition("=")
        try:
            kind = FailureClass(name.replace("-", " ")) if name else FailureClass.NETWORK
        except ValueError:
            raise UsageError(
                f'"{name}" is no class of failures', mend=did_you_mean(name, [str(one) for one in FailureClass])
            ) from None
        if _SHARE.fullmatch(share) is None or float(share) > 1:
            raise UsageError(f'"{share[:80]}" is not a share between 0 and 1', mend='write it like "network=0.1"')
        found[kind] = float(share)
    return found


def read_durations(path: Path, cells: Collection[str]) -> tuple[Seen, ...]:
    """Read `--durations FILE`: JSON, a cell's id to seconds, or to `{"native", "emulated", "prove", "prove_emulated"}`.

    `cells` are the ids that the matrix knows. Raises `InvalidFileError`.
    """
    content = read_text(path, what="file of durations")
    try:
        document = _durations(json.loads(content, object_pairs_hook=_unique), cells)
    except json.JSONDecodeError as error:
        raise InvalidFileError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}", mend="correct the syntax there"
        ) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise InvalidFileError(
            f"{path}: not valid JSON: {str(error)[:120]}", mend="write cells and seconds only"
        ) from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
    return tuple(
        Seen(cell=cell, stage=stage, emulated=emulated, machine="", seconds=seconds)
        for cell, one in document.items()
        for stage, emulated, seconds in (
            (Stage.BUILD, False, one.native),
            (Stage.BUILD, True, one.emulated),
            (Stage.PROVE, False, one.prove),
            (Stage.PROVE, True, one.prove_emulated),
        )
        if seconds is not None
    )


def _durations(raw: Any, cells: Collection[str]) -> Mapping[str, DurationDocument]:
    if not isinstance(raw, dict):
        raise Problem((), "this is not an object", 'write {"3.7-alpine3.8-amd64": 95.0}')
    for name in raw:
        if name not in cells:
            raise Problem((name,), "the matrix has no such cell", did_you_mean(name, sorted(cells)))
    plain = {
        name: value if isinstance(value, dict) else {"native": value, "emulated": value} for name, value in raw.items()
    }
    return convert(plain, dict[str, DurationDocument])


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Problem((twice,), "this key stands twice", "keep one of the two")
    return found
