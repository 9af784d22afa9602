"""A workshop with a real ledger and fakes for everything outside: the build, the proofs, the engine, the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import docker

from orchestrator.bases.model import Base, How
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.execution import Execution
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.build.phases import Phase, PhaseName
from orchestrator.builders.model import Access, Builder
from orchestrator.config.settings import Acceleration, Settings
from orchestrator.engine.model import Engine
from orchestrator.inputs.model import StoredInput
from orchestrator.ledger.ledger import Ledger
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.pipeline.board import Outlook
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.run import run_cells
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Known, PlannedCell, plan_cell
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.prove.model import Outcome, Proof, Subject, Verdict
from orchestrator.publish.names import Names
from orchestrator.render.tree import render_images
from orchestrator.schedule.model import Assignment, Node
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Silent
from tests.unit.publish.fakes import FakeEngine, FakeImage
from tests.unit.registry.wire import FakeWire, image

#: The digest of what the first build makes, for amd64.
FIRST = image(1)[0]
NAMES = Names(registry="localhost:5000", namespace="library", repository="python")


class FakeBuilder:
    """In the place of `build`: puts an image into the engine, or fails as told."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.failing: dict[str, FailureClass] = {}
        self.requests: list[BuildRequest] = []
        self.dockerfiles: list[str] = []
        self.says = ""

    def __call__(self, request: BuildRequest, *, on_step: Callable[[str], None], **_: Any) -> BuildResult:
        self.requests.append(request)
        self.dockerfiles.append((request.directory / "Dockerfile").read_text(encoding="utf-8"))
        if self.says:
            request.log.parent.mkdir(parents=True, exist_ok=True)
            request.log.write_text(f"=== a step\n{self.says}\n", encoding="utf-8")
        on_step("[build 5/9] RUN make -j 2")
        kind = next((kind for word, kind in self.failing.items() if f"/{word}:" in request.reference), None)
        failure = None if kind is None else Failure(kind=kind, message="as told")
        if failure is None:
            architecture = request.platform.split("/")[1]
            self.engine.put(request.reference, len(self.requests), architecture=architecture)
        phases = (Phase(name=PhaseName.COMPILE, seconds=2.0, cached=False),)
        return BuildResult(phases=phases, seconds=3.0, failure=failure)


class FakeBoard:
    """Remembers what it was told; presses Ctrl-C when it hears the word `interrupt`."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.interrupt = ""
        self.outlooks: list[Outlook] = []

    def open(self, outlook: Outlook) -> None:
        self.outlooks.append(outlook)

    def expect(self, seconds: float) -> None:
        assert seconds >= 0

    def retry(self, planned: PlannedCell, failure: Failure, *, tries: int, seconds: float) -> None:
        assert seconds >= 0
        self.log.append((f"retry {failure.kind} {tries}", planned.cell.id))

    def close(self) -> None:
        self.log.append(("close", ""))

    def begin(self, planned: PlannedCell, assignment: Assignment) -> None:
        self.log.append((f"begin {assignment.task.stage}", planned.cell.id))

    def step(self, planned: PlannedCell, step: str) -> None:
        self.log.append((step, planned.cell.id))
        if self.interrupt and self.interrupt in step:
            self.interrupt = ""
            raise KeyboardInterrupt

    def end(self, result: CellResult) -> None:
        self.log.append(("end", result.cell.id))


class FakeIngredients:
    """In the place of both resolvers."""

    def resolve(self, cell: Cell) -> Base:
        return Base(
            reference=cell.image.variant.base, architecture=cell.architecture.name, layout=None, digest="sha256:base",
            built="", how=How.REGISTRY, size=1, seconds=0.0,
        )  # fmt: skip

    def source(self, _line: object) -> StoredInput:
        return StoredInput(directory=Path("/inputs/source"), digest="sha256:s", files=("x.tar.xz",))

    def wheels(self, _pins: object) -> StoredInput:
        return StoredInput(directory=Path("/inputs/wheels"), digest="sha256:w", files=())


class ListedImage(FakeImage):
    """An image of the engine that also has a size and names."""

    def __init__(self, engine: FakeEngine, name: str, digest: str) -> None:
        super().__init__(engine, digest)
        self.tags = [name]
        self.attrs = {"Size": 1000}


class FakeClient(FakeEngine):
    """The engine of publishing, whose images can be listed. `closed` counts the connections that were closed again."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    def get(self, name: str) -> ListedImage:
        return ListedImage(self, name, super().get(name).id)

    def __call__(self) -> list[dict[str, Any]]:
        """`api.images()`: what stands for the API's part stands for its list, too."""
        return [{"Id": digest, "RepoTags": [name]} for name, digest in self.images_by_name.items()]

    def close(self) -> None:
        self.closed += 1


