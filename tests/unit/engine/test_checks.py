from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine import checks
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.checks import Verdict
from orchestrator.engine.doctor import examine
from orchestrator.engine.emulators import Emulator
from orchestrator.engine.model import Refusal
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Architecture, Platform
from orchestrator.system.apt import Mirror
from orchestrator.system.places import Places
from tests.unit.engine.fakes import FakeRunner, FakeTable
from tests.unit.engine.test_binfmt import ENGINE

ARM64 = Architecture(name="arm64v8", platform=Platform.parse("linux/arm64/v8"))
MIRROR = Mirror(url="http://mirror.example/debian", codename="bookworm", components=("main",), keyring=Path("/k"))


def emulated(version: str) -> Execution:
    emulator = Emulator(architecture="arm64", interpreter=Path("/q"), version=version, flags="PF", sha256="")
    return Execution(platform=ARM64.platform, emulator=emulator)


def test_no_engine_is_fine_where_one_can_be_started_and_fails_elsewhere() -> None:
    refusals = [Refusal(engine="the default Docker Engine", reason="Cannot connect")]
    assert checks.check_engine(ENGINE, [], None).verdict is Verdict.OK
    assert checks.check_engine(None, refusals, None).verdict is Verdict.OK
    failed = checks.check_engine(None, refusals, EnvironmentFailedError("needs root", mend="use sudo"))
    assert (failed.verdict, failed.mend) == (Verdict.FAIL, "use sudo")
    assert "Cannot connect" in failed.detail


def test_the_classic_store_is_a_limit_with_a_mend() -> None:
    assert checks.check_store(ENGINE).verdict is Verdict.OK
    classic = checks.check_store(replace(ENGINE, containerd_store=False))
    assert classic.verdict is Verdict.WARN
    assert "containerd-snapshotter" in classic.mend


@pytest.mark.parametrize(
    ("execution", "embeddable", "verdict"),
    [
        (Execution(platform=ARM64.platform), False, Verdict.OK),
        (emulated("10.0.13"), False, Verdict.OK),
        (emulated("unknown"), False, Verdict.OK),
        (emulated("7.2.1"), False, Verdict.WARN),
        (None, True, Verdict.OK),
        (None, False, Verdict.FAIL),
    ],
)
def test_how_an_architecture_runs(execution: Execution | None, *, embeddable: bool, verdict: Verdict) -> None:
    check = checks.check_execution(ARM64, execution, embeddable=embeddable)
    assert (check.name, check.verdict) == ("run arm64v8", verdict)
    assert bool(check.mend) == (verdict is not Verdict.OK)
    # From 10 on it signs cheaply.
    assert ("builds are given QEMU_CPU=cortex-a57" in check.detail) == (verdict is Verdict.WARN)


@pytest.mark.parametrize(
    ("release", "known", "mounted", "verdict"),
    [
        ("6.18.44", True, True, Verdict.OK),
        ("6.1.0-13-amd64", True, False, Verdict.OK),
        ("6.1.0", False, False, Verdict.WARN),
        ("4.4.0", True, True, Verdict.FAIL),
    ],
)
def test_kernels(tmp_path: Path, release: str, *, known: bool, mounted: bool, verdict: Verdict) -> None:
    (tmp_path / "filesystems").write_text("nodev\tproc\nnodev\tbinfmt_misc\n" if known else "nodev\tproc\n")
    assert checks.check_kernel(release, filesystems=tmp_path / "filesystems", table_mounted=mounted).verdict is verdict


@pytest.mark.parametrize(("gib", "verdict"), [(100, Verdict.OK), (10, Verdict.WARN), (1, Verdict.FAIL)])
def test_disk_is_asked_of_the_nearest_directory_that_exists(tmp_path: Path, gib: int, verdict: Verdict) -> None:
    asked = []

    def usage(path: Path) -> tuple[int, int, int]:
        asked.append(path)
        return (0, 0, gib * 1024**3)

    assert checks.check_disk("disk", tmp_path / "not" / "yet", usage=usage).verdict is verdict
    assert asked == [tmp_path]


@pytest.mark.parametrize(
    ("text", "verdict"), [("MemAvailable: 9999999 kB", "ok"), ("MemAvailable: 1000 kB", "warn"), ("", "warn")]
)
def test_memory(tmp_path: Path, text: str, verdict: str) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\n{text}\n")
    assert checks.check_memory(meminfo=tmp_path / "meminfo").verdict == verdict


def test_an_unreachable_registry_is_a_limit_only() -> None:
    assert checks.check_registry("/d", {}, FakeRunner({"imagetools": "Name: x"})).verdict is Verdict.OK
    down = checks.check_registry("/d", {}, FakeRunner({"imagetools": (1, "ERROR: no such host")}))
    assert down.verdict is Verdict.WARN
    assert "no such host" in down.detail
    assert checks.check_registry(None, {}, FakeRunner({})).verdict is Verdict.WARN


def test_a_mirror_fails_only_where_nothing_starts_without_it() -> None:
    down = FakeRunner({"apt-helper": (100, "E: Failed to fetch")})
    assert checks.check_mirror(lambda: MIRROR, needed=True, runner=down).verdict is Verdict.FAIL
    assert checks.check_mirror(lambda: MIRROR, needed=False, runner=down).verdict is Verdict.WARN
    up = FakeRunner({"apt-helper": ""})
    assert checks.check_mirror(lambda: MIRROR, needed=True, runner=up).verdict is Verdict.OK
    assert checks.check_mirror(lambda: replace(MIRROR, keyring=None), needed=True, runner=up).verdict is Verdict.FAIL

    def none() -> Mirror:
        raise EnvironmentFailedError("no apt here", mend="use Debian")

    assert checks.check_mirror(none, needed=False, runner=up).mend == "use Debian"


def test_a_checkup_touches_nothing(tmp_path: Path) -> None:
    runner = FakeRunner({"docker": (1, "Cannot connect"), "apt-helper": ""})
    found = examine(
        Places(cache=tmp_path / "cache", state=tmp_path / "state"),
        [ARM64],
        environment={"PATH": "/usr/bin:/bin"},
        runner=runner,
        table=FakeTable(is_mounted=False),
        mirror=lambda: MIRROR,
    )
    names = [check.name for check in found]
    assert names == [
        "engine",
        "buildx",
        "image store",
        "kernel",
        "run arm64v8",
        "speed arm64v8",
        "disk (cache)",
        "memory",
        "registry",
        "apt mirror",
    ]
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_was_ordered_and_does_not_answer_fails(tmp_path: Path) -> None:
    found = examine(
        Places(cache=tmp_path / "cache", state=tmp_path / "state"),
        [],
        environment={"PATH": "/usr/bin:/bin", "DOCKER_HOST": "tcp://192.0.2.1:1"},
        runner=FakeRunner({"docker": (1, "Cannot connect"), "apt-helper": ""}),
        table=FakeTable(),
        mirror=lambda: MIRROR,
    )
    assert (found[0].name, found[0].verdict) == ("engine", Verdict.FAIL)
    assert "DOCKER_HOST=tcp://192.0.2.1:1" in found[0].detail
    assert "unset" in found[0].mend
