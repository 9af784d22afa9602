"""The command on an engine that does everything in no time: what is left is this program.

Usage: python -m benchmarks.fake_engine COMMAND ... (the same words as `orchestrator`)

Real are the command line, the matrix, rendering, planning, the scheduler with its threads, the ledger, the board. Not real are the engine's
API, buildx, BuildKit's history, the proofs and the look-up of bases.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.bases.model import Base, How
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.builders.model import Access, Builder
from orchestrator.cli.group import run
from orchestrator.engine.model import Engine
from orchestrator.inputs.model import StoredInput
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.model import Cell
from orchestrator.pipeline import building, preparing, proving, workshop
from orchestrator.pipeline.farm import Farm
from orchestrator.prove.model import Outcome, Proof, Verdict
from orchestrator.schedule.model import Node
from orchestrator.system.places import Places

_AMD, _ARM = "linux/amd64", "linux/arm64/v8"
_IMAGES: dict[str, str] = {}


class _Image:
    def __init__(self, reference: str) -> None:
        self.id = _IMAGES[reference]
        self.attrs = {"Size": 1}

    def tag(self, repository: str, *, tag: str) -> None:
        _IMAGES[f"{repository}:{tag}"] = self.id


class _Client:
    """As much of the engine's API as a run uses."""

    def __init__(self) -> None:
        self.api = self.containers = self

    @property
    def images(self) -> Any:
        return _Images()

    def list(self, **_: Any) -> Sequence[Any]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


class _Images:
    def __call__(self) -> list[dict[str, Any]]:
        return [{"Id": digest, "RepoTags": [name]} for name, digest in _IMAGES.items()]

    def get(self, reference: str) -> _Image:
        return _Image(reference)

    def list(self, **_: Any) -> Sequence[Any]:
        return ()


class _Bases:
    def check(self, cells: Sequence[Cell]) -> None:
        """All are there."""

    def resolve(self, cell: Cell) -> Base:
        return Base(
            reference=cell.image.variant.base, architecture=cell.architecture.name, layout=None, digest="sha256:base",
            built="", how=How.REGISTRY, size=1, seconds=0.0,
        )  # fmt: skip


def _engine() -> Engine:
    return Engine(
        host="unix:///nowhere", docker="/bin/false", environment={}, embedded=False, version="28", api="1.45", buildx_version="0.13",
        containerd_store=True, architecture="amd64", local=True, platforms=(), data_root="",
    )  # fmt: skip


def _farm(*_: Any) -> Farm:
    node = Node(name="engine", native=frozenset({_AMD}), emulated=frozenset({_ARM}), slots=4, emulated_slots=4)
    only = Builder(
        name=None, driver="docker", node=node, engine=Access(host="unix:///nowhere", inherited=True), home=True, local=True,
        arguments=(), environment={},
    )  # fmt: skip
    return Farm(engine=_engine(), builders={"engine": only}, emulators={_ARM: "QEMU"})


@contextlib.contextmanager
def _engine_for_work(*_: Any, **__: Any) -> Iterator[Engine]:
    yield _engine()


def _build(request: BuildRequest, **_: Any) -> BuildResult:
    _IMAGES[request.reference] = f"sha256:{request.reference}"
    return BuildResult(phases=(), seconds=0.0, failure=None)


def _prove(subject: Any, proofs: Sequence[Proof], **_: Any) -> tuple[Outcome, ...]:
    del subject
    return tuple(
        Outcome(name=proof.name, verdict=Verdict.PASSED, detail="", seconds=0.0)
        for proof in proofs
        if not proof.pairwise
    )


def _input(*_: Any) -> StoredInput:
    return StoredInput(directory=Places.from_environment().downloads, digest="sha256:x", files=())


def _remembered() -> None:
    """Take over the images that an earlier run of this command made: an engine would still have them."""
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415 - only for the set-up

    with open_ledger(Places.from_environment().ledger, create=False) as ledger:
        for attempt in ledger.newest(proven=True).values():
            _IMAGES[attempt.reference] = attempt.digest
    if _IMAGES:
        from orchestrator.matrix.load import load_matrix  # noqa: PLC0415 - same
        from orchestrator.publish.names import local_references  # noqa: PLC0415 - same

        matrix = load_matrix(Places.from_environment().state.parent / "versions.json")
        for cell in matrix.cells:
            for reference, digest in tuple(_IMAGES.items()):
                if f"/{cell.id}:" in reference:
                    _IMAGES.update(dict.fromkeys(local_references(matrix, cell), digest))


def put(replaced: Mapping[Any, Mapping[str, Any]]) -> None:
    """Put values in the place of names of modules or classes, which have to be there."""
    for place, names in replaced.items():
        for name, value in names.items():
            getattr(place, name)
            setattr(place, name, value)


def main() -> int:
    """Put the fakes in place, and run the command line."""
    replaced: dict[Any, dict[str, Any]] = {
        workshop: {"engine_for_work": _engine_for_work, "connect": lambda _: _Client()},
        preparing: {"_bases": lambda *_: _Bases(), "open_farm": _farm, "end_orphans": lambda: 0},
        building: {"build": _build, "_keep_provenance": lambda *_: None},
        proving: {"prove": _prove, "upstream_of": lambda *_: None},
        Inputs: {"source": _input, "wheels": _input},
    }
    put(replaced)
    _remembered()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
