from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.builders.model import Builder, Dead
from orchestrator.config.settings import BuilderSettings, Settings
from orchestrator.engine import checks
from orchestrator.engine.checks import Check, Verdict
from orchestrator.engine.doctor import examine
from orchestrator.schedule.model import Node
from orchestrator.system.places import Places
from tests.unit.builders import answers
from tests.unit.engine.fakes import Answer, FakeRunner, FakeTable
from tests.unit.engine.test_checks import MIRROR

NODE = Node(
    name="arm", native=frozenset({"linux/arm64/v8"}), emulated=frozenset({"linux/amd64"}), slots=4, emulated_slots=0
)
ARM = Builder(name="arm", driver="remote", node=NODE, engine=None, home=True, local=False, arguments=(), environment={})


def look(living: list[Builder], *dead: Dead) -> Check:
    check = checks.check_builder("arm", living, dead)
    assert check.name == "builder arm"
    assert bool(check.mend) == (check.verdict is not Verdict.OK)
    return check


def test_a_living_builder_says_what_it_does() -> None:
    assert look([ARM]).detail == "remote: native linux/arm64/v8; 4 at once"
    assert look([ARM]).verdict is Verdict.OK


def test_a_dead_builder_is_a_limit_while_another_lives() -> None:
    dead = Dead(name="arm", reason="Cannot connect")
    other = Builder(**{**{name: getattr(ARM, name) for name in Builder.__slots__}, "name": "amd"})
    assert look([other], dead).verdict is Verdict.WARN
    assert look([], dead).verdict is Verdict.FAIL
    assert look([], dead).detail == "Cannot connect"


def test_a_builder_that_is_started_when_needed_is_fine() -> None:
    check = look([], Dead(name="arm", reason="node arm0 is inactive", idle=True))
    assert (check.verdict, check.detail) == (Verdict.OK, "node arm0 is inactive; it is started when it is needed")


def test_a_lost_node_and_a_second_mention_are_limits() -> None:
    assert "arm (node arm1): is inactive" in look([ARM], Dead(name="arm (node arm1)", reason="is inactive")).detail
    assert look([ARM], Dead(name="arm", reason="named twice in the config")).verdict is Verdict.WARN


@pytest.mark.parametrize(("answer", "verdict"), [(answers.REMOTE, Verdict.OK), (answers.NOBODY_THERE, Verdict.FAIL)])
def test_the_checkup_asks_every_builder_of_the_config(tmp_path: Path, answer: str, verdict: Verdict) -> None:
    runner = FakeRunner(
        {
            "docker version": '{"Server": {"Version": "26.1.5", "ApiVersion": "1.45"}}',
            "buildx version": "github.com/docker/buildx 0.13.1",
            "buildx inspect far": answer,
            "buildx inspect": answers.DEFAULT,
            "docker info": answers.info("H"),
            "context inspect": "unix:///x.sock",
            "imagetools": "",
            "apt-helper": "",
        }
    )
    found = examined(tmp_path, runner)
    assert [(check.name, check.verdict) for check in found if check.name.startswith("builder")] == [
        ("builder far", verdict)
    ]


def test_without_an_engine_no_builder_is_asked(tmp_path: Path) -> None:
    down: dict[str, Answer] = {"docker": (1, "Cannot connect"), "apt-helper": ""}
    runner = FakeRunner({**down})
    (check,) = [check for check in examined(tmp_path, runner) if check.name == "builder far"]
    assert check.verdict is Verdict.WARN
    assert "engine start" in check.mend
    assert not any("far" in line for line in runner.lines)


def examined(tmp_path: Path, runner: FakeRunner) -> list[Check]:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "docker").touch(mode=0o755)
    return examine(
        Places(cache=tmp_path / "cache", state=tmp_path / "state"),
        [],
        settings=Settings(builders=(BuilderSettings(name="far"),)),
        environment={"PATH": str(binaries)},
        runner=runner,
        table=FakeTable(),
        mirror=lambda: MIRROR,
    )
