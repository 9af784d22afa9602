"""Which CPU an emulator is told to imitate in a build, where its own choice is a bad one.

QEMU imitates the newest CPU that it knows. For arm64 that one signs its return addresses (pointer authentication), and before version 10 QEMU
computes these signatures by the cipher of real CPUs: programs that sign, as trixie's do, start several times as slowly. From 10 on it takes a
cheap stand-in. Source: https://www.qemu.org/docs/master/system/arm/cpu-features.html#tcg-vcpu-features
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: The variable that QEMU's user-mode emulators read, and a CPU without their newest code, by platform (normalised).
VARIABLE = "QEMU_CPU"
PLAIN: Mapping[str, str] = {"linux/arm64/v8": "cortex-a57"}
#: The first QEMU that signs cheaply.
CHEAP_SINCE = 10
_MAJOR = re.compile(r"^QEMU (\d+)\.")


def signs_slowly(platform: str, emulator: str) -> bool:
    """Tell whether pointer authentication makes programs slow; `emulator` is name and version as in a key (`QEMU 7.2.9`), `platform` normalised.

    False where that is not known: another machine's emulator says nothing of itself.
    """
    match = _MAJOR.match(emulator)
    return platform in PLAIN and match is not None and int(match[1]) < CHEAP_SINCE


def setting_text(platform: str, emulator: str) -> str:
    """Write the setting that builds are given from the start (`QEMU_CPU=cortex-a57`); empty where they are given none."""
    return " ".join(f"{name}={value}" for name, value in settings_of(platform, emulator, careful=False).items())


def settings_of(platform: str, emulator: str, *, careful: bool) -> dict[str, str]:
    """Give the variables for a build: the plain CPU from the start where signing is slow, and, `careful`, after a crash of any emulator.

    `emulator` is empty for a native build, which needs none.
    """
    plainer = bool(emulator) and platform in PLAIN and (careful or signs_slowly(platform, emulator))
    return {VARIABLE: PLAIN[platform]} if plainer else {}
