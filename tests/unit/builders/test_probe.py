from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.builders.model import Access, Builder, Dead
from orchestrator.builders.probe import probe, still_alive
from orchestrator.config.settings import BuilderSettings, Emulation, Settings
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.emulators import Emulator
from orchestrator.matrix.model import Platform
from orchestrator.system.process import Command
from tests.unit.builders import answers
from tests.unit.engine.fakes import FakeRunner
from tests.unit.engine.test_binfmt import ENGINE

HOME = replace(ENGINE, environment={"PATH": "/bin", "DOCKER_HOST": ENGINE.host})
EMULATOR = Emulator(architecture="arm64", interpreter=Path("/q"), version="10.0", flags="PF", sha256="")
AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64/v8")
EXECUTIONS = {AMD64: Execution(platform=AMD64), ARM64: Execution(platform=ARM64, emulator=EMULATOR)}
FAR_HOST = "unix:///x/second.sock"


def infos(**machines: str) -> Any:
    """Answer `docker info` by the engine that the environment names."""

    def answer(command: Command) -> str | tuple[int, str]:
        host = (command.environment or {})["DOCKER_HOST"]
        name = "home" if host == HOME.host else "second"
        return machines.get(name, (1, f"Cannot connect to the Docker daemon at {host}"))

    return answer


def world(**more: Any) -> FakeRunner:
    """Two engines: the one at work, and a machine for arm64 behind the context `second`."""
    machines = infos(home=answers.info("H"), second=answers.info("S", machine="aarch64", cores=8, gib=31))
    usual = {
        "buildx inspect default": answers.DEFAULT,
        "buildx inspect second": answers.SECOND,
        "context inspect default": answers.context(HOME.host),
        "context inspect second": answers.context(FAR_HOST),
        "docker info": machines,
    }
    return FakeRunner({**more, **{words: answer for words, answer in usual.items() if words not in more}})


def settings(*builders: BuilderSettings | str, **more: Any) -> Settings:
    named = tuple(BuilderSettings(name=one) if isinstance(one, str) else one for one in builders)
    return Settings(builders=named, **more)


def only(found: tuple[tuple[Builder, ...], tuple[Dead, ...]]) -> Builder:
    assert found[1] == ()
    (builder,) = found[0]
    return builder


def test_without_builders_the_engine_does_all_of_it() -> None:
    builder = only(probe(Settings(), HOME, executions=EXECUTIONS, runner=world()))
    node = builder.node
    assert node.native == {"linux/amd64", "linux/386"}
    assert node.emulated == {"linux/arm64/v8"}
    assert (node.name, node.slots, node.emulated_slots) == ("engine", 2, 2)
    assert (builder.name, builder.home, builder.engine_host, builder.arguments) == (None, True, HOME.host, ())
    assert builder.environment == HOME.environment


def test_an_engine_that_tells_nothing_of_its_machine_works_on_one_cell() -> None:
    runner = FakeRunner({"docker info": (1, "no")})
    node = only(probe(Settings(), HOME, executions=EXECUTIONS, runner=runner)).node
    assert (node.slots, node.runs("linux/amd64"), node.runs("linux/arm64/v8")) == (1, True, True)


def test_emulation_can_be_forbidden() -> None:
    for wanted in (Settings(emulation=Emulation.NEVER), settings("default", emulation=Emulation.NEVER)):
        node = only(probe(wanted, HOME, executions=EXECUTIONS, runner=world())).node
        assert node.runs("linux/amd64")
        assert not node.runs("linux/arm64/v8")


def test_the_engines_own_builder_is_at_home() -> None:
    builder = only(probe(settings("default"), HOME, runner=world()))
    assert (builder.home, builder.engine_host, builder.arguments) == (True, HOME.host, ("--builder", "default"))
    assert builder.environment == HOME.environment
    # Variants of the CPU's own architecture are no emulation; 386 is not claimed by this kernel.
    assert builder.node.native == {"linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/amd64/v4"}
    assert builder.node.emulated == {"linux/arm64/v8", "linux/riscv64", "linux/ppc64le", "linux/s390x"}


def test_a_context_that_is_in_force_needs_no_name() -> None:
    unaddressed = replace(HOME, environment={"PATH": "/bin"}, host=FAR_HOST)
    runner = FakeRunner({**world().answers, "docker info": answers.info("S")})
    builder = only(probe(settings("second"), unaddressed, runner=runner))
    assert (builder.home, builder.engine_host, builder.arguments) == (True, FAR_HOST, ())
    assert builder.environment == {"PATH": "/bin"}


