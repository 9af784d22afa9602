"""Measurements as they might have been."""

from __future__ import annotations

from benchmarks.acceleration.model import Equality, Measured, Stretch, Timing, Way, timing
from benchmarks.machine import Machine

OLD, NEW = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
MACHINE = Machine(kernel="6.1", cores=2, memory_gib=7.8, engine="26.1", buildx="0.13", emulator="QEMU 10.0")
WORDS = {OLD: "long ago", NEW: "just now"}
EQUAL = Equality(
    run=NEW, paths=3, files=2, packages=1, layers=4, explained={"/var/log/dpkg.log": "it says when"}, differences=()
)


def seconds(compiling: float, whole: float) -> dict[Stretch, float]:
    return {Stretch.UNPACK: 1.0, Stretch.COMPILING: compiling, Stretch.WHOLE: whole}


NATIVE = seconds(100, 120)


def timings(run: str, *ways: Way) -> dict[Way, Timing]:
    found = {
        Way.NATIVE: timing(run, NATIVE, None),
        Way.PLAIN: timing(run, seconds(1700, 2040), NATIVE),
        Way.ACCELERATED: timing(run, seconds(190, 290), NATIVE),
        Way.REBUILT: timing(run, seconds(90, 180), NATIVE),
    }
    return {way: found[way] for way in ways}


def measured(*, plain: str = NEW) -> Measured:
    quick = timings(NEW, Way.NATIVE, Way.ACCELERATED, Way.REBUILT)
    return Measured(
        image="2.7-slim-bullseye",
        release="2.7.18",
        timings={**quick, **timings(plain, Way.PLAIN)},
        equalities={Way.PLAIN: EQUAL},
    )
