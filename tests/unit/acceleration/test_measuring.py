"""What a measuring build is told, and how what it says is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.acceleration.grounds import Ground, Side, ToolsContext
from orchestrator.acceleration.measuring import Measure, measure
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.cli.doctor import describe
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Architecture, Platform

AMD64 = Architecture(name="amd64", platform=Platform.parse("linux/amd64"))
ARM64 = Architecture(name="arm64v8", platform=Platform.parse("linux/arm64/v8"))
S390X = Architecture(name="s390x", platform=Platform.parse("linux/s390x"))
TOOLS = ToolsContext(context="oci-layout:///t@sha256:t", platform="linux/arm64/v8")
GROUND = Ground(
    name="debian:x", native=Side(reference="debian:x", context="oci-layout:///n@sha256:n"), emulated=Side(reference="arm/python:x")
)  # fmt: skip
NATIVE = "start 50 50000000\nperl 10 20000000\ncalculate 1 100000000\ntools-compile 1 500000000\n"
EMULATED = (
    "qemu: warning\nstart 50 2500000000\nperl 10 2000000000\npython 2 0\ncalculate 1 x\nplain-perl 10 200000000\n"
    "tools-start 50 50000000\ntools-compile 1 600000000\nstart 50 7 8\n"
)


@dataclass
class FakeBuild:
    """Leaves what each platform says where the result is asked for."""

    says: dict[str, str]
    failure: Failure | None = None
    requests: list[BuildRequest] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: BuildRequest) -> BuildResult:
        self.requests.append(request)
        self.files.append({path.name: path.read_text(encoding="utf-8") for path in request.directory.iterdir()})
        out = Path(request.export.removeprefix("type=local,dest="))
        out.mkdir()
        (out / "measured").write_text(self.says[request.platform], encoding="utf-8")
        return BuildResult(phases=(), seconds=1.0, failure=self.failure)


def said(native: str = NATIVE, emulated: str = EMULATED, platform: str = "linux/arm64/v8") -> FakeBuild:
    return FakeBuild({"linux/amd64": native, platform: emulated})


def test_both_architectures_are_measured_and_held_against_each_other(tmp_path: Path) -> None:
    found = measure(GROUND, AMD64, ARM64, "QEMU 7.2.9", build=said(), log=tmp_path / "log")
    assert (found.architecture, found.ground, found.emulator) == ("arm64v8", "debian:x", "QEMU 7.2.9")
    assert (found.cpu, found.tools) == ("QEMU_CPU=cortex-a57", False)
    assert found.measures == (
        Measure(name="start a program", native=0.001, emulated=0.05, accelerated=0.001),
        Measure(name="start Perl", native=0.002, emulated=0.2, plain=0.02),
        Measure(name="compile a file", native=0.5, accelerated=0.6),
    )


def test_the_public_form_has_times_and_ratios(tmp_path: Path) -> None:
    found = describe(measure(GROUND, AMD64, ARM64, "QEMU 10.0", build=said(), log=tmp_path / "log"))
    assert {name: found[name] for name in ("architecture", "ground", "emulator", "plain_cpu", "tools")} == {
        "architecture": "arm64v8",
        "ground": "debian:x",
        "emulator": "QEMU 10.0",
        "plain_cpu": "QEMU_CPU=cortex-a57",
        "tools": False,
    }
    first = found["measures"][0]
    assert (first["name"], first["native"], first["plain"]) == ("start a program", 0.001, None)
    assert first["ratios"] == {"emulated": pytest.approx(50), "accelerated": pytest.approx(1), "plain": None}


def test_what_is_not_there_natively_has_no_ratio(tmp_path: Path) -> None:
    found = measure(GROUND, AMD64, ARM64, "QEMU 10.0", build=said(native=""), log=tmp_path / "log")
    assert [one.ratio(one.emulated) for one in found.measures] == [None] * 3


def test_what_the_builds_are_told(tmp_path: Path) -> None:
    build = said()
    measure(GROUND, AMD64, ARM64, "QEMU 10.0", build=build, log=tmp_path / "log")
    native, emulated = build.requests
    assert (native.platform, dict(native.contexts)) == ("linux/amd64", {"debian:x": "oci-layout:///n@sha256:n"})
    assert (emulated.platform, dict(emulated.contexts)) == ("linux/arm64/v8", {})
    assert all(one.fresh and one.offline and not one.reference for one in build.requests)
    assert build.files[0].keys() == {"Dockerfile", "measure", "times", "unit.c"}
    assert "\nFROM debian:x AS measured\n" in build.files[0]["Dockerfile"]
    assert '/measure "" >' in build.files[0]["Dockerfile"]
    assert "FROM scratch AS native-tools\nFROM arm/python:x AS measured\n" in build.files[1]["Dockerfile"]
    assert '/measure "cortex-a57" >' in build.files[1]["Dockerfile"]


def test_native_tools_are_mounted_on_both_sides_under_the_platform_of_their_index(tmp_path: Path) -> None:
    build = said()
    ground = Ground(name="x", native=GROUND.native, emulated=GROUND.emulated, tools=TOOLS)
    assert measure(ground, AMD64, ARM64, "QEMU 10.0", build=build, log=tmp_path / "log").tools
    for request, files in zip(build.requests, build.files, strict=True):
        assert request.contexts["native-tools"] == TOOLS.context
        assert files["Dockerfile"].startswith("FROM --platform=linux/arm64/v8 scratch AS native-tools\n")


def test_where_no_plain_cpu_is_known_none_is_tried(tmp_path: Path) -> None:
    build = said(platform="linux/s390x")
    assert measure(GROUND, AMD64, S390X, "QEMU 10.0", build=build, log=tmp_path / "log").cpu == ""
    assert '/measure "" >' in build.files[1]["Dockerfile"]


def test_a_build_that_fails_is_told_with_its_log(tmp_path: Path) -> None:
    build = said()
    build.failure = Failure(kind=FailureClass.EMULATOR_CRASH, message="signal 11")
    with pytest.raises(EnvironmentFailedError, match="for amd64 in debian:x: signal 11") as failed:
        measure(GROUND, AMD64, ARM64, "QEMU 10.0", build=build, log=tmp_path / "log")
    assert str(tmp_path / "log") in failed.value.mend
