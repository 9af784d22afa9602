"""The data of the page's script, as compact as 10,000 cells ask for; its other half is `parts/*.js`.

There are three documents. `index` is read at once and draws the grid, `spans` draws the chart of the run, `details` is read when somebody opens
a cell. In each, words stand for numbers of its own table `texts`; times are whole seconds since 1970, spans of time whole seconds, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from orchestrator.contents.model import Component, Contents
from orchestrator.report.run.model import CellReport, CellState, FailureLine, ProofLine, RunReport
from orchestrator.report.run.page.publications import split
from orchestrator.report.run.page.texts import Texts
from orchestrator.report.run.page.trends import run_trends

#: Characters that details of passed proofs and last lines of proven cells may take in all. They repeat, so this is a lot.
_SPARE = 4_000_000
#: Earlier attempts of a cell that are drawn.
_POINTS = 30
_TOUCHED, _EMULATED = 1, 2


def index(report: RunReport) -> dict[str, Any]:
    """Everything that the grid shows and filters by.

    `images` are `[line, release, variant, id]`, `cells` `[image, arch, state, flags, started, seconds, size, kind of failure, id or 0]` in
    published order, where 0 stands for the id that image and arch make.
    """
    texts = Texts()
    images: dict[tuple[str, str, str, str], int] = {}
    arches = {arch: number for number, arch in enumerate(dict.fromkeys(cell.arch for cell in report.cells))}
    states = {state: number for number, state in enumerate(CellState)}
    cells = []
    for cell in report.cells:
        image = images.setdefault((cell.line, cell.release, cell.variant, cell.image), len(images))
        cells.append([
            image,
            arches[cell.arch],
            states[cell.state],
            (_TOUCHED if cell.touched else 0) | (_EMULATED if cell.emulated else 0),
            _second(cell.started),
            round(cell.seconds),
            cell.size,
            texts.add(cell.failure.kind if cell.failure else ""),
            0 if cell.id == f"{cell.image}-{cell.arch}" else texts.add(cell.id),
        ])  # fmt: skip
    return {
        "run": report.number,
        "made": _second(report.made or report.ended or report.started),
        "states": [[state.name.lower().replace("_", "-"), str(state)] for state in states],
        "arches": [texts.add(arch) for arch in arches],
        "images": [[texts.add(word) for word in image] for image in images],
        "cells": cells,
        "texts": texts.table,
        "runs": [
            [
                one.number,
                _second(one.started),
                *map(round, (one.seconds, one.native, one.emulated)),
                *(one.cells, one.failed, one.size),
            ]
            for one in run_trends(report)
        ],
    }


def spans(report: RunReport) -> dict[str, Any]:
    """The bars of the chart: `[cell, stage, lane, emulated, started, seconds, failure class]`, started after `from`; lanes `[node, slot]`."""
    texts = Texts()
    begun = min((one.started for one in report.spans), default=report.started)
    nodes = dict.fromkeys(one.node for one in report.spans)
    used = {(one.node, one.slot) for one in report.spans}
    lanes = {
        lane: number for number, lane in enumerate(sorted(used, key=lambda lane: (list(nodes).index(lane[0]), lane[1])))
    }
    return {
        "from": _second(begun),
        "lanes": [[texts.add(node), slot] for node, slot in lanes],
        "bars": [
            [
                texts.add(one.cell),
                texts.add(one.stage),
                lanes[one.node, one.slot],
                int(one.emulated),
                round((one.started - begun).total_seconds(), 1),
                round((one.ended - one.started).total_seconds(), 1),
                texts.add(one.failure_class),
            ]
            for one in sorted(report.spans, key=lambda one: one.started)
        ],
        "texts": texts.table,
    }


def details(report: RunReport) -> dict[str, Any]:
    """What a cell's page shows, by its place in `index`; keys that would be empty are left out. See `_Details`."""
    found = _Details(report)
    cells = [found.cell(cell) for cell in report.cells]
    return {
        "cells": cells,
        "shapes": found.shapes,
        "components": found.components,
        "runs": [[number, started] for number, started in found.runs.items()],
        "texts": found.texts.table,
        "left_out": found.texts.left_out,
    }


