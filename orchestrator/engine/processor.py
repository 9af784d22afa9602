"""What an emulator is told in a build, where its own choice is a bad one: which CPU to imitate, and where to put programs.

QEMU imitates the newest CPU that it knows. For arm64 that one signs its return addresses (pointer authentication), and before version 10 QEMU
computes these signatures by the cipher of real CPUs: programs that sign, as trixie's do, start several times as slowly. From 10 on it takes a
cheap stand-in. Source: https://www.qemu.org/docs/master/system/arm/cpu-features.html#tcg-vcpu-features

QEMU also puts programs wherever the kernel has room. A static program that may lie anywhere, such as ldconfig, then finds its heap in the way of
something else now and then, and dies of SIGSEGV: of 2,200 starts of bullseye's ldconfig under QEMU 10.0.13, with settings that change nothing about
this, 39; of 1,900 with room set aside, none. It costs no memory. Sources: https://gitlab.com/qemu-project/qemu/-/issues/1913 and
https://www.qemu.org/docs/master/user/main.html#command-line-options (-R)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: The variable that QEMU's user-mode emulators read, and a CPU without their newest code, by platform (normalised).
VARIABLE = "QEMU_CPU"
PLAIN: Mapping[str, str] = {"linux/arm64/v8": "cortex-a57"}
#: The variable that sets room aside for all that a program maps, and how much (bytes), by platform: what was tried.
ROOM, ROOMS = "QEMU_RESERVED_VA", {"linux/arm64/v8": "0x10000000000"}
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
    """Write the CPU that builds are given from the start (`QEMU_CPU=cortex-a57`); empty where they are given none."""
    return f"{VARIABLE}={PLAIN[platform]}" if signs_slowly(platform, emulator) else ""


def settings_of(platform: str, emulator: str, *, careful: bool) -> dict[str, str]:
    """Give the variables for a build: room, and the plain CPU from the start where signing is slow, and, `careful`, after a crash of any emulator.

    `emulator` is empty for a native build, which needs none.
    """
    room = {ROOM: ROOMS[platform]} if emulator.startswith("QEMU ") and platform in ROOMS else {}
    plainer = bool(emulator) and platform in PLAIN and (careful or signs_slowly(platform, emulator))
    return room | ({VARIABLE: PLAIN[platform]} if plainer else {})