def test_another_engine_is_a_machine_of_its_own() -> None:
    living, dead = probe(settings("default", "second"), HOME, runner=world())
    assert dead == ()
    second = living[1]
    assert (second.home, second.engine_host, second.driver) == (False, FAR_HOST, "docker")
    # It is asked what it is: its list starts with linux/amd64, which it only emulates.
    assert second.node.native == {"linux/arm64/v8"}
    assert "linux/amd64" in second.node.emulated
    assert (second.node.slots, second.node.emulated_slots) == (5, 5)
    # buildx refuses `--builder second` while DOCKER_HOST is set: its engine is named by its address.
    assert second.arguments == ("--builder", "default")
    assert second.environment == {"PATH": "/bin", "DOCKER_HOST": FAR_HOST}


@pytest.mark.parametrize(("host", "kernel", "local"), [
    (FAR_HOST, platform.release(), True),
    (FAR_HOST, "other", False),
    ("ssh://build@far", platform.release(), False),
])  # fmt: skip
def test_a_local_engine_shares_socket_and_kernel(host: str, kernel: str, *, local: bool) -> None:
    runner = world(**{"context inspect second": answers.context(host)})
    runner.answers["docker info"] = infos(home=answers.info("H"), second=answers.info("S", kernel=kernel))
    assert only(probe(settings("second"), HOME, runner=runner)).local is local


def test_the_config_says_what_is_native() -> None:
    wanted = BuilderSettings(name="default", platforms=("linux/arm64", "linux/amd64", "linux/s390x"), slots=4)
    node = only(probe(settings(wanted), HOME, executions=EXECUTIONS, runner=world())).node
    assert {"linux/amd64", "linux/arm64/v8", "linux/s390x"} <= node.native
    assert node.emulated == {"linux/riscv64", "linux/ppc64le"}
    assert node.slots == 4


def test_a_config_that_contradicts_the_builder_makes_it_useless() -> None:
    living, dead = probe(settings(BuilderSettings(name="default", platforms=("linux/mips",))), HOME, runner=world())
    assert living == ()
    assert "the config says linux/mips, but it names linux/amd64" in dead[0].reason


@pytest.mark.parametrize(("unverified", "secure"), [(False, {"DOCKER_TLS_VERIFY": "1"}), (True, {"DOCKER_TLS": "1"})])
def test_an_engine_behind_tls_is_reached_with_its_contexts_certificates(
    *, unverified: bool, secure: dict[str, str]
) -> None:
    host = "tcp://far:2376"
    runner = world(**{"context inspect second": answers.context(host, tls=True, unverified=unverified)})
    own = replace(HOME, environment={**HOME.environment, "DOCKER_TLS_VERIFY": "x", "DOCKER_CERT_PATH": "/mine"})
    builder = only(probe(settings("second"), own, runner=runner))
    assert builder.environment == {
        "PATH": "/bin", "DOCKER_HOST": host, "DOCKER_CERT_PATH": "/c/tls/1/docker", **secure
    }  # fmt: skip


def test_no_certificates_of_one_engine_reach_another() -> None:
    base = {"PATH": "/bin", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/mine", "DOCKER_CONTEXT": "desk"}
    assert Access(host="ssh://far").environment(base) == {"PATH": "/bin", "DOCKER_HOST": "ssh://far"}
    assert Access(host="tcp://far", inherited=True).environment(base) == {**base, "DOCKER_HOST": "tcp://far"}


def test_a_remote_buildkit_brings_images_home_and_tells_nothing_of_its_machine() -> None:
    runner = world(**{"buildx inspect far": answers.REMOTE})
    builder = only(probe(settings("far"), HOME, executions=EXECUTIONS, runner=runner))
    assert (builder.engine, builder.engine_host, builder.home, builder.local) == (None, None, True, False)
    assert (builder.arguments, builder.environment) == (("--builder", "far"), HOME.environment)
    assert builder.node.native == {"linux/amd64", "linux/amd64/v2"}
    assert builder.node.emulated == {"linux/arm64/v8"}
    assert (builder.node.slots, builder.node.emulated_slots) == (1, 1)


def test_a_container_is_started_and_takes_its_engines_measure() -> None:
    runner = FakeRunner(
        {
            "buildx inspect --bootstrap contained": answers.running(answers.CONTAINED),
            "buildx inspect contained": answers.CONTAINED,
            "docker info": infos(home=answers.info("H"), second=answers.info("S", machine="aarch64", cores=8, gib=16)),
        }
    )
    builder = only(probe(settings("contained"), HOME, runner=runner))
    assert builder.engine is None
    assert builder.home
    assert builder.node.native == {"linux/arm64/v8"}
    assert builder.node.slots == 5


def test_a_container_is_not_started_by_a_look() -> None:
    runner = world(**{"buildx inspect contained": answers.CONTAINED})
    living, dead = probe(settings("contained"), HOME, boot=False, runner=runner)
    assert living == ()
    assert dead == (Dead(name="contained", reason="node contained0 is inactive", idle=True),)
    assert not any("--bootstrap" in line for line in runner.lines)


def test_a_container_that_does_not_start_is_dead() -> None:
    more = {
        "inspect --bootstrap": (1, "#1 ERROR: x\nERROR: failed to resolve reference"),
        "buildx inspect contained": answers.CONTAINED,
    }
    living, dead = probe(settings("contained"), HOME, runner=world(**more))
    assert living == ()
    assert dead == (Dead(name="contained", reason="failed to resolve reference"),)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            answers.NO_DAEMON,
            "Cannot connect to the Docker daemon at unix:///x/nobody.sock. Is the docker daemon running?",
        ),
        (answers.NOBODY_THERE, "node far0 is inactive"),
        ((1, answers.NO_BUILDER), 'no builder "nobody" found'),
        ("", "has no nodes"),
    ],
)
def test_a_dead_builder_has_a_reason_and_the_others_work(answer: Any, reason: str) -> None:
    living, dead = probe(settings("nobody", "default"), HOME, runner=world(**{"buildx inspect nobody": answer}))
    assert [builder.name for builder in living] == ["default"]
    assert dead == (Dead(name="nobody", reason=reason),)
    assert str(dead[0]) == f"nobody: {reason}"


