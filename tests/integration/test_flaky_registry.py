"""Publishing through a proxy that fails 30% of all requests: it gets through, the same as without, and says how often it had to ask again."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
from collections.abc import Callable, Iterator

import docker
import httpx
import pytest

from orchestrator.bases.model import Wanted
from orchestrator.bases.registry import PATIENCE, NotInRegistryError, from_registry
from orchestrator.engine.model import Engine
from orchestrator.errors import UnreachableError
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.publish.names import Names
from orchestrator.publish.publish import Published, publish_image
from orchestrator.publish.registry import Registry
from orchestrator.registry.local import local_registry
from orchestrator.system.places import Places
from orchestrator.system.process import run
from orchestrator.system.progress import Silent
from orchestrator.system.retrying import Patience, Retries
from tests.integration.conftest import ROOT
from tests.integration.flaky import Fault, flaky

SEEDS = (1, 2, 3)
SEED_THAT_BEGINS_WITH_A_FAILURE = 31
#: A release that never moves, and a tag that does.
TAGS = ("2.7.18-slim", "2-slim")
LAYERS = 10
#: As many tries as by default, with shorter pauses: the proxy does not recover by being left alone.
QUICK = Patience(pause=0.05, longest=0.2)


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """A registry that fails nothing."""
    with local_registry(Places.from_environment(), Silent()) as address:
        yield address


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return load_matrix(ROOT / "examples" / "debian" / "versions.json")


@pytest.fixture(scope="module")
def image(matrix: Matrix) -> Image:
    return dataclasses.replace(matrix.images[-1], tags=TAGS, shared_tags=())


@pytest.fixture(scope="module")
def proven(
    engine: Engine, client: docker.DockerClient, matrix: Matrix, image: Image, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Cell, Attempt]]]:
    """An image of ten layers for each architecture, of new bytes, so that no repository has them."""
    tmp_path = tmp_path_factory.mktemp("flaky")
    found = {}
    for cell in (cell for cell in matrix.cells if cell.image.id == image.id):
        reference, directory = f"orchestrator.local/flaky/{cell.id}:t", tmp_path / cell.id
        directory.mkdir()
        for number in range(LAYERS):
            (directory / f"file{number}").write_bytes(os.urandom(2_000 if number else 600_000))
        copies = "".join(f"COPY file{number} /\n" for number in range(LAYERS))
        (directory / "Dockerfile").write_text(f"FROM scratch\n{copies}")
        subprocess.run(
            [engine.docker, "buildx", "build", "--quiet", "--provenance=false", f"--platform={cell.architecture.platform}",
             f"--tag={reference}", str(directory)],
            env=dict(engine.environment), check=True, stdout=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        found[cell.architecture.name] = (cell, _attempt(cell, reference, str(client.images.get(reference).id)))
    yield found
    for _, attempt in found.values():
        client.images.remove(attempt.reference, force=True)


@pytest.fixture(scope="module")
def without(
    engine: Engine, client: docker.DockerClient, upstream: str, image: Image, proven: dict[str, tuple[Cell, Attempt]]
) -> list[Published]:
    """The same published without failures, by the usual tools alone."""
    published = _publish(upstream, "plain", image, proven, _registry(engine, client, Retries()))
    assert len(published) == (len(proven) + 1) * len(TAGS)
    assert not any(one.retries for one in published)
    return published


def _attempt(cell: Cell, reference: str, digest: str) -> Attempt:
    return Attempt(
        id=1, run=1, cell=cell.id, key="k", state=State.PROVEN, execution="native", reference=reference, digest=digest,
        size=1, started="", seconds=1.0, log="", failure_class="", message="", ingredients={},
    )  # fmt: skip


def _registry(engine: Engine, client: docker.DockerClient, retries: Retries) -> Registry:
    return Registry(
        client=client,
        docker=engine.docker,
        environment=engine.environment,
        run=run,
        exact=engine.containerd_store,
        retries=retries,
    )


def _read(registry: str, reference: str) -> bytes:
    """Read a manifest's bytes past the proxy, and past this program."""
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    accept = "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
    answer = httpx.get(
        f"http://{registry}/v2/{repository}/manifests/{tag}", headers={"Accept": accept}, trust_env=False
    )
    assert answer.status_code == 200, reference
    return answer.content


