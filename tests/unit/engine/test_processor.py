"""An emulator that signs return addresses slowly is told to imitate a CPU that signs none; so is any that has crashed, and no other."""

from __future__ import annotations

import pytest

from orchestrator.engine.processor import setting_text, settings_of, signs_slowly

ARM64 = "linux/arm64/v8"


@pytest.mark.parametrize(
    ("platform", "emulator", "slow"),
    [
        (ARM64, "QEMU 5.2.0", True),
        (ARM64, "QEMU 9.2.4", True),
        (ARM64, "QEMU 10.0.2", False),
        (ARM64, "QEMU 11.0", False),
        (ARM64, "QEMU unknown", False),
        (ARM64, "unknown, of builder arm", False),
        (ARM64, "", False),
        ("linux/s390x", "QEMU 7.2.9", False),
        ("linux/arm/v7", "QEMU 7.2.9", False),
    ],
)
def test_by_version(platform: str, emulator: str, *, slow: bool) -> None:
    assert signs_slowly(platform, emulator) is slow
    told = settings_of(platform, emulator, careful=False)
    assert told.get("QEMU_CPU") == ("cortex-a57" if slow else None)
    assert setting_text(platform, emulator) == ("QEMU_CPU=cortex-a57" if slow else "")


@pytest.mark.parametrize("emulator", ["QEMU 7.2.9", "QEMU 10.0.2", "unknown, of builder arm"])
def test_after_a_crash_any_emulator_is_told(emulator: str) -> None:
    assert settings_of(ARM64, emulator, careful=True)["QEMU_CPU"] == "cortex-a57"
    assert settings_of("linux/s390x", emulator, careful=True) == {}


@pytest.mark.parametrize("careful", [False, True])
def test_qemu_is_told_to_set_room_aside_where_that_was_tried(*, careful: bool) -> None:
    assert settings_of(ARM64, "QEMU 10.0.13", careful=careful)["QEMU_RESERVED_VA"] == "0x10000000000"
    for platform, emulator in (("linux/s390x", "QEMU 10.0.13"), (ARM64, "unknown, of builder arm"), (ARM64, "")):
        assert "QEMU_RESERVED_VA" not in settings_of(platform, emulator, careful=careful)


def test_a_native_build_is_told_nothing() -> None:
    assert settings_of(ARM64, "", careful=True) == {}
