"""How a trial is built, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.acceleration.gate.judging import judge
from orchestrator.acceleration.gate.model import Trial, UnjudgedError
from orchestrator.acceleration.gate.units import load_units
from orchestrator.acceleration.model import Verdict
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.matrix.model import Matrix
from tests.unit.acceleration.gate.ways import DOCKERFILE, OBJECTS, TAKEN, TEXTS, Building, made_tools, trial, write_way

BROKEN = Failure(
    kind=FailureClass.COMPILE,
    message="[build 3/3] RUN ./configure",
    tail=("checking", "configure: error: no cpp", "bye"),
)


@pytest.fixture
def same(tmp_path: Path) -> Path:
    return results(tmp_path / "same")


def results(
    directory: Path,
    *,
    sed: str = "sed 4.7\n",
    taken: tuple[str, ...] = TAKEN,
    declined: str = "",
    plain: dict[str, int] | None = None,
    native: dict[str, int] | None = None,
) -> Path:
    texts = {**TEXTS, "version-of-sed": sed}
    write_way(directory / "native", texts=texts, taken=taken, declined=declined, statuses=native)
    write_way(directory / "plain", statuses=plain)
    return directory


def judged(
    tmp_path: Path, matrix: Matrix, build: Building, *, given: Trial | None = None, units: tuple[str, ...] | None = None
) -> Verdict:
    directory = tmp_path / "gate"
    directory.mkdir()
    return judge(
        made_tools(matrix), given or trial(), build=build, directory=directory, log=tmp_path / "gate.log", units=units
    )


def test_tools_that_do_the_same_are_qualified(tmp_path: Path, debian_matrix: Matrix, same: Path) -> None:
    verdict = judged(tmp_path, debian_matrix, Building(outcomes=[same]))
    assert verdict.qualified
    assert verdict.digest == "sha256:0123"
    assert verdict.compared == len(OBJECTS) + len(TEXTS)
    assert verdict.by == "2.7-slim-bullseye-arm64v8"
    assert verdict.judged.endswith("+00:00")


def test_the_trial_is_the_cells_own_build_as_far_as_it_goes(tmp_path: Path, debian_matrix: Matrix, same: Path) -> None:
    build = Building(outcomes=[same])
    judged(tmp_path, debian_matrix, build, given=trial(arguments={"QEMU_CPU": "cortex-a57"}))
    (request,), (text,), (units,) = build.requests, build.dockerfiles, build.units
    assert text.startswith(DOCKERFILE.removesuffix("RUN make\n"))
    own = text.removeprefix(DOCKERFILE.removesuffix("RUN make\n"))
    assert "RUN make" not in own
    assert own.count("ARG QEMU_CPU\n") == 2
    native, plain = own.split("FROM build AS gate-plain")
    assert "from=native-tools" in native
    leaving, working = plain.split("/dev/native-tools/leave\n")
    assert "from=native-tools" in leaving
    assert "native-tools" not in working.split("FROM scratch")[0]
    assert request.platform == "linux/arm64"
    assert request.builder == "farm"
    assert (request.timeout, request.silence) == (60.0, 30.0)
    assert request.emulated
    assert request.arguments == {"QEMU_CPU": "cortex-a57"}
    assert request.contexts["debian:bullseye-slim"] == "oci-layout:///base"
    assert request.contexts["native-tools"] == "oci-layout:///layout@sha256:0123"
    assert units.split() == list(load_units())
    assert (Path(request.contexts["gate-work"]) / "work.sh").is_file()


def test_the_units_can_be_chosen(tmp_path: Path, debian_matrix: Matrix, same: Path) -> None:
    build = Building(outcomes=[same])
    judged(tmp_path, debian_matrix, build, units=("Objects/boolobject.o",))
    assert build.units == ["Objects/boolobject.o\n"]


def test_without_a_compiler_a_few_units_are_enough(tmp_path: Path, debian_matrix: Matrix, same: Path) -> None:
    made, build = made_tools(debian_matrix), Building(outcomes=[same])
    made = replace(made, tools=replace(made.tools, triplet="", compiler="", compilers=()))
    (tmp_path / "gate").mkdir()
    verdict = judge(made, trial(), build=build, directory=tmp_path / "gate", log=tmp_path / "gate.log")
    assert verdict.qualified
    assert tuple(build.units[0].split()) == load_units()[:3]


def test_a_difference_refuses(tmp_path: Path, debian_matrix: Matrix) -> None:
    build = Building(outcomes=[results(tmp_path / "other", sed="sed 4.8\n")])
    verdict = judged(tmp_path, debian_matrix, build)
    assert verdict.differences == ("version-of-sed: 'sed 4.8' with native tools, 'sed 4.7' without",)
    assert not verdict.qualified


@pytest.mark.parametrize(
    ("declined", "words"),
    [
        (
            "native-tools: declined: sed 4.8 here, 4.7 there;make 4.3 here, 4.2 there;\n",
            "declined: sed 4.8 here, 4.7 there, make 4.3 here, 4.2 there",
        ),
        ("take: not found\n", "declined: none of the programs was replaced (take: not found)"),
        ("", "declined: none of the programs was replaced"),
    ],
)
def test_tools_that_declined_are_refused(tmp_path: Path, debian_matrix: Matrix, declined: str, words: str) -> None:
    build = Building(outcomes=[results(tmp_path / "other", taken=(), declined=declined)])
    verdict = judged(tmp_path, debian_matrix, build)
    assert verdict.differences == (words,)
    assert verdict.compared == 0


def test_a_compiler_that_stayed_emulated_shows_nothing(tmp_path: Path, debian_matrix: Matrix) -> None:
    build = Building(outcomes=[results(tmp_path / "other", taken=("/bin/sed",))])
    verdict = judged(tmp_path, debian_matrix, build)
    assert verdict.differences == ("gcc-10 was not replaced: nothing is known about the native one",)


@pytest.mark.parametrize(
    "kind",
    sorted(set(FailureClass) - {FailureClass.COMPILE, FailureClass.ARCHITECTURE, FailureClass.UNKNOWN}),
)
def test_what_the_tools_cannot_have_caused_is_no_verdict(
    tmp_path: Path, debian_matrix: Matrix, kind: FailureClass
) -> None:
    build = Building(outcomes=[Failure(kind=kind, message="it is so")])
    with pytest.raises(UnjudgedError, match=rf"the trial's build failed \({kind}\): it is so"):
        judged(tmp_path, debian_matrix, build)
    assert len(build.requests) == 1


def test_where_configure_fails_a_small_trial_finds_the_difference(tmp_path: Path, debian_matrix: Matrix) -> None:
    build = Building(outcomes=[BROKEN, results(tmp_path / "other", native={"macros": 1})])
    verdict = judged(tmp_path, debian_matrix, build)
    assert verdict.differences == (
        "./configure, or the gate's work after it, fails with native tools: configure: error: no cpp",
        "macros: fails (1) with native tools, works without: #define A 1",
    )
    assert "./configure" in build.dockerfiles[0]
    assert "./configure" not in build.dockerfiles[1]
    assert build.units[1] == ""
    assert [request.log.name for request in build.requests] == ["gate.log", "gate-before-configure.log"]


def test_where_the_small_trial_finds_none_the_tools_are_not_to_blame(
    tmp_path: Path, debian_matrix: Matrix, same: Path
) -> None:
    with pytest.raises(UnjudgedError, match="no cpp; a small trial without it shows no difference"):
        judged(tmp_path, debian_matrix, Building(outcomes=[BROKEN, same]))


def test_where_the_small_trial_fails_too_nothing_is_known(tmp_path: Path, debian_matrix: Matrix) -> None:
    with pytest.raises(UnjudgedError, match=r"the trial's build failed \(compile error\): \[build 3/3\]"):
        judged(tmp_path, debian_matrix, Building(outcomes=[BROKEN, BROKEN]))


def test_work_that_fails_both_ways_is_no_verdict(tmp_path: Path, debian_matrix: Matrix) -> None:
    build = Building(outcomes=[results(tmp_path / "other", native={"run": 1}, plain={"run": 1})])
    with pytest.raises(UnjudgedError, match="'run' fails with native tools and without"):
        judged(tmp_path, debian_matrix, build)


def test_a_dockerfile_that_cannot_be_cut_is_not_built(tmp_path: Path, debian_matrix: Matrix) -> None:
    build = Building(outcomes=[])
    with pytest.raises(UnjudgedError, match="no step in a stage build that runs"):
        judged(tmp_path, debian_matrix, build, given=trial("FROM scratch AS native-tools\n"))
    assert build.requests == []