@pytest.mark.parametrize("seed", SEEDS)
def test_an_image_gets_through_and_is_what_it_would_be_without_failures(
    seed: int,
    engine: Engine,
    client: docker.DockerClient,
    upstream: str,
    image: Image,
    proven: dict[str, tuple[Cell, Attempt]],
    without: list[Published],
) -> None:
    told: list[tuple[str, int, float]] = []
    retries = Retries(patience=QUICK, on_retry=lambda what, number, seconds: told.append((what, number, seconds)))
    with flaky(upstream, seed=seed) as proxy:
        published = _publish(proxy.address, f"flaky{seed}", image, proven, _registry(engine, client, retries))
        assert proxy.failures > 0.15 * proxy.requests
        assert {fault for _, _, fault in proxy.log} == {None, *Fault}
    assert [one.digest for one in published] == [one.digest for one in without]
    for one, plain in zip(published, without, strict=True):
        assert _read(upstream, one.reference) == _read(upstream, plain.reference)
    # Every retry was counted and told, and no 429 was asked again before its time.
    assert retries.count == len(told) == sum(one.retries for one in published)
    assert retries.count > 0
    assert all(proxy.address in what for what, _, _ in told)
    told_to_wait = [seconds for what, _, seconds in told if ": 429 Too" in what and "cannot be" not in what]
    assert told_to_wait
    assert min(told_to_wait) >= 1
    assert not [tag for listed in client.images.list() for tag in listed.tags if tag.startswith(f"{proxy.address}/")]


def _publish(
    address: str, repository: str, image: Image, proven: dict[str, tuple[Cell, Attempt]], registry: Registry
) -> list[Published]:
    names = Names(registry=address, namespace="library", repository=repository)
    return list(publish_image(image, proven, names=names, registry=registry))


def test_an_engine_without_the_store_is_pushed_from_patiently(
    engine: Engine, client: docker.DockerClient, upstream: str, proven: dict[str, tuple[Cell, Attempt]]
) -> None:
    """There only the tool can push; it is repeated, and goes on with what the registry has. 30% are too many for it."""
    retries = Retries(patience=QUICK)
    registry = dataclasses.replace(_registry(engine, client, retries), exact=False)
    cell, attempt = proven["amd64"]
    with flaky(upstream, seed=SEED_THAT_BEGINS_WITH_A_FAILURE, rate=0.08) as proxy:
        assert registry.push(attempt.reference, f"{proxy.address}/tool/{cell.id}:t") == attempt.digest
        assert proxy.failures
    assert retries.count > 0


def test_a_base_is_found_in_spite_of_failures(
    engine: Engine,
    client: docker.DockerClient,
    upstream: str,
    proven: dict[str, tuple[Cell, Attempt]],
) -> None:
    cell, attempt = proven["arm64v8"]
    wanted = Wanted(reference="debian:base", suite=cell.image.variant.suite, architecture=cell.architecture)
    _registry(engine, client, Retries()).push(attempt.reference, f"{upstream}/mirror/debian:base")
    retries = Retries(patience=PATIENCE)
    for seed in range(5):
        with flaky(upstream, seed=seed) as proxy:
            found = from_registry(
                wanted,
                docker=engine.docker,
                environment=engine.environment,
                base_registry=f"{proxy.address}/mirror",
                retries=retries,
            )
            assert found.digest == attempt.digest
            # What it does not have, it does not have: it is not asked again for that.
            proxy.rate, asked = 0.0, proxy.requests
            with pytest.raises(NotInRegistryError, match="not found"):
                from_registry(
                    dataclasses.replace(wanted, reference="debian:missing"),
                    docker=engine.docker,
                    environment=engine.environment,
                    base_registry=f"{proxy.address}/mirror",
                )
            assert proxy.requests - asked <= 2
    assert retries.count > 0


def test_a_registry_that_is_not_there_is_waited_for_once(
    engine: Engine, client: docker.DockerClient, proven: dict[str, tuple[Cell, Attempt]]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    retries = Retries(patience=Patience(attempts=4, seconds=20))
    registry = _registry(engine, client, retries)
    _, attempt = proven["amd64"]
    with pytest.raises(UnreachableError, match="connection refused"):
        registry.push(attempt.reference, f"{address}/amd64/python:1")
    assert retries.count == 3
    again: list[Callable[[], str]] = [
        lambda: registry.push(attempt.reference, f"{address}/amd64/python:2"),
        lambda: registry.index(f"{address}/library/python:2", []),
        lambda: registry.digest(f"{address}/library/python:2"),
    ]
    for call in again:
        with pytest.raises(UnreachableError, match=r"is not asked again in this run: .*connection refused"):
            call()
    assert retries.count == 3