def test_a_context_without_an_engine_is_dead() -> None:
    lost = world(**{"context inspect second": (1, "context not found")})
    assert probe(settings("second"), HOME, runner=lost)[1][0].reason == "there is no docker context second"
    silent = world(**{"docker info": infos(home=answers.info("H"))})
    reason = probe(settings("second"), HOME, runner=silent)[1][0].reason
    assert reason.startswith(f"the engine at {FAR_HOST} does not answer: Cannot connect")


def test_a_lost_node_is_told_and_the_rest_of_its_builder_works() -> None:
    runner = world(
        **{"buildx inspect far": answers.beside(answers.REMOTE, answers.NOBODY_THERE.replace("far0", "far1"))}
    )
    living, dead = probe(settings("far"), HOME, runner=runner)
    assert [builder.name for builder in living] == ["far"]
    assert dead == (Dead(name="far (node far1)", reason="is inactive"),)


def test_nothing_counts_twice() -> None:
    living, dead = probe(settings("default", "default"), HOME, runner=world())
    assert [builder.name for builder in living] == ["default"]
    assert [str(one) for one in dead] == ["default: named twice in the config"]
    same = world()
    same.answers["docker info"] = infos(home=answers.info("H"), second=answers.info("H"))
    living, dead = probe(settings("default", "second"), HOME, runner=same)
    assert [builder.name for builder in living] == ["default"]
    assert [str(one) for one in dead] == ["second: the same engine as builder default"]


def test_every_question_has_a_time_limit() -> None:
    runner = world(**{"buildx inspect contained": answers.CONTAINED, "inspect --bootstrap": (1, "no")})
    probe(settings("default", "second", "contained"), HOME, runner=runner)
    assert len(runner.seen) > 5
    assert all(command.timeout == 20 for command in runner.seen)


def test_life_is_asked_for_once_and_quickly() -> None:
    living, _ = probe(settings("default", "second"), HOME, runner=world())
    for builder, answer, alive in (
        (living[0], answers.DEFAULT, True),
        (living[1], answers.NO_DAEMON, False),
        (living[1], (1, answers.NO_BUILDER), False),
    ):
        runner = FakeRunner({f"buildx inspect {builder.name}": answer})
        assert still_alive(builder, HOME, runner=runner) is alive
        assert [command.timeout for command in runner.seen] == [10]
    itself = only(probe(Settings(), HOME, runner=world()))
    assert still_alive(itself, HOME, runner=FakeRunner({"docker version": "26.1.5"}))
    assert not still_alive(itself, HOME, runner=FakeRunner({"docker version": (1, "Cannot connect")}))


def test_a_builder_without_any_platform_is_of_no_use() -> None:
    bare = answers.REMOTE.replace("linux/amd64, linux/amd64/v2, linux/arm64", "")
    living, dead = probe(settings("far"), HOME, runner=world(**{"buildx inspect far": bare}))
    assert living == ()
    assert dead == (Dead(name="far", reason="it names no platforms, and the config says none"),)


@pytest.mark.parametrize("endpoint", ["unix:///x/docker.sock", "gone"])
def test_a_container_on_an_engine_that_tells_nothing_is_believed(endpoint: str) -> None:
    text = answers.running(answers.CONTAINED).replace("unix:///x/docker.sock", endpoint)
    more = {"buildx inspect contained": text, "context inspect gone": (1, "context not found")}
    runner = world(**more, **{"docker info": infos(home=answers.info("H"))})
    node = only(probe(settings("contained"), HOME, runner=runner)).node
    assert node.native == {"linux/arm64/v8"}
    assert node.slots == 1
