"""A cell's build, as a worker does it: ingredients, one buildx call, the image brought home. It remembers nothing: its result does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import docker

from orchestrator.acceleration.model import CONTEXT, DECLINED, Made, UnacceleratedError
from orchestrator.acceleration.shelf import Shelf
from orchestrator.attest.model import Told, UntoldError
from orchestrator.attest.provenance import Material, Stated, keep
from orchestrator.bases.model import Base
from orchestrator.build.buildx import BuildRequest, BuildResult, build
from orchestrator.build.execution import Execution
from orchestrator.build.failure import FailureClass
from orchestrator.builders.carry import carry
from orchestrator.config.settings import Acceleration
from orchestrator.inputs.model import StoredInput
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.key import Key
from orchestrator.plan.plan import PlannedCell
from orchestrator.system.scratch import CONTEXT as SCRATCH
from orchestrator.system.scratch import scratch


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingredients:
    """What a build is given: its base, the source and the wheels."""

    base: Base
    source: StoredInput
    wheels: StoredInput

    @property
    def contexts(self) -> dict[str, str]:
        """What replaces the base and the stages for source and wheels, as `BuildRequest` takes it."""
        return {
            self.base.reference: self.base.context,
            "python-source": str(self.source.directory),
            "python-wheels": str(self.wheels.directory),
        }


#: Gives the native tools of an emulated build, if it has any; tells which step is going on.
Equip = Callable[[Cell, Ingredients, Callable[[str], None]], Made | None]
#: Gives what keeps compiled objects for a native build, if anything does; tells which step is going on.
Cache = Callable[[Cell, Callable[[str], None]], Made | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One build that is to be made: of a planned cell, executed so, on a node, under a reference, logged there."""

    planned: PlannedCell
    execution: Execution
    node: str
    key: Key
    reference: str
    log: Path
    arguments: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """How it went; `digest` and `size` (bytes) are those of the image at home, when there is one.

    `declined` says why the native tools that were given were not taken, and all of it was emulated; empty when they were. `key` is what it was
    built with in the end: where there were no native tools, another than what was ordered.
    """

    result: BuildResult
    digest: str = ""
    size: int = 0
    declined: str = ""
    key: Key | None = None


def build_cell(
    shop: Workshop,
    farm: Farm,
    order: Order,
    ingredients: Callable[[], Ingredients],
    *,
    on_step: Callable[[str], None],
    equip: Equip = lambda *_: None,
    cache: Cache = lambda *_: None,
) -> Built:
    """Build what was ordered. A failed build is a result; inputs that cannot be had, and engines that go away, are exceptions.

    Raises `UnacceleratedError` where native tools are required and were not taken.
    """
    ordered, given = order.key, ingredients()
    cell = order.planned.cell
    if order.execution.emulated:
        tools = equip(cell, given, on_step) if order.execution.known else None
    else:
        tools = cache(cell, on_step) if farm.builders[order.node].local else None
    # The compiler cache of a native build is no part of its key: the image's own compiler does the work, and an object is taken from the cache only
    # for the same source, options and bytes of that compiler.
    order = _with_tools(order, tools.identity if tools is not None else "")
    result = _blamed(farm, order.node, _call(shop, farm, order, given, tools, on_step))
    # Asked of a build that failed, too: the step that declined is in BuildKit's cache then, and says nothing to the next try.
    declined = _declined(shop, order, tools)
    if declined:
        order = _with_tools(order, "")
    if result.failure is not None:
        return Built(result=result, declined=declined, key=_other(order.key, ordered))
    if declined and order.execution.emulated and shop.settings.acceleration is Acceleration.REQUIRE:
        raise UnacceleratedError(
            f"{order.planned.cell.id} was built without the native tools that are required: {declined}",
            mend="run it again: they are made anew",
        )
    with contextlib.closing(shop.open_client()) as home:
        if farm.away(order.node):
            on_step(f"[carry] copying the image home from {order.node}")
            with farm.client(order.node) as there:
                carry(order.reference, there, home)
        digest, size = inspect(home, order.reference)
    if shop.settings.attestations:
        _keep_provenance(shop, farm, order, given, result.record, digest)
    return Built(result=result, digest=digest, size=size, declined=declined, key=_other(order.key, ordered))


def _other(key: Key, ordered: Key) -> Key | None:
    return key if key.value != ordered.value else None


def _with_tools(order: Order, identity: str) -> Order:
    """The same order with the key of a build that is given these native tools, none where `identity` is empty."""
    known = replace(order.planned.known, tools=identity)
    return replace(order, key=known.key(order.planned.cell, order.execution))