def outcome(name: str, verdict: Verdict = Verdict.PASSED, *, detail: str = "", output: str = "") -> Outcome:
    return Outcome(name=name, verdict=verdict, detail=detail, seconds=0.1, output=output)


@dataclass
class FakeProver:
    """In the place of `prove`: makes the first proof only, and a second that fails where `refusing` names one for the cell."""

    refusing: dict[str, str] = field(default_factory=dict)
    trouble: BaseException | None = None
    subjects: list[Subject] = field(default_factory=list)
    emulated: list[bool] = field(default_factory=list)

    def __call__(
        self,
        subject: Any,
        proofs: Sequence[Proof],
        *,
        emulated: bool,
        on_proof: Callable[[Proof], None],
        on_outcome: Callable[[Outcome], None],
        stopped: Callable[[], bool],
    ) -> tuple[Outcome, ...]:
        if all(proof.pairwise for proof in proofs):
            return ()  # who the peers are is what counts here
        assert not stopped()
        self.subjects.append(subject)
        self.emulated.append(emulated)
        if self.trouble is not None:
            raise self.trouble
        on_proof(proofs[0])
        made = [outcome(proofs[0].name)]
        if subject.cell.id in self.refusing:
            name = self.refusing[subject.cell.id]
            made.append(outcome(name, Verdict.FAILED, detail="as told", output="all\nthat was said"))
        for one in made:
            on_outcome(one)
        return tuple(made)

    @property
    def peers(self) -> list[list[str]]:
        """The cells that each subject was compared with."""
        return [[peer.cell.id for peer in subject.peers] for subject in self.subjects]


@dataclass
class World:
    shop: Workshop
    engine: FakeClient
    builder: FakeBuilder
    board: FakeBoard
    prover: FakeProver
    farm: Farm
    wire: FakeWire

    def plan(self, cells: Sequence[Cell], *, present: dict[str, str] | None = None) -> tuple[PlannedCell, ...]:
        images = tuple({cell.image.id: cell.image for cell in cells}.values())
        texts = {one.image.id: one.text for one in render_images(self.shop.matrix, images)}
        return tuple(
            plan_cell(
                cell,
                Known(
                    dockerfile=texts[cell.image.id],
                    base_digest="sha256:base",
                    execution=Execution(emulator="qemu 10" if cell.architecture.name == "arm64v8" else ""),
                    proofs=fingerprint(),
                ),
                self.shop.ledger,
                present=self.engine.images_by_name if present is None else present,
            )
            for cell in cells
        )

    def run(self, cells: Sequence[Cell], *, fail_fast: bool = False) -> tuple[CellResult, ...]:
        given: Any = FakeIngredients()
        prepared = Prepared(
            planned=self.plan(cells),
            farm=self.farm,
            bases=given,
            inputs=given,
            present=dict(self.engine.images_by_name),
        )
        number = self.shop.ledger.start_run("build")
        return run_cells(self.shop, number, prepared, self.board, fail_fast=fail_fast)

    def cells(self, image: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.shop.matrix.cells if cell.image.id == image)

    def change(self, what: str, cell: str = "%") -> None:
        """Have the ledger remember something else of the attempts at a cell, or at all."""
        connection = self.shop.ledger._connection
        with connection:
            connection.execute(f"UPDATE attempts SET {what} WHERE cell LIKE ?", (cell,))  # noqa: S608 - a test's own words


def farm(engine: Engine) -> Farm:
    """One engine that does one thing at a time, and emulates arm64."""
    amd, arm = "linux/amd64", "linux/arm64/v8"
    node = Node(name="engine", native=frozenset({amd}), emulated=frozenset({arm}), slots=1, emulated_slots=1)
    only = Builder(
        name=None, driver="docker", node=node, engine=Access(host=engine.host, inherited=True), home=True, local=True,
        arguments=(), environment={},
    )  # fmt: skip
    return Farm(engine=engine, builders={"engine": only}, emulators={arm: "qemu 10"})


def workshop(matrix: Matrix, ledger: Ledger, engine: FakeClient, directory: Path) -> Workshop:
    return Workshop(
        matrix=matrix,
        settings=Settings(timeout_minutes=10, emulation_factor=6, acceleration=Acceleration.OFF),
        places=Places(cache=directory / "cache", state=directory / "state"),
        progress=Silent(),
        engine=Engine(
            host="unix:///x", docker="/usr/bin/docker", environment={}, embedded=False, version="28", api="1.45",
            buildx_version="0.13", containerd_store=True, architecture="amd64", local=True, platforms=(), data_root="",
        ),
        client=cast("docker.DockerClient", engine),
        ledger=ledger,
        cancellation=Cancellation(),
    )  # fmt: skip
