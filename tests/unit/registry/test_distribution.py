"""Pushing request by request: nothing is sent that is there, everything gets through 30% of failures, nothing arrives twice."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import CellsFailedError, UnreachableError, VerificationError
from orchestrator.registry.archive import Archive, Manifest, saved
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.packing import packed
from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Patience, Retries, TransientError
from tests.unit.publish.fakes import FakeEngine, client_of, refused, registries_on
from tests.unit.registry.wire import ADDRESS, FakeWire, digest_of

OWN, JOINT = "amd64/python", "library/python"


def push(distribution: Distribution, engine: FakeEngine, name: str, *, repository: str = OWN) -> Manifest:
    with saved(client_of(engine)(), name) as archive:
        return push_archive(distribution, archive, engine.images_by_name[name], repository=repository)


def push_archive(distribution: Distribution, archive: Archive, image: str, *, repository: str = OWN) -> Manifest:
    with packed(archive, archive.image(image)) as found:
        for digest, size in found.manifest.blobs.items():
            distribution.put_blob(repository, digest, size, found.blobs[digest])
        distribution.put_manifest(repository, found.manifest.digest, found.manifest)
    return found.manifest


def engine_with(*, layers: int = 3, broken: bool = False) -> FakeEngine:
    engine = FakeEngine()
    engine.put("image", 1, layers=layers, broken=broken)
    return engine


@settings(max_examples=60, deadline=None)
@given(st.integers())
def test_ten_layers_get_through_30_percent_of_failures_and_none_is_sent_twice(seed: int) -> None:
    engine, wire = engine_with(layers=10), FakeWire(rate=0.3, seed=seed)
    slept: list[float] = []
    retries = Retries(sleep=slept.append)
    with registries_on(wire, retries) as registries:
        one = registries.at(ADDRESS)
        manifest = push(one, engine, "image")
        one.copy_manifest(OWN, JOINT, manifest)
        one.set_manifest(JOINT, "3", manifest)
        assert registries.sent <= 11 + 1 + 1 + 1  # blobs, and a manifest each time; the mounted ones are not sent
    assert wire.tags(JOINT) == {"3": manifest.digest}
    # The wire refuses a blob that it has; of manifests it tells.
    assert len(wire.puts) == len(set(wire.puts)) == 3
    # Each failure is tried again alone; those with Retry-After keep everybody away as well.
    assert wire.failures == retries.count <= len(slept)


def test_what_is_there_is_not_sent_again() -> None:
    engine, wire = engine_with(), FakeWire()
    with registries_on(wire) as registries:
        push(registries.at(ADDRESS), engine, "image")
    with registries_on(wire) as registries:
        push(registries.at(ADDRESS), engine, "image")
        assert registries.sent == 0
    assert len(wire.puts) == 1


@pytest.mark.parametrize("mounts", [True, False])
def test_another_repository_gets_its_blobs_from_the_first(*, mounts: bool) -> None:
    engine, wire = engine_with(), FakeWire(mounts=mounts)
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        manifest = push(one, engine, "image")
        one.copy_manifest(OWN, JOINT, manifest)
        again = registries.sent
        one.copy_manifest(OWN, JOINT, manifest)
        assert registries.sent == again
    assert {digest for where, digest in wire.blobs if where == JOINT} == set(manifest.blobs)


def test_threads_that_push_the_same_layers_send_each_once() -> None:
    engine, wire = engine_with(layers=8), FakeWire()
    gate = threading.Barrier(4, timeout=10)
    with registries_on(wire) as registries, ThreadPoolExecutor(4) as pool:

        def work() -> Manifest:
            gate.wait()
            return push(registries.at(ADDRESS), engine, "image")

        futures = [pool.submit(work) for _ in range(4)]
        found = {one.result().digest for one in futures}
        assert len(found) == 1
        assert len(wire.blobs) == 9  # one that is sent twice is an error of the wire


def test_heads_and_tags() -> None:
    engine, wire = engine_with(), FakeWire()
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        manifest = push(one, engine, "image")
        for tag in "abcdefgh":
            one.put_manifest(OWN, tag, manifest)
        assert one.tags(OWN) == tuple("abcdefgh")
        assert one.tags("nobody/python") == ()
        names = [f"{ADDRESS}/{OWN}:{tag}" for tag in "ahz"]
        assert registries.heads(names) == dict(zip(names, (manifest.digest, manifest.digest, None), strict=True))
        assert registries.heads([]) == {}
        assert one.delete_tag(OWN, "a")
        assert one.head(OWN, "a") is None


def test_a_registry_that_removes_no_tags_says_so() -> None:
    engine, wire = engine_with(), FakeWire(removes=False)
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        one.put_manifest(OWN, "3", push(one, engine, "image"))
        assert not one.delete_tag(OWN, "3")
        assert one.head(OWN, "3") is not None


def test_what_the_registry_refuses_is_refused_at_once() -> None:
    engine, wire = engine_with(), FakeWire()
    said = {"errors": [{"code": "DENIED", "message": "not yours"}]}
    wire.refused["POST", f"/v2/{OWN}/blobs/uploads/"] = httpx.Response(403, json=said)
    retries = Retries(sleep=lambda _seconds: None)
    with (
        registries_on(wire, retries) as registries,
        pytest.raises(UnreachableError, match=r"no way: 403 Forbidden \(DENIED: not yours\)"),
        registries.asking(ADDRESS, "no way") as one,
    ):
        push(one, engine, "image")
    assert retries.count == 0


def test_a_registry_that_never_recovers_is_given_up_after_one_patience() -> None:
    engine, wire = engine_with(), FakeWire()
    wire.refused["POST", f"/v2/{OWN}/blobs/uploads/"] = httpx.Response(503)
    retries = Retries(sleep=lambda _seconds: None, patience=Patience(attempts=5))
    with registries_on(wire, retries) as registries:
        with pytest.raises(UnreachableError, match="no way: 503"), registries.asking(ADDRESS, "no way") as one:
            push(one, engine, "image")
        assert sum(method == "POST" for method, _ in wire.requests) == 5
        assert registries.head(f"{ADDRESS}/{OWN}:3") is None  # it answers: something else may be asked


def test_a_registry_that_is_not_there_is_asked_once_in_a_run() -> None:
    asked: list[str] = []

    def http(registry: str) -> httpx.Client:
        asked.append(registry)
        return httpx.Client(transport=httpx.MockTransport(refused))

    retries = Retries(sleep=lambda _seconds: None, patience=Patience(attempts=9))
    with Registries(environment={}, retries=retries, http=http) as registries:
        with pytest.raises(UnreachableError, match="connection refused"):
            registries.heads([f"{ADDRESS}/{OWN}:{tag}" for tag in range(50)])
        before = retries.count
        assert before == 4
        with pytest.raises(UnreachableError, match="is not asked again in this run"):
            registries.head(f"{ADDRESS}/other:3")
        assert retries.count == before


def test_who_asks_for_a_pause_gets_it_from_everybody() -> None:
    wire, slept = FakeWire(), list[float]()
    with registries_on(wire, Retries(sleep=slept.append, patience=Patience(attempts=1))) as registries:
        one = registries.at(ADDRESS)
        wire.refused["HEAD", f"/v2/{OWN}/manifests/3"] = httpx.Response(429, headers={"Retry-After": "7"})
        one.conversation.gate.clock = iter([0.0, 0.0, 0.0]).__next__
        with pytest.raises(TransientError):
            one.head(OWN, "3")
        assert one.head(OWN, "4") is None
    assert any(seconds == pytest.approx(7) for seconds in slept)


def test_wrong_bytes_are_not_sent_twice() -> None:
    engine, wire = engine_with(broken=True), FakeWire()
    with registries_on(wire) as registries, pytest.raises(VerificationError, match="other bytes than were sent"):
        push(registries.at(ADDRESS), engine, "image")


def test_wrong_bytes_of_a_registry_are_refused() -> None:
    engine, wire = engine_with(), FakeWire()
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        manifest = push(one, engine, "image")
        config = str(manifest.content["config"]["digest"])
        assert json.loads(one.blob(OWN, config))["os"] == "linux"
        wire.manifests[OWN, manifest.digest] = ("x", b"{}")
        wire.blobs[OWN, config] = b"{}"
        with pytest.raises(VerificationError, match="when asked for"):
            one.manifest(OWN, manifest.digest)
        with pytest.raises(VerificationError, match="gives other bytes"):
            one.blob(OWN, config)


def test_an_image_that_the_engine_has_in_part_is_not_pushed() -> None:
    engine = engine_with()
    with saved(client_of(engine)(), "image") as archive, pytest.raises(CellsFailedError, match="sha256:gone"):
        archive.image("sha256:gone")


def test_a_registry_that_rewrites_manifests_is_found_out() -> None:
    engine, wire = engine_with(), FakeWire()
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        manifest = push(one, engine, "image")
        other = httpx.Response(201, headers={"Docker-Content-Digest": "sha256:other"})
        wire.refused["PUT", f"/v2/{OWN}/manifests/3"] = other
        with pytest.raises(VerificationError, match="points at sha256:other"):
            one.set_manifest(OWN, "3", manifest)


def test_what_an_older_engine_saves_is_packed_as_it_would_push_it() -> None:
    engine, wire = FakeEngine(), FakeWire()
    engine.put("image", 1, layer_type="application/vnd.oci.image.layer.v1.tar")
    with saved(client_of(engine)(), "image") as archive:
        top = archive.image(engine.images_by_name["image"])
        config = str(top.content["config"]["digest"])
        with registries_on(wire) as registries:
            first = push_archive(
                registries.at(ADDRESS), archive, config
            )  # such an engine knows the image by its config
            again = push_archive(registries.at(ADDRESS), archive, config)
    assert first.digest == again.digest != top.digest
    assert first.content["config"]["digest"] == config
    sizes = [layer["size"] for layer in top.content["layers"]]
    assert all(one["size"] < before for one, before in zip(first.content["layers"], sizes, strict=True))
    assert {layer["mediaType"] for layer in first.content["layers"]} == {"application/vnd.oci.image.layer.v1.tar+gzip"}


def test_entries_for_attestations_are_no_images() -> None:
    engine = engine_with()
    digest = engine.images_by_name["image"]
    with saved(client_of(engine)(), "image") as archive:
        named = {
            "manifests": [
                {"digest": "sha256:elsewhere"},
                {"digest": digest, "annotations": {"vnd.docker.reference.type": "x"}},
            ]
        }
        raw = json.dumps(named).encode()
        assert archive.tops == (digest,)
        assert Manifest.of(raw).digest == digest_of(raw)
        assert [one.digest for one in archive._images(digest)] == [digest]