def _declined(shop: Workshop, order: Order, tools: Made | None) -> str:
    """Find out whether the tools were taken. Packages may have moved since they were made: then they are made again next time."""
    if tools is None:
        return ""
    try:
        lines = order.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # nothing was said
        return ""
    why = next((line.removeprefix(DECLINED).strip(" ;") for line in lines if line.startswith(DECLINED)), "")
    if why:
        Shelf(root=shop.places.native_tools).forget(tools)
    return why


def _keep_provenance(shop: Workshop, farm: Farm, order: Order, given: Ingredients, record: str, digest: str) -> None:
    """Write down where the image comes from. What goes wrong with that is said in the log: the image is as good without."""
    builder = farm.builders[order.node]

    def ask() -> Told:
        from orchestrator.attest import history  # noqa: PLC0415 - HTTP/2 is of no use to whoever builds nothing

        if not record:
            raise UntoldError("buildx does not say what BuildKit calls the build")
        return history.ask(
            shop.engine.docker,
            record,
            builder=builder.arguments[-1] if builder.arguments else None,
            environment=builder.environment,
            cancellation=shop.cancellation,
        )

    try:
        reason = keep(shop.places, digest, _stated(order, given), ask).reason
        warning = reason and f"the provenance is our own statement, not BuildKit's: {reason}"
    except OSError as error:
        warning = f"the provenance cannot be kept: {error}"
    if warning:
        # A disk that is full takes no warning either.
        with contextlib.suppress(OSError), order.log.open("a", encoding="utf-8") as log:
            log.write(f"warning: {warning}\n")


def _stated(order: Order, given: Ingredients) -> Stated:
    cell, line = order.planned.cell, order.planned.cell.image.line
    pins = (line.pip, line.setuptools, line.wheel, *line.extras)
    return Stated(
        cell=cell.id,
        platform=str(cell.architecture.platform),
        key=order.key.value,
        ingredients=order.key.ingredients,
        materials=(
            Material(name=given.base.reference, uri="", digest=given.base.digest),
            Material(name=line.source.file, uri=line.source.url, digest=line.source.sha256),
            *(Material(name=pin.name, uri=f"pkg:pypi/{pin.name}@{pin.version}", digest=pin.sha256) for pin in pins),
        ),
    )


def inspect(client: docker.DockerClient, reference: str) -> tuple[str, int]:
    """Give the id and the size (bytes) of an image."""
    image = client.images.get(reference)
    return str(image.id), int(image.attrs.get("Size") or 0)


def with_arguments(dockerfile: str, arguments: Mapping[str, str]) -> str:
    """Declare build arguments in the stage that compiles, so that its steps see them. No image is made of that stage: no history has them.

    They change how a step is executed, not what it makes.
    """
    declared = "".join(f"\nARG {name}" for name in arguments)
    return re.sub(r"^(FROM .+ AS build)$", rf"\1{declared}", dockerfile, flags=re.MULTILINE) if declared else dockerfile


def _blamed(farm: Farm, node: str, result: BuildResult) -> BuildResult:
    """A build that was ended because nothing came from it may have done nothing wrong: a machine that hangs, or is cut off, is silent, too."""
    failure = result.failure
    if failure is None or failure.kind not in {FailureClass.SILENCE, FailureClass.TIMEOUT} or farm.alive(node):
        return result
    message = f"{failure.message} ({failure.kind}, and its builder does not answer)"
    return replace(result, failure=replace(failure, kind=FailureClass.ENGINE_LOST, message=message))


def _call(
    shop: Workshop, farm: Farm, order: Order, given: Ingredients, tools: Made | None, on_step: Callable[[str], None]
) -> BuildResult:
    emulated = order.execution.emulated
    factor = shop.settings.emulation_factor if emulated else 1.0
    builder = farm.builders[order.node]
    with scratch(SCRATCH) as directory:
        # The text that the key was made of is what is built, whatever lies in the tree by now.
        text = with_arguments(order.planned.known.dockerfile, order.arguments)
        (directory / "Dockerfile").write_text(text, encoding="utf-8")
        return build(
            BuildRequest(
                directory=directory,
                platform=str(order.planned.cell.architecture.platform),
                contexts=given.contexts | ({CONTEXT: tools.context} if tools is not None else {}),
                reference=order.reference,
                timeout=shop.settings.timeout_minutes * 60 * factor,
                silence=shop.settings.silence_minutes * 60 * factor,
                log=order.log,
                emulated=emulated,
                builder=builder.arguments[-1] if builder.arguments else None,
                arguments=order.arguments,
                # Written after BuildKit has read the context.
                metadata=directory / ".metadata.json" if shop.settings.attestations else None,
            ),
            docker=shop.engine.docker,
            environment=builder.environment,
            cancellation=shop.cancellation,
            on_step=on_step,
        )
