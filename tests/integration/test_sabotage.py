"""Every broken image is refused by the proof whose business it is, and by few others; the good ones pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from orchestrator.engine.model import Engine
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.proving import upstream_of
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.containers.building import BuildxBuilder
from orchestrator.prove.containers.owners import OWNER
from orchestrator.prove.containers.subject import ImageSubject
from orchestrator.prove.model import Outcome, Verdict
from orchestrator.prove.proofs.probing import STARTS
from orchestrator.prove.prover import prove
from orchestrator.prove.survey.store import Surveys
from orchestrator.publish.names import local_references
from orchestrator.render.tree import render_images
from orchestrator.system.owners import owner
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Command, run
from tests.integration.command_line import CommandLine
from tests.integration.images import DEBIAN, MATRIX, Images
from tests.integration.sabotage import AMD64, ARM64, PYTHON2, SABOTAGES, Sabotage

#: What any further line in a Dockerfile is seen by; what a line does to the base, recipe/base sees beside the proof whose business it is.
_OF_EVERY_LINE = frozenset({"recipe/layers", "recipe/history", "recipe/base"})
_OTHER = {AMD64: ARM64, ARM64: AMD64, PYTHON2: "2.7-slim-bullseye-arm64v8"}

pytestmark = pytest.mark.timeout(5400)


class Bench:
    """Breaks images and proves them."""

    def __init__(self, client: docker.DockerClient, engine: Engine, directory: Path) -> None:
        self.matrix = load_matrix(MATRIX)
        self.client = client
        self._engine = engine
        self._directory = directory
        self._surveys = Surveys()

    def cell(self, name: str) -> Cell:
        return next(cell for cell in self.matrix.cells if cell.id == name)

    def good(self, name: str) -> str:
        return local_references(self.matrix, self.cell(name))[0]

    def build(self, name: str, lines: str) -> str:
        """Build `FROM` the good image of a cell; gives the reference."""
        (self._directory / "Dockerfile").write_text(
            f"FROM {self.good(name)}\n{lines.replace('{other}', self.good(_OTHER[name]))}\n", encoding="utf-8"
        )
        platform = str(self.cell(name).architecture.platform)
        reference = f"orchestrator.local/sabotage/{name}:latest"
        flags = (
            "--network=none",
            "--load",
            "--provenance=false",
            "--no-cache",
            f"--platform={platform}",
            f"--tag={reference}",
        )
        done = run(
            Command(
                argv=(self._engine.docker, "buildx", "build", *flags, str(self._directory)),
                environment=self._engine.environment,
                timeout=300,
            )
        )
        assert done.ok, done.stderr.decode()
        return reference

    def prove(self, name: str, reference: str, only: frozenset[str], *, peer: str | None = None) -> dict[str, Outcome]:
        """Make all proofs that run nothing, and of the others those in `only`; a hang is not waited for as long as usual."""
        cell = self.cell(name)
        (rendered,) = render_images(self.matrix, (cell.image,))
        builder = BuildxBuilder(self.client, self._engine, Cancellation())
        upstream = upstream_of(Places.from_environment(), cell.image)
        assert upstream is not None
        peers = (
            [
                ImageSubject(
                    self.client,
                    self.cell(_OTHER[name]),
                    peer,
                    dockerfile=rendered.text,
                    builder=builder,
                    surveys=self._surveys,
                )
            ]
            if peer
            else []
        )
        proofs = [
            replace(proof, seconds=4.0) if proof.name == STARTS else proof
            for proof in CATALOGUE
            if not proof.live or proof.name in only
        ]
        with ImageSubject(
            self.client,
            cell,
            reference,
            dockerfile=rendered.text,
            builder=builder,
            surveys=self._surveys,
            upstream=upstream,
            peers=peers,
        ) as subject:
            return {one.name: one for one in prove(subject, proofs, emulated=name == ARM64)}


@pytest.fixture(scope="module")
def bench(client: docker.DockerClient, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield Bench(client, engine, tmp_path_factory.mktemp("sabotage"))
    for image in client.images.list(filters={"reference": "orchestrator.local/sabotage/*"}):
        for tag in image.tags:
            if tag.startswith("orchestrator.local/sabotage/"):
                client.images.remove(tag, force=True)
    assert client.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"}) == []


def refused(outcomes: dict[str, Outcome]) -> set[str]:
    return {name for name, one in outcomes.items() if one.verdict is Verdict.FAILED}


def judge(sabotage: Sabotage, outcomes: dict[str, Outcome]) -> None:
    failed = refused(outcomes)
    details = {name: outcomes[name].detail for name in failed}
    assert set(sabotage.refused_by) <= failed, details
    assert failed <= {*sabotage.refused_by, *sabotage.also, *_OF_EVERY_LINE}, details
    assert all(details.values())


@pytest.mark.parametrize("sabotage", [one for one in SABOTAGES if one.cell != ARM64], ids=lambda one: one.name)
def test_a_broken_image_is_refused_by_the_right_proof(native_images: Images, bench: Bench, sabotage: Sabotage) -> None:
    assert native_images.ok
    reference = bench.build(sabotage.cell, sabotage.lines.replace("{other}", "scratch"))
    judge(sabotage, bench.prove(sabotage.cell, reference, frozenset({STARTS, *sabotage.refused_by})))


@pytest.mark.parametrize("sabotage", [one for one in SABOTAGES if one.cell == ARM64], ids=lambda one: one.name)
def test_a_broken_foreign_image_is_refused_by_the_right_proof(
    emulated_images: Images, bench: Bench, sabotage: Sabotage
) -> None:
    assert emulated_images.ok
    reference = bench.build(sabotage.cell, sabotage.lines)
    judge(sabotage, bench.prove(sabotage.cell, reference, frozenset({STARTS, *sabotage.refused_by})))


def test_every_sabotage_names_proofs_that_exist() -> None:
    assert len({one.name for one in SABOTAGES}) == len(SABOTAGES)
    assert {name for one in SABOTAGES for name in one.also} <= {proof.name for proof in CATALOGUE}


def test_every_proof_has_an_image_that_it_refuses() -> None:
    here = {name for one in SABOTAGES for name in one.refused_by}
    # Those that compare, and the platform, which no Dockerfile changes, have tests of their own below.
    below = {proof.name for proof in CATALOGUE if proof.pairwise} | {"architecture/platform"}
    assert here | below == {proof.name for proof in CATALOGUE}
    assert not here & below


def test_an_image_of_another_architecture_is_refused(native_images: Images, bench: Bench) -> None:
    assert native_images.ok
    outcomes = bench.prove(ARM64, bench.good(AMD64), frozenset())
    assert {"architecture/platform", "architecture/interpreter", "architecture/elf"} <= refused(outcomes)
    assert "linux/amd64" in outcomes["architecture/platform"].detail


@pytest.mark.parametrize(
    ("lines", "proof"),
    [
        ("RUN rm /usr/local/lib/python3.9/turtledemo/clock.py", "parity/files"),
        ("RUN chmod 600 /usr/local/lib/python3.9/turtle.py", "parity/files"),
        ("RUN echo '#' >> /usr/local/lib/python3.9/turtle.py", "parity/content"),
        (
            "RUN sed -i '/^Package: netbase/,/^Version/s/^Version: .*/Version: 99/' /var/lib/dpkg/status",
            "parity/packages",
        ),
        (
            "RUN sed -i \"s/'HAVE_FORK': 1/'HAVE_FORK': 0/\" /usr/local/lib/python3.9/_sysconfigdata*.py",
            "parity/configuration",
        ),
    ],
    ids=["a file is missing", "another mode", "other bytes", "another version of a package", "configured differently"],
)
def test_what_differs_from_the_other_architecture_is_refused(
    emulated_images: Images, bench: Bench, lines: str, proof: str
) -> None:
    assert emulated_images.ok
    outcomes = bench.prove(
        AMD64, bench.build(AMD64, lines.replace("{other}", "scratch")), frozenset(), peer=bench.good(ARM64)
    )
    failed = refused(outcomes)
    assert proof in failed
    assert {name for name in failed if name.startswith("parity/")} <= {proof, "parity/files", "parity/content"}


def test_the_command_refuses_a_broken_image_and_says_which_proof(
    native_images: Images, bench: Bench, orchestrator: CommandLine
) -> None:
    assert native_images.ok
    reference = bench.build(AMD64, "RUN chmod u+s /usr/bin/env")
    words = ("test", *DEBIAN, "--image", reference, "--as", AMD64, "--only", "security", "--json")
    done = orchestrator(*words)
    assert done.code == 1, done.err
    (document,) = done.document
    assert (document["id"], document["ok"]) == (AMD64, False)
    assert [one["name"] for one in document["proofs"] if not one["passed"]] == ["security/setuid"]
    assert "/usr/bin/env" in Path(document["log"]).read_text(encoding="utf-8")
