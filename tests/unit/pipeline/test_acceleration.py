"""Which cells are built with native tools, which without, and what is said then."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.acceleration.gate.model import Trial, UnjudgedError
from orchestrator.acceleration.gate.verdicts import keep_verdict, verdict_of
from orchestrator.acceleration.making import Workbench
from orchestrator.acceleration.model import Made, ToolsPlan, Verdict
from orchestrator.bases.model import Base
from orchestrator.build.failure import FailureClass
from orchestrator.config.settings import Acceleration
from orchestrator.errors import EnvironmentFailedError, InvalidFileError, UnreachableError, VerificationError
from orchestrator.matrix.model import Cell
from orchestrator.pipeline import acceleration as module
from orchestrator.pipeline.acceleration import Accelerating
from orchestrator.pipeline.building import Ingredients
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.run import run_cells
from orchestrator.plan.plan import Action, PlannedCell, plan_cell
from orchestrator.render.tree import render_images
from orchestrator.schedule.model import Node
from orchestrator.system.progress import Silent
from tests.unit.pipeline.fakes import FakeIngredients, World

IMAGE = "2.7-slim-bullseye"
DIGEST = "sha256:" + "ab" * 32


class Tried:
    """Stands for making and judging: counts both."""

    def __init__(self, layout: Path) -> None:
        self.layout = layout
        self.pause = 0.0
        self.made = self.judged = 0
        self.differences: tuple[str, ...] = ()
        self.error: Exception | None = None
        self.there = False

    def ensure(self, plan: ToolsPlan, base: Base) -> Made:
        assert base.digest == plan.base_digest
        self.made += 1
        if self.error is not None:
            raise self.error
        self.there = True
        return self._form(plan)

    def known(self, plan: ToolsPlan) -> Made | None:
        return self._form(plan) if self.there else None

    def judge(self, made: Made, trial: Any, **_: Any) -> Verdict:
        self.judged += 1
        time.sleep(self.pause)
        if isinstance(self.error, UnjudgedError):
            raise self.error
        assert "native-tools" not in trial.contexts
        return Verdict(
            digest=made.digest, differences=self.differences, compared=90, by=trial.cell, judged="2026-01-01T00:00:00Z"
        )

    def _form(self, plan: ToolsPlan) -> Made:
        return Made(tools=plan.tools, identity=plan.identity, layout=self.layout, digest=DIGEST, size=1, seconds=1.0)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tried:
    found = Tried(tmp_path / "tools" / "layout")
    monkeypatch.setattr(Workbench, "ensure", found.ensure)
    monkeypatch.setattr(Workbench, "known", found.known)
    monkeypatch.setattr(module, "judge", found.judge)
    return found


def accelerating(world: World, policy: Acceleration = Acceleration.AUTO) -> Accelerating:
    texts = {one.image.id: one.text for one in render_images(world.shop.matrix, world.shop.matrix.images)}
    bases: Any = FakeIngredients()
    shop = replace(world.shop, settings=world.shop.settings.model_copy(update={"acceleration": policy}))
    return Accelerating(shop=shop, farm=world.farm, bases=bases, texts=texts)


def ingredients(cell: Cell) -> Ingredients:
    given: Any = FakeIngredients()
    return Ingredients(base=given.resolve(cell), source=given.source(cell.image.line), wheels=given.wheels(()))


def cells(world: World) -> tuple[Cell, Cell]:
    native, emulated = world.cells(IMAGE)
    return native, emulated


def test_only_what_is_emulated_here_gets_tools(world: World, tried: Tried) -> None:
    native, emulated = cells(world)
    given = accelerating(world)
    assert given.tools(native) == ""
    assert len(given.tools(emulated)) == 64
    assert (tried.made, tried.judged) == (0, 0), "a plan makes nothing"


def test_off_means_off(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    given = accelerating(world, Acceleration.OFF)
    assert given.tools(emulated) == ""
    assert given.ready(emulated, ingredients(emulated)) == "acceleration is off"
    assert tried.made == 0


def test_a_dockerfile_that_takes_none_gets_none(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    given = replace(accelerating(world), texts={IMAGE: "FROM debian:bullseye-slim\n"})
    assert given.tools(emulated) == ""
    assert given.ready(emulated, ingredients(emulated)) == "its Dockerfile takes no native tools"
    assert tried.made == 0


def test_they_are_made_and_judged_once_and_the_verdict_is_kept(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    given = accelerating(world)
    made = given.ready(emulated, ingredients(emulated))
    assert isinstance(made, Made)
    assert given.ready(emulated, ingredients(emulated)) is made
    again = accelerating(world)
    assert again.ready(emulated, ingredients(emulated)) == made
    assert (tried.made, tried.judged) == (2, 1)
    verdict = verdict_of(world.shop.places, DIGEST)
    assert verdict is not None
    assert verdict.qualified


def test_what_was_refused_once_stays_refused_and_is_no_part_of_the_key(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    tried.differences = ("Objects/abstract.o: .text differs", "make: another version")
    assert (
        accelerating(world).ready(emulated, ingredients(emulated)) == "Objects/abstract.o: .text differs (and 1 more)"
    )
    again = accelerating(world)
    assert again.tools(emulated) == ""
    assert again.ready(emulated, ingredients(emulated)) == "Objects/abstract.o: .text differs (and 1 more)"
    assert tried.judged == 1


@pytest.mark.parametrize(
    "error",
    [
        UnjudgedError("the mirror is away"),
        EnvironmentFailedError("they cannot be made"),
        UnreachableError("nothing answers"),
        VerificationError("the base is signed by somebody else"),
        OSError(28, "No space left on device"),
    ],
)
def test_what_could_not_be_found_out_is_tried_again_another_time(world: World, tried: Tried, error: Exception) -> None:
    _, emulated = cells(world)
    tried.error = error
    why = accelerating(world).ready(emulated, ingredients(emulated))
    assert isinstance(why, str)
    assert str(error).split("\n")[0] in why
    assert verdict_of(world.shop.places, DIGEST) is None
    tried.error = None
    assert isinstance(accelerating(world).ready(emulated, ingredients(emulated)), Made)


def test_required_acceleration_that_cannot_be_had_is_an_error(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    tried.differences = ("cc1 differs",)
    steps: list[str] = []
    assert accelerating(world).equip(emulated, ingredients(emulated), steps.append) is None
    assert steps[0].startswith("[native-tools] making native tools of bullseye for arm64v8 on amd64")
    given = accelerating(world, Acceleration.REQUIRE)
    with pytest.raises(VerificationError, match="cannot be accelerated: cc1 differs"):
        given.equip(emulated, ingredients(emulated), steps.append)


def test_builds_that_want_the_same_tools_wait_for_one_judgement(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    given = accelerating(world)
    tried.pause = 0.05
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = [one.result() for one in [pool.submit(given.ready, emulated, ingredients(emulated)) for _ in range(4)]]
    assert len({id(one) for one in found}) == 1
    assert (tried.made, tried.judged) == (1, 1)


def test_a_build_that_waits_for_another_says_so(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    given, steps, said = accelerating(world), list[str](), threading.Event()

    def on_step(step: str) -> None:
        steps.append(step)
        said.set()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with given._turns[given.tools(emulated)]:
            waiting = pool.submit(given.ready, emulated, ingredients(emulated), on_step)
            assert said.wait(60.0)
            assert tried.made == 0
        assert isinstance(waiting.result(), Made)
    assert steps[0].startswith(
        "[native-tools] waiting for another build, which makes or judges native tools of bullseye"
    )


def planned(world: World, given: Accelerating) -> tuple[PlannedCell, ...]:
    off = given.shop.settings.acceleration is Acceleration.OFF
    return tuple(
        plan_cell(
            one.cell,
            replace(one.known, tools=given.tools(one.cell), without_tools=not off),
            world.shop.ledger,
            present=world.engine.images_by_name,
        )
        for one in world.plan(world.cells(IMAGE))
    )


def run(world: World, policy: Acceleration = Acceleration.AUTO, *, cached: bool = False) -> tuple[CellResult, ...]:
    given, inputs = accelerating(world, policy), cast("Any", FakeIngredients())
    prepared = Prepared(
        planned=planned(world, given),
        farm=world.farm,
        bases=inputs,
        inputs=inputs,
        present=dict(world.engine.images_by_name),
        equip=given.equip,
        cache=given.cache if cached else lambda *_: None,
    )
    return run_cells(given.shop, given.shop.ledger.start_run("build"), prepared, world.board)


def test_tools_go_to_the_emulated_build_and_to_no_other(world: World, tried: Tried) -> None:
    world.builder.says = "native-tools: 80 programs taken"
    assert [one.ok for one in run(world)] == [True, True]
    contexts = {request.platform: request.contexts.get("native-tools") for request in world.builder.requests}
    assert contexts == {"linux/amd64": None, "linux/arm64/v8": f"oci-layout://{tried.layout}@{DIGEST}"}
    native, emulated = (world.shop.ledger.latest(cell.id) for cell in cells(world))
    assert native is not None
    assert emulated is not None
    assert native.ingredients["tools"] == ""
    assert len(emulated.ingredients["tools"]) == 64
    assert {one.action for one in planned(world, accelerating(world))} == {Action.NOTHING}
    assert tried.judged == 1


def test_a_native_build_gets_a_compiler_cache_that_is_no_part_of_its_key(world: World, tried: Tried) -> None:
    assert [one.ok for one in run(world, cached=True)] == [True, True]
    contexts = {request.platform: request.contexts.get("native-tools") for request in world.builder.requests}
    assert contexts["linux/amd64"] is not None
    native = world.shop.ledger.latest(cells(world)[0].id)
    assert native is not None
    assert native.ingredients["tools"] == ""
    assert (tried.made, tried.judged) == (2, 1), "the image's own compiler does the work: there is nothing to judge"


def test_a_compiler_cache_that_cannot_be_had_holds_nothing_up(
    world: World, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr(Silent, "note", lambda _, message: notes.append(message))
    tried.error = EnvironmentFailedError("the mirror is away")
    native, _ = run(world, Acceleration.REQUIRE, cached=True)
    assert native.ok
    assert [one for one in notes if "compiler cache of bullseye for amd64 cannot be had" in one] != []
    assert accelerating(world, Acceleration.OFF).cache(cells(world)[0], notes.append) is None
    assert accelerating(world).cache(cells(world)[1], notes.append) is None, "no native build"


def test_who_has_to_do_without_has_the_key_of_that_and_is_not_built_again(world: World, tried: Tried) -> None:
    tried.differences = ("cc1 differs",)
    assert [one.ok for one in run(world)] == [True, True]
    assert {request.contexts.get("native-tools") for request in world.builder.requests} == {None}
    _, emulated = cells(world)
    attempt = world.shop.ledger.latest(emulated.id)
    assert attempt is not None
    assert attempt.ingredients["tools"] == ""
    assert {one.action for one in planned(world, accelerating(world))} == {Action.NOTHING}
    tried.differences = ()
    assert {one.action for one in planned(world, accelerating(world, Acceleration.OFF))} == {Action.NOTHING}


def test_required_tools_that_are_refused_fail_the_cell_and_no_other(world: World, tried: Tried) -> None:
    tried.differences = ("cc1 differs",)
    native, emulated = run(world, Acceleration.REQUIRE)
    assert native.ok
    assert emulated.failure is not None
    assert emulated.failure.kind is FailureClass.UNACCELERATED
    assert "cannot be accelerated: cc1 differs" in emulated.failure.message


def test_what_was_built_without_tools_is_as_good_unless_they_are_off(world: World, tried: Tried) -> None:
    world.run(world.cells(IMAGE))  # without: the world's settings say so
    assert {one.action for one in planned(world, accelerating(world))} == {Action.NOTHING}
    assert tried.made == 0


def test_of_two_images_that_are_as_good_the_newer_one_is_meant(world: World, tried: Tried) -> None:
    world.run(world.cells(IMAGE))  # without
    _, emulated = cells(world)
    plain = world.shop.ledger.latest(emulated.id)
    assert plain is not None
    given, inputs = accelerating(world), cast("Any", FakeIngredients())
    meant = tuple(one for one in planned(world, given) if one.cell == emulated)
    forced = tuple(replace(one, action=Action.BUILD, attempt=None) for one in meant)
    world.builder.says = "native-tools: 80 programs taken"
    prepared = Prepared(planned=forced, farm=world.farm, bases=inputs, inputs=inputs, equip=given.equip)
    run_cells(given.shop, given.shop.ledger.start_run("build"), prepared, world.board)
    assert tried.made == 1
    (again,) = (one for one in planned(world, given) if one.cell == emulated)
    assert again.action is Action.NOTHING
    assert again.attempt is not None
    assert again.attempt.ingredients["tools"] == given.tools(emulated), "or the tags went back to the older one"
    forced = tuple(replace(one, action=Action.BUILD, attempt=None) for one in world.plan((emulated,)))
    off = Prepared(planned=forced, farm=world.farm, bases=inputs, inputs=inputs)
    run_cells(given.shop, given.shop.ledger.start_run("build"), off, world.board)
    (again,) = (one for one in planned(world, given) if one.cell == emulated)
    assert again.attempt is not None
    assert again.attempt.key == plain.key
    assert again.attempt.id > plain.id


def test_what_was_built_with_tools_is_built_again_where_they_are_off(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    assert tried.made == 0
    (one,) = world.plan((emulated,))
    known = replace(one.known, tools="a" * 64)
    ledger = world.shop.ledger
    world.run(world.cells(IMAGE))
    world.change(f"key = '{known.key(emulated, known.execution).value}'", emulated.id)
    assert plan_cell(emulated, known, ledger, present=None).action is Action.NOTHING
    off = replace(known, tools="", without_tools=False)
    assert plan_cell(emulated, off, ledger, present=None).action is Action.BUILD


def test_a_kept_refusal_is_read_by_a_plan(world: World, tried: Tried) -> None:
    _, emulated = cells(world)
    tried.there = True
    refused = Verdict(digest=DIGEST, differences=("x",), compared=1, by=emulated.id, judged="2026-01-01T00:00:00Z")
    keep_verdict(world.shop.places, refused)
    assert accelerating(world).tools(emulated) == ""


def test_tools_that_a_build_declines_are_told_of_and_made_again(
    world: World, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Silent, "warn", lambda _, message: warnings.append(message))
    tried.layout.parent.mkdir(parents=True)
    (tried.layout.parent / "record.json").write_text("{}", encoding="utf-8")
    world.builder.says = "native-tools: declined: make 4.3-5 here, 4.3-4.1 there;"
    assert [one.ok for one in run(world)] == [True, True]
    _, emulated = cells(world)
    assert warnings == [
        f"{emulated.id}: native tools were declined, all of it was emulated: make 4.3-5 here, 4.3-4.1 there"
    ]
    assert not (tried.layout.parent / "record.json").exists()
    attempt = world.shop.ledger.latest(emulated.id)
    assert attempt is not None
    assert attempt.ingredients["tools"] == ""


def test_what_a_failed_build_declines_is_made_again_for_the_next_try(
    world: World, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried.layout.parent.mkdir(parents=True)
    record = tried.layout.parent / "record.json"
    record.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(Workbench, "known", lambda _, plan: tried.known(plan) if record.exists() else None)
    _, emulated = cells(world)
    world.builder.says = "native-tools: declined: make 4.3-5 here, 4.3-4.1 there;"
    world.builder.failing[emulated.id] = FailureClass.EMULATOR_CRASH
    assert [one.ok for one in run(world)] == [True, False]
    contexts = [one.contexts.get("native-tools") for one in world.builder.requests if one.platform != "linux/amd64"]
    assert contexts == [f"oci-layout://{tried.layout}@{DIGEST}", None], "the same again would be declined again"
    attempt = world.shop.ledger.latest(emulated.id)
    assert attempt is not None
    assert attempt.ingredients["tools"] == ""


@pytest.mark.usefixtures("tried")
def test_tools_count_where_another_builder_may_build_natively(world: World) -> None:
    _, emulated = cells(world)
    (engine,) = world.farm.builders.values()
    arm = Node(name="arm", native=frozenset({"linux/arm64/v8"}), slots=1)
    given = accelerating(world)
    given.farm = replace(
        world.farm, builders={"arm": replace(engine, name="arm", node=arm, local=False), "engine": engine}
    )
    assert not given.farm.executions(emulated)[0].emulated
    assert len(given.tools(emulated)) == 64


@pytest.mark.usefixtures("tried")
def test_the_key_names_the_tools_that_were_given_whatever_the_plan_meant(world: World) -> None:
    _, emulated = cells(world)
    given, inputs = accelerating(world), cast("Any", FakeIngredients())
    (meant,) = (one for one in world.plan((emulated,)))
    assert meant.known.tools == ""
    world.builder.says = "native-tools: 80 programs taken"
    prepared = Prepared(planned=(meant,), farm=world.farm, bases=inputs, inputs=inputs, equip=given.equip)
    (result,) = run_cells(given.shop, given.shop.ledger.start_run("build"), prepared, world.board)
    assert result.ok
    attempt = world.shop.ledger.latest(emulated.id)
    assert attempt is not None
    assert attempt.ingredients["tools"] == given.tools(emulated)


@pytest.mark.usefixtures("tried")
def test_a_broken_template_is_told_once_and_builds_are_emulated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Silent, "warn", lambda _, message: warnings.append(message))

    def broken(*_: Any) -> ToolsPlan:
        raise InvalidFileError("native-tools.Dockerfile.j2:3: unexpected '}'", mend="correct the template's syntax")

    monkeypatch.setattr(module, "plan_tools", broken)
    given = accelerating(world)
    everything = [cell for cell in world.shop.matrix.cells if cell.image.variant.suite.name == "bullseye"]
    assert {given.tools(cell) for cell in everything} == {""}
    _, emulated = cells(world)
    assert given.equip(emulated, ingredients(emulated), lambda _: None) is None
    assert warnings == [
        "native tools cannot be prepared: native-tools.Dockerfile.j2:3: unexpected '}'; correct the template's syntax"
    ]
    with pytest.raises(VerificationError, match=r"Dockerfile\.j2:3"):
        accelerating(world, Acceleration.REQUIRE).equip(emulated, ingredients(emulated), lambda _: None)


def test_a_run_that_is_stopped_says_nothing_of_tools(
    world: World, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Silent, "warn", lambda _, message: warnings.append(message))
    _, emulated = cells(world)
    tried.error = EnvironmentFailedError("they cannot be made: cancelled")
    world.shop.cancellation.cancel()
    given = accelerating(world, Acceleration.REQUIRE)
    assert given.equip(emulated, ingredients(emulated), lambda _: None) is None
    assert warnings == []


@pytest.mark.parametrize(
    ("emulator", "setting"), [("QEMU 7.2.9", {"QEMU_CPU": "cortex-a57"}), ("QEMU 10.0.13", {}), ("another 1.0", None)]
)
def test_the_gate_works_under_the_setting_and_the_limits_of_the_build(
    world: World, tried: Tried, monkeypatch: pytest.MonkeyPatch, emulator: str, setting: dict[str, str] | None
) -> None:
    trials: list[Trial] = []

    def judge(made: Made, trial: Trial, **_: Any) -> Verdict:
        trials.append(trial)
        return tried.judge(made, trial)

    monkeypatch.setattr(module, "judge", judge)
    _, emulated = cells(world)
    given = accelerating(world)
    given.farm = replace(world.farm, emulators={"linux/arm64/v8": emulator})
    assert isinstance(given.ready(emulated, ingredients(emulated)), Made)
    (trial,) = trials
    assert trial.arguments == ({} if setting is None else {"QEMU_RESERVED_VA": "0x10000000000", **setting})
    assert ("\nARG QEMU_CPU\n" in trial.dockerfile) == bool(setting)
    assert ("\nARG QEMU_RESERVED_VA\n" in trial.dockerfile) == (setting is not None)
    settings = world.shop.settings
    assert trial.silence == settings.silence_minutes * 60 * settings.emulation_factor


def test_required_tools_that_a_build_declines_fail_it(world: World, tried: Tried) -> None:
    world.builder.says = "native-tools: declined: make 4.3-5 here, 4.3-4.1 there;"
    native, emulated = run(world, Acceleration.REQUIRE)
    assert native.ok
    assert emulated.failure is not None
    assert emulated.failure.kind is FailureClass.UNACCELERATED
    assert "make 4.3-5 here, 4.3-4.1 there" in emulated.failure.message
    assert tried.judged == 1
