"""Publishing through a proxy that fails 30% of all requests: it gets through, the same as without, sends nothing twice, and says how often it had to ask again."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
from collections import Counter
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
from orchestrator.publish.content import Content, saving
from orchestrator.publish.index import make_index
from orchestrator.publish.model import Member, Provenance, Published
from orchestrator.publish.names import Names
from orchestrator.publish.visible import changed, fetch, make_visible, verify
from orchestrator.publish.wanted import references, targets
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Patience, Retries
from tests.integration.conftest import ROOT
from tests.integration.flaky import Fault, Flaky, flaky
from tests.integration.own_registry import own_registry

#: A release that never moves, and a tag that does.
TAGS = ("2.7.18-slim", "2-slim")
LAYERS = 10
#: As many tries as by default, with shorter pauses: the proxy does not recover by being left alone.
QUICK = Patience(pause=0.05, longest=0.2)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that fails nothing."""
    with own_registry(tmp_path_factory.mktemp("registry")) as one:
        yield one.address


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
def open_client(engine: Engine) -> Callable[[], docker.DockerClient]:
    """Open another client of the engine."""
    return lambda: docker.DockerClient(base_url=engine.host, timeout=600)


@pytest.fixture(scope="module")
def without(
    engine: Engine,
    open_client: Callable[[], docker.DockerClient],
    upstream: str,
    image: Image,
    proven: dict[str, tuple[Cell, Attempt]],
) -> tuple[Published, ...]:
    """The same published without failures."""
    retries = Retries()
    published = _publish(upstream, "plain", image, proven, retries, open_client, exact=engine.containerd_store)
    assert len(published) == (len(proven) + 1) * len(TAGS)
    assert retries.count == 0
    return published


def _attempt(cell: Cell, reference: str, digest: str) -> Attempt:
    return Attempt(
        id=1, run=1, cell=cell.id, key="k", state=State.PROVEN, execution="native", reference=reference, digest=digest,
        size=1, started="", seconds=1.0, log="", failure_class="", message="", ingredients={},
    )  # fmt: skip


def _publish(
    address: str,
    repository: str,
    image: Image,
    proven: dict[str, tuple[Cell, Attempt]],
    retries: Retries,
    open_client: Callable[[], docker.DockerClient],
    *,
    exact: bool,
) -> tuple[Published, ...]:
    """Bring the content and make it visible, as a run does for one image."""
    names = Names(registry=address, namespace="library", repository=repository)
    with Registries(environment=os.environ, retries=retries) as registries:
        content = Content(registries=registries, names=names, save=saving(open_client), exact=exact)
        members = [content.bring(cell, attempt) for cell, attempt in proven.values()]
        index = make_index(members, Provenance(version="2.7.18"))
        joint = Reference.parse(names.of_index("x"))
        registries.at(address).put_manifest(joint.repository, index.digest, index)
        cells = [cell for cell, _ in proven.values()]
        heads = registries.heads(name for name, _, _ in references(names, image, cells))
        some = targets(names, image, cells, members, index.digest, heads)
        make_visible(registries, some, fetch(registries, some))
        verify(registries, some)
        return changed(some)


def _bring(
    address: str,
    repository: str,
    one: tuple[Cell, Attempt],
    retries: Retries,
    open_client: Callable[[], docker.DockerClient],
) -> Member:
    names = Names(registry=address, namespace="library", repository=repository)
    with Registries(environment=os.environ, retries=retries) as registries:
        return Content(registries=registries, names=names, save=saving(open_client)).bring(*one)


def _read(registry: str, reference: str) -> bytes:
    """Read a manifest's bytes past the proxy, and past this program."""
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    accept = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    answer = httpx.get(
        f"http://{registry}/v2/{repository}/manifests/{tag}", headers={"Accept": accept}, trust_env=False
    )
    assert answer.status_code == 200, reference
    return answer.content


def _assert_nothing_was_sent_twice(proxy: Flaky) -> None:
    sent = Counter(done.sent for done in proxy.done if done.sent is not None)
    assert sent
    assert [one for one, times in sent.items() if times > 1] == []


@pytest.mark.parametrize(("seed", "exact"), [(1, True), (2, True), (3, False)])
def test_an_image_gets_through_and_is_what_it_would_be_without_failures(
    seed: int,
    *,
    exact: bool,
    client: docker.DockerClient,
    open_client: Callable[[], docker.DockerClient],
    upstream: str,
    image: Image,
    proven: dict[str, tuple[Cell, Attempt]],
    without: tuple[Published, ...],
) -> None:
    """An engine of the older kind does not know the digests that its images have in registries: there, they are found from the bytes."""
    told: list[tuple[str, int, float]] = []
    retries = Retries(patience=QUICK, on_retry=lambda what, number, seconds: told.append((what, number, seconds)))
    with flaky(upstream, seed=seed) as proxy:
        repository = f"flaky{seed}-{str(exact).lower()}"
        published = _publish(proxy.address, repository, image, proven, retries, open_client, exact=exact)
        assert proxy.failures > 0.15 * proxy.requests
        assert {fault for _, _, fault in proxy.log} == {None, *Fault}
    assert [one.digest for one in published] == [one.digest for one in without]
    for one, plain in zip(published, without, strict=True):
        assert _read(upstream, one.reference) == _read(upstream, plain.reference)
    _assert_nothing_was_sent_twice(proxy)
    # Every retry was counted and told, and no 429 was asked again before its time.
    assert retries.count == len(told) > 0
    assert all(proxy.address in what for what, _, _ in told)
    told_to_wait = [seconds for what, _, seconds in told if ": 429 Too" in what]
    assert told_to_wait
    assert min(told_to_wait) >= 1
    assert not [tag for listed in client.images.list() for tag in listed.tags if tag.startswith(f"{proxy.address}/")]


def test_a_base_is_found_in_spite_of_failures(
    engine: Engine,
    open_client: Callable[[], docker.DockerClient],
    upstream: str,
    proven: dict[str, tuple[Cell, Attempt]],
) -> None:
    cell, attempt = proven["arm64v8"]
    wanted = Wanted(reference="debian:base", suite=cell.image.variant.suite, architecture=cell.architecture)
    member = _bring(upstream, "base", proven["arm64v8"], Retries(), open_client)
    with Registries(environment=os.environ) as registries:
        one = registries.at(upstream)
        manifest = one.manifest("arm64v8/base", member.digest)
        one.copy_manifest("arm64v8/base", "mirror/debian", manifest)
        one.set_manifest("mirror/debian", "base", manifest)
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
    open_client: Callable[[], docker.DockerClient], proven: dict[str, tuple[Cell, Attempt]]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    retries = Retries()
    names = Names(registry=address, namespace="library", repository="python")
    with Registries(environment=os.environ, retries=retries, without_connection=4) as registries:
        content = Content(registries=registries, names=names, save=saving(open_client))
        with pytest.raises(UnreachableError, match="refused"):
            content.bring(*proven["amd64"])
        assert retries.count == 3
        again: list[Callable[[], object]] = [
            lambda: content.bring(*proven["arm64v8"]),
            lambda: registries.head(names.of_index("2")),
            lambda: registries.heads([names.of_index("1"), names.of_index("2")]),
        ]
        for call in again:
            with pytest.raises(UnreachableError, match=r"is not asked again in this run: .*refused"):
                call()
        assert retries.count == 3