class _Details:
    """Tables that cells share.

    `shapes` are lists of proofs as they are made: `[names, details]`; a cell says which, and what differs. `components` are numbered in the order
    in which they turn up, so that an image's are runs of neighbours: `[from, how many, from, how many, ...]`.
    """

    def __init__(self, report: RunReport) -> None:
        self.texts = Texts(budget=_SPARE)
        self.shapes: list[tuple[list[int], list[int]]] = []
        self.components: list[list[Any]] = []
        starts: dict[int, int] = {}
        for point in chain.from_iterable(cell.trend for cell in report.cells):
            second = _second(point.started)
            starts[point.run] = min(starts.get(point.run, second), second)
        self.runs = dict(sorted(starts.items()))
        self._runs = {run: number for number, run in enumerate(self.runs)}
        self._states = {state: number for number, state in enumerate(CellState)}
        self._shapes: dict[tuple[str, ...], int] = {}
        self._components: dict[tuple[Any, ...], int] = {}
        self._lists: dict[tuple[Component, ...], list[int]] = {}

    def cell(self, cell: CellReport) -> dict[str, Any]:
        """Everything of one cell."""
        add = self.texts.add
        words = {
            "platform": cell.platform,
            "action": cell.action,
            "reason": cell.reason,
            "executed": cell.executed,
            "node": cell.node,
            "setting": cell.setting,
            "digest": cell.digest,
            "base": cell.base,
            "base_digest": cell.base_digest,
            "log": cell.log,
        }
        fine = cell.state is CellState.PROVEN
        tail = [self.texts.spare(line) if fine else add(line) for line in cell.log_tail]
        found = {name: add(word) for name, word in words.items() if word} | {
            "attempt": cell.attempt,
            "tries": cell.tries,
            "prove_seconds": round(cell.prove_seconds),
            "changes": [add(one) for one in cell.changes],
            "phases": [[add(one.name), round(one.seconds, 1), int(one.cached)] for one in cell.phases],
            "proofs": self._proofs(cell.proofs),
            "tail": tail if min(tail, default=0) >= 0 else [],
            "tags": [add(one) for one in cell.tags],
            "published": [[add(word) for word in split(one)] for one in cell.published],
            "packages": [[add(one.name), add(one.before), add(one.after)] for one in cell.package_changes],
            "failure": self._failure(cell.failure),
            "trend": self._trend(cell),
        }
        found |= self._contents(cell.contents)
        return {name: value for name, value in found.items() if value}

    def _proofs(self, proofs: Sequence[ProofLine]) -> list[Any]:
        """Write `[shape, seconds, [place, verdict, detail, ...]]`: details that differ from the shape's, and verdicts other than passed."""
        if not proofs:
            return []
        names = tuple(proof.name for proof in proofs)
        details = [
            self.texts.spare(proof.detail) if proof.verdict == "passed" else self.texts.add(proof.detail)
            for proof in proofs
        ]
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shapes[names] = len(self.shapes)
            self.shapes.append(([self.texts.add(name) for name in names], details))
        usual = self.shapes[shape][1]
        differing: list[int] = []
        for place, proof in enumerate(proofs):
            if proof.verdict != "passed" or details[place] != usual[place]:
                differing += [place, self.texts.add(proof.verdict), details[place]]
        return [shape, [round(proof.seconds, 1) or 0 for proof in proofs], differing]

    def _failure(self, failure: FailureLine | None) -> dict[str, Any]:
        if failure is None:
            return {}
        add = self.texts.add
        return {
            "kind": add(failure.kind),
            "message": add(failure.message),
            "tail": [add(line) for line in failure.tail],
            "since": _second(failure.since),
            "since_run": failure.since_run or 0,
            "changed": [add(one) for one in failure.changed],
            "reproduce": add(failure.reproduce),
            "otherwise": add(failure.otherwise),
            "times": failure.times,
            "proven": _second(failure.proven),
            "proven_run": failure.proven_run or 0,
        }

    def _trend(self, cell: CellReport) -> list[list[int]]:
        return [
            [
                self._runs[point.run],
                round(point.seconds),
                point.size,
                _EMULATED if point.emulated else 0,
                self._states[point.state],
            ]
            for point in cell.trend[-_POINTS:]
        ]

    def _contents(self, contents: Contents | None) -> dict[str, Any]:
        if contents is None:
            return {}
        add = self.texts.add
        return {
            # Twelve digits tell layers apart; whole digests of 100,000 layers would be half of the file.
            "layers": [
                [add(one.digest.removeprefix("sha256:")[:12]), one.size, add(one.made_by)] for one in contents.layers
            ],
            "contents": self._numbers(contents.components),
        }

    def _numbers(self, components: tuple[Component, ...]) -> list[int]:
        known = self._lists.get(components)
        if known is None:
            known = self._lists[components] = _ranges(self._component(one) for one in components)
        return known

    def _component(self, one: Component) -> int:
        # Neither architecture nor package URL: the first is the cell's, the second says the same again.
        row = (str(one.ecosystem), one.name, one.version, one.licences, one.source)
        number = self._components.get(row)
        if number is None:
            number = self._components[row] = len(self.components)
            add = self.texts.add
            licences = [add(licence) for licence in one.licences]
            self.components.append([add(row[0]), add(one.name), add(one.version), licences, add(one.source)])
        return number


def _ranges(numbers: Iterable[int]) -> list[int]:
    """Write ascending neighbours as `first, how many`."""
    found: list[int] = []
    for number in numbers:
        if found and number == found[-2] + found[-1]:
            found[-1] += 1
        else:
            found += [number, 1]
    return found


def _second(when: datetime | None) -> int:
    return 0 if when is None else int(when.timestamp())
