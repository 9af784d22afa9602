"""JUnit XML as Jenkins reads it: a suite per cell, a case per phase of its build and per proof.

Jenkins takes what stands before the last point of a case's classname for its package, the rest for its class: `3.7-slim-stretch.arm64v8` is the
class `arm64v8` in the package `3.7-slim-stretch`, so its tree leads from images over architectures to cases. Names of cases stay the same from
run to run, so that Jenkins can tell since when one fails.

Sources: https://github.com/jenkinsci/junit-plugin (what is read),
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd (what is valid)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from xml.etree import ElementTree as ET

from orchestrator.build.phases import PhaseName, phase_of
from orchestrator.report.run.model import CellReport, CellState, RunReport
from orchestrator.report.wording import harmless

#: What XML 1.0 has no way to write, not even as a reference. Source: https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ORDER = {str(name): number for number, name in enumerate(PhaseName)}


class _Result(StrEnum):
    PASSED = "passed"
    FAILED = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """A test case: `kind` and `text` only count for one that did not pass."""

    name: str
    result: _Result = _Result.PASSED
    seconds: float = 0.0
    kind: str = ""
    message: str = ""
    text: str = ""


def junit(report: RunReport) -> str:
    """Write the document, with its declaration, in UTF-8."""
    usual = _usual_phases(report.cells)
    suites = [(cell, tuple(_cases(cell, usual))) for cell in report.cells]
    everything = [case for _, cases in suites for case in cases]
    root = ET.Element(
        "testsuites",
        {
            "name": f"orchestrator {report.command}, run {report.number}",
            "tests": str(len(everything)),
            "failures": str(sum(case.result is _Result.FAILED for case in everything)),
            "errors": "0",
            "time": _seconds(sum(case.seconds for case in everything)),
        },
    )
    for cell, cases in suites:
        root.append(_suite(report, cell, cases))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: RunReport, cell: CellReport, cases: Sequence[_Case]) -> ET.Element:
    began = cell.started if cell.touched and cell.started is not None and cell.action != "prove" else report.started
    suite = ET.Element(
        "testsuite",
        {
            "name": _clean(cell.id),
            "tests": str(len(cases)),
            "failures": str(sum(case.result is _Result.FAILED for case in cases)),
            "errors": "0",
            "skipped": str(sum(case.result is _Result.SKIPPED for case in cases)),
            "time": _seconds(sum(case.seconds for case in cases)),
            "timestamp": _timestamp(began),
            "hostname": _clean(cell.node or "localhost"),
            "package": _clean(cell.image),
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report, cell):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for case in cases:
        element = ET.SubElement(
            suite,
            "testcase",
            {
                "classname": _clean(f"{cell.image}.{cell.arch}"),
                "name": _clean(case.name),
                "time": _seconds(case.seconds),
            },
        )
        if case.result is not _Result.PASSED:
            kind = {"type": _clean(case.kind)} if case.kind else {}
            ET.SubElement(element, case.result, {**kind, "message": _clean(case.message)}).text = _clean(case.text)
    if cell.touched and (cell.log or cell.log_tail):
        lines = [*([f"whole log: {cell.log}"] if cell.log else []), *cell.log_tail]
        ET.SubElement(suite, "system-out").text = _clean("\n".join(lines))
    return suite


def _properties(report: RunReport, cell: CellReport) -> Iterator[tuple[str, str]]:
    said = (
        ("run", str(report.number)),
        ("state", str(cell.state)),
        ("action", cell.action),
        ("reason", cell.reason),
        ("key", cell.key),
        ("digest", cell.digest),
        ("executed", cell.executed),
        ("platform", cell.platform),
        ("release", cell.release),
    )
    return ((name, value) for name, value in said if value)


def _cases(cell: CellReport, usual: Sequence[str]) -> Iterator[_Case]:
    if not cell.touched:
        yield _Case(name="cell", result=_Result.SKIPPED, message=_untouched(cell))
    elif cell.state is CellState.NOT_TRIED:
        yield _Case(name="cell", result=_Result.SKIPPED, message=f"not tried: {cell.reason}")
    else:
        built = list(_build_cases(cell, usual)) if cell.action != "prove" else []
        yield from built
        yield from _proof_cases(cell)
        if cell.state is CellState.RUNNING:
            yield _Case(name="cell", result=_Result.SKIPPED, message="it is still at work")
        elif cell.state is CellState.STOPPED:
            yield _Case(name="cell", result=_Result.SKIPPED, message="stopped before its end")
        elif cell.state is CellState.FAILED and not _is_told(cell, built):
            yield _failure(cell, "cell", 0.0)
        elif not built and not cell.proofs:
            yield _Case(name="cell")


def _is_told(cell: CellReport, built: Sequence[_Case]) -> bool:
    return any(case.result is _Result.FAILED for case in built) or any(one.verdict == "failed" for one in cell.proofs)


def _build_cases(cell: CellReport, usual: Sequence[str]) -> Iterator[_Case]:
    """A case per phase; of a build that failed the phase that did, and those that it did not come to."""
    culprit = _culprit(cell)
    for phase in cell.phases:
        seconds = 0.0 if phase.cached else phase.seconds
        if phase.name == culprit:
            yield _failure(cell, f"build/{phase.name}", seconds)
        else:
            yield _Case(name=f"build/{phase.name}", seconds=seconds)
    if not culprit:
        return
    seen = {phase.name for phase in cell.phases}
    if culprit not in seen:
        yield _failure(cell, f"build/{culprit}", 0.0 if cell.phases else cell.seconds)
    later = [name for name in usual if name not in seen and _ORDER[name] > _ORDER[culprit]]
    reason = f"not reached: {culprit} failed"
    for name in later:
        yield _Case(name=f"build/{name}", result=_Result.SKIPPED, message=reason)
    yield _Case(name="prove", result=_Result.SKIPPED, message=reason)


def _culprit(cell: CellReport) -> str:
    """Name the phase that a build failed in; empty when none did.

    What is said of the failure is the name of BuildKit's step, where one failed; else the last phase that was reached.
    """
    failure = cell.failure
    if failure is None or cell.attempt is None or cell.digest or cell.proofs:
        return ""
    step = failure.message.partition("silent for ")[2].partition(": ")[2] or failure.message
    named = phase_of(step)
    if named is not PhaseName.OTHER:
        return str(named)
    return cell.phases[-1].name if cell.phases else str(PhaseName.BASE)


def _failure(cell: CellReport, name: str, seconds: float) -> _Case:
    failure = cell.failure
    if failure is None:
        return _Case(name=name, result=_Result.FAILED, seconds=seconds, kind="unknown", message="it is not known why")
    told = [f"{failure.kind}: {failure.message}"]
    if failure.since is not None and failure.since_run is not None:
        told.append(f"failing since {_timestamp(failure.since)} UTC (run {failure.since_run})")
    told += [f"changed since it was last proven: {one}" for one in failure.changed]
    told += ["", *failure.tail, "", f"to reproduce: {failure.reproduce}"]
    told += [f"or: {failure.otherwise}"] if failure.otherwise else []
    return _Case(
        name=name,
        result=_Result.FAILED,
        seconds=seconds,
        kind=failure.kind,
        message=failure.message,
        text="\n".join(told),
    )


def _proof_cases(cell: CellReport) -> Iterator[_Case]:
    results = {"passed": _Result.PASSED, "failed": _Result.FAILED}
    for proof in cell.proofs:
        result = results.get(proof.verdict, _Result.SKIPPED)
        text = ""
        if result is _Result.FAILED and cell.failure is not None:
            text = f"{proof.detail}\n\nto reproduce: {cell.failure.reproduce}"
        yield _Case(
            name=f"prove/{proof.name}",
            result=result,
            seconds=proof.seconds,
            kind="proof failed" if result is _Result.FAILED else "",
            message=proof.detail if result is not _Result.SKIPPED else f"not made: {proof.detail}",
            text=text,
        )


def _untouched(cell: CellReport) -> str:
    if cell.state is CellState.NEVER:
        return "not part of this run; never built"
    since = f", {_timestamp(cell.started)} UTC" if cell.started is not None else ""
    if cell.failure is not None:
        return f"not part of this run; failed before ({cell.failure.kind}: {cell.failure.message})"
    return f"nothing to do in this run: {cell.state}{since}"


def _usual_phases(cells: Iterable[CellReport]) -> tuple[str, ...]:
    """The phases that builds of this run have, in their order; where no build shows it, all there are."""
    seen = {phase.name for cell in cells if cell.digest for phase in cell.phases}
    names = seen or {str(name) for name in PhaseName} - {str(PhaseName.OTHER), str(PhaseName.TOOLS)}
    return tuple(sorted(names & set(_ORDER), key=_ORDER.__getitem__))


def _clean(text: str) -> str:
    """Take out what a terminal would obey, line by line, and what XML cannot hold."""
    if text.isprintable() and text.isascii():
        return text
    return "\n".join(_FORBIDDEN.sub("", harmless(line, "utf-8")) for line in text.split("\n"))


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"


def _timestamp(when: datetime) -> str:
    """ISO 8601 in UTC and without saying so, as Ant's form has it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
