"""Whether emulated builds of an architecture are accelerated here, as `doctor` tells it: why not, and which tools there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.acceleration.catalogue import Facts
from orchestrator.acceleration.model import Verdict as Judgement
from orchestrator.acceleration.shelf import Record
from orchestrator.config.settings import Acceleration
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.checks import Check, Verdict
from orchestrator.matrix.model import Architecture


def check_acceleration(
    architecture: Architecture,
    execution: Execution | None,
    host: str,
    facts: Facts,
    *,
    local: bool,
    acceleration: Acceleration,
    records: Sequence[Record],
    judgement: Callable[[str], Judgement | None],
) -> Check | None:
    """Tell whether native tools speed up builds for an architecture on a machine of another (`host`, by its official name); None where it runs natively.

    `execution` is None where no emulator is registered yet, `local` says that the engine's kernel is this host's. `records` are the tools that
    are here, `judgement` gives what the gate found out about the tools of a digest.
    """
    if execution is not None and execution.native:
        return None
    obstacle = _obstacle(architecture, execution, host, facts, local=local)
    name = f"speed {architecture.name}"
    if acceleration is Acceleration.OFF:
        return Check(name=name, verdict=Verdict.OK, detail="acceleration is off: builds are emulated throughout")
    if obstacle and acceleration is Acceleration.REQUIRE:
        mend = "set acceleration: auto, or build on a machine of its own architecture"
        return Check(name=name, verdict=Verdict.FAIL, detail=f"{obstacle}, but acceleration is required", mend=mend)
    if obstacle:
        return Check(name=name, verdict=Verdict.OK, detail=f"{obstacle}: builds are emulated throughout")
    newest: dict[str, Record] = {}
    for record in sorted(records, key=lambda one: one.made):
        if (record.target, record.host) == (architecture.name, host):
            newest[record.suite] = record
    states = {suite: judgement(record.digest) for suite, record in sorted(newest.items())}
    parts = [f"{suite}: {_state(found)}" for suite, found in states.items()]
    rest = sorted(facts.suites_for(architecture.name) - newest.keys())
    if rest:
        parts.append(f"{', '.join(rest)}: made when first needed")
    declined = [suite for suite, found in states.items() if found is not None and not found.qualified]
    return Check(
        name=name,
        verdict=Verdict.WARN if declined else Verdict.OK,
        detail=f"native tools on {host}; {'; '.join(parts)}",
        mend=f"look at what differs, and compare the versions of packages: builds on {', '.join(declined)} are emulated throughout"
        if declined
        else "",
    )


def _obstacle(architecture: Architecture, execution: Execution | None, host: str, facts: Facts, *, local: bool) -> str:
    if host not in facts.hosts:
        return f"there are no native tools for machines of {host or 'an architecture that is not known'}"
    if not facts.suites_for(architecture.name):
        return f"there are no native tools for {architecture.name}"
    if not local:
        return "the engine works under another kernel, whose emulator is not known here"
    if execution is not None and execution.emulator is not None and "F" not in execution.emulator.flags:
        return "the emulator lacks flag F, so containers do not find it"
    return ""


def _state(found: Judgement | None) -> str:
    if found is None:
        return "made, not judged by today's gate"
    if found.qualified:
        return f"qualified by {found.compared} comparisons"
    return f"declined: {found.told}"
