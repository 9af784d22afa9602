"""What `doctor` tells of acceleration: why there is none, which tools there are, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import load_facts
from orchestrator.acceleration.checkup import check_acceleration
from orchestrator.acceleration.model import Verdict as Judgement
from orchestrator.acceleration.shelf import Record
from orchestrator.config.settings import Acceleration
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.checks import Check, Verdict
from orchestrator.engine.emulators import Emulator
from orchestrator.matrix.model import Architecture, Platform

AUTO, OFF, REQUIRE = Acceleration.AUTO, Acceleration.OFF, Acceleration.REQUIRE
ARM64 = Architecture(name="arm64v8", platform=Platform.parse("linux/arm64/v8"))
ARMHF = Architecture(name="arm32v6", platform=Platform.parse("linux/arm/v6"))
RISCV = Architecture(name="riscv64", platform=Platform.parse("linux/riscv64"))


def emulated(architecture: Architecture = ARM64, flags: str = "PF") -> Execution:
    emulator = Emulator(
        architecture=architecture.platform.architecture, interpreter=Path("/q"), version="10.0", flags=flags, sha256=""
    )
    return Execution(platform=architecture.platform, emulator=emulator)


def record(suite: str, digest: str, *, made: float = 1.0, target: str = "arm64v8", host: str = "amd64") -> Record:
    return Record(
        suite=suite,
        target=target,
        host=host,
        base_digest="b",
        digest=digest,
        size=1,
        seconds=1.0,
        made=made,
        used=made,
    )


def look(
    *records: Record,
    architecture: Architecture = ARM64,
    execution: Execution | None = None,
    host: str = "amd64",
    local: bool = True,
    acceleration: Acceleration = AUTO,
    differences: dict[str, tuple[str, ...]] | None = None,
) -> Check | None:
    """`differences` are what the gate found, by digest; of others it knows nothing."""

    def judgement(digest: str) -> Judgement | None:
        found = (differences or {}).get(digest)
        return None if found is None else Judgement(digest=digest, differences=found, compared=99, by="x", judged="")

    return check_acceleration(
        architecture,
        execution,
        host,
        load_facts(),
        local=local,
        acceleration=acceleration,
        records=records,
        judgement=judgement,
    )


def test_what_runs_natively_needs_none() -> None:
    assert look(execution=Execution(platform=ARM64.platform)) is None


def test_without_an_emulator_and_without_tools_all_will_be_made() -> None:
    check = look()
    assert check is not None
    assert (check.name, check.verdict, check.mend) == ("speed arm64v8", Verdict.OK, "")
    assert check.detail == (
        "native tools on amd64; alpine3.6, alpine3.7, alpine3.8, bookworm, bullseye, buster, stretch, trixie: made when first needed"
    )


def test_an_architecture_that_only_alpine_has_tools_for_has_no_other_suites() -> None:
    check = look(architecture=ARMHF, execution=emulated(ARMHF))
    assert check is not None
    assert check.detail == "native tools on amd64; alpine3.6, alpine3.7, alpine3.8: made when first needed"


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (look(host="s390x"), "there are no native tools for machines of s390x"),
        (look(host=""), "for machines of an architecture that is not known"),
        (look(architecture=RISCV, execution=emulated(RISCV)), "there are no native tools for riscv64"),
        (look(local=False), "under another kernel"),
        (look(execution=emulated(flags="P")), "lacks flag F"),
        (look(acceleration=OFF), "acceleration is off"),
    ],
)
def test_where_there_is_none_it_says_why_and_all_is_well(check: Check | None, why: str) -> None:
    assert check is not None
    assert (check.verdict, check.mend) == (Verdict.OK, "")
    assert why in check.detail
    assert check.detail.endswith("builds are emulated throughout")


def test_what_is_required_and_cannot_be_had_fails() -> None:
    check = look(local=False, acceleration=REQUIRE)
    assert check is not None
    assert check.verdict is Verdict.FAIL
    assert "required" in check.detail
    assert check.mend.startswith("set acceleration: auto")


def test_tools_are_told_with_what_the_gate_found() -> None:
    check = look(
        record("bullseye", "old", made=1),
        record("bullseye", "good", made=2),
        record("trixie", "unknown"),
        record("buster", "other", target="s390x"),
        record("stretch", "elsewhere", host="ppc64le"),
        execution=emulated(),
        acceleration=REQUIRE,
        differences={"old": ("x",), "good": (), "other": (), "elsewhere": ()},
    )
    assert check is not None
    assert check.detail == (
        "native tools on amd64; bullseye: qualified by 99 comparisons; trixie: made, not judged by today's gate; "
        "alpine3.6, alpine3.7, alpine3.8, bookworm, buster, stretch: made when first needed"
    )
    assert (check.verdict, check.mend) == (Verdict.OK, "")


def test_tools_that_were_declined_are_a_limit_with_a_mend() -> None:
    differences = {"bad": ("gcc says 10.2.0 in place of 10.2.1", "y", "z"), "worse": ("no cc1",), "good": ()}
    check = look(
        record("bullseye", "bad"), record("buster", "worse"), record("trixie", "good"), differences=differences
    )
    assert check is not None
    assert check.verdict is Verdict.WARN
    assert (
        "bullseye: declined: gcc says 10.2.0 in place of 10.2.1 (and 2 more); buster: declined: no cc1;" in check.detail
    )
    assert "builds on bullseye, buster are emulated throughout" in check.mend
