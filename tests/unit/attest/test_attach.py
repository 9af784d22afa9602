"""Documents find their way to a manifest in any registry, once, and nothing of others is lost."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.attest.attach import attach, attest_image, listed_under_tag, referrer, tag_of
from orchestrator.attest.model import IN_TOTO, SPDX, Document, Kind, Subject, Where
from orchestrator.attest.provenance import keep
from orchestrator.registry.answers import RefusedError
from orchestrator.registry.distribution import OCI_INDEX, OCI_MANIFEST
from orchestrator.system.places import Places
from orchestrator.system.retrying import TransientError
from tests.unit.attest.registries import REPOSITORY, ListingWire, distribution_on, put, subject_on
from tests.unit.attest.test_provenance import STATED, untold
from tests.unit.registry.wire import FakeWire, digest_of

SBOM = Document(kind=Kind.SBOM, media_type=SPDX, data=b'{"spdxVersion":"SPDX-2.3"}')
STATEMENT = Document(
    kind=Kind.PROVENANCE, media_type=IN_TOTO, data=b'{"predicateType":"https://slsa.dev/provenance/v1"}'
)


def sent(wire: FakeWire) -> int:
    return sum(method in {"PUT", "POST", "DELETE"} for method, _ in wire.requests)


@pytest.mark.parametrize(("wire", "where"), [(ListingWire(), Where.API), (FakeWire(), Where.TAG)])
def test_documents_are_attached_once(wire: FakeWire, where: Where) -> None:
    image, one = subject_on(wire), distribution_on(wire)
    found = attach(one, REPOSITORY, Subject.of(image), (SBOM, STATEMENT))
    assert [(each.kind, each.where, each.place) for each in found] == [
        (Kind.SBOM, where, REPOSITORY),
        (Kind.PROVENANCE, where, REPOSITORY),
    ]
    assert (tag_of(image.digest) in wire.tags(REPOSITORY)) == (where is Where.TAG)
    content = json.loads(wire.manifests[REPOSITORY, found[0].digest][1])
    assert content["artifactType"] == SPDX
    assert content["subject"] == {"mediaType": OCI_MANIFEST, "digest": image.digest, "size": len(image.raw)}
    assert wire.blobs[REPOSITORY, content["config"]["digest"]] == b"{}"
    assert content["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert [wire.blobs[REPOSITORY, layer["digest"]] for layer in content["layers"]] == [SBOM.data]
    before = sent(wire)
    assert attach(distribution_on(wire), REPOSITORY, Subject.of(image), (SBOM, STATEMENT)) == found
    assert sent(wire) == before


def test_what_others_listed_stays() -> None:
    wire = FakeWire()
    image, one = subject_on(wire), distribution_on(wire)
    theirs = put(wire, {"artifactType": "their/thing"})
    entry = {"mediaType": OCI_MANIFEST, "digest": theirs.digest, "size": len(theirs.raw), "annotations": {"a": "b"}}
    put(wire, {"mediaType": OCI_INDEX, "manifests": [entry]}, tag_of(image.digest))
    (sbom,) = attach(one, REPOSITORY, Subject.of(image), (SBOM,))
    (statement,) = attach(one, REPOSITORY, Subject.of(image), (STATEMENT,))
    listed = listed_under_tag(one, REPOSITORY, image.digest)
    assert listed[0] == entry
    assert [each["digest"] for each in listed] == [theirs.digest, sbom.digest, statement.digest]
    assert listed[1]["artifactType"] == SPDX
    assert listed[2]["annotations"]["in-toto.io/predicate-type"] == "https://slsa.dev/provenance/v1"


class Meddling(FakeWire):
    """Somebody else replaces the list just after we did, `times` times: their entry is in there, ours is not."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = super()._answer(request)
        if request.method == "PUT" and "/manifests/sha256-" in request.url.path and self.left:
            self.left -= 1
            theirs = put(self, {"artifactType": f"their/{self.left}"})
            entry = {"mediaType": OCI_MANIFEST, "digest": theirs.digest, "size": len(theirs.raw)}
            put(self, {"mediaType": OCI_INDEX, "manifests": [entry]}, request.url.path.rpartition("/")[2])
        return answer


def test_a_list_that_is_changed_meanwhile_is_changed_again() -> None:
    wire = Meddling(3)
    image, one = subject_on(wire), distribution_on(wire)
    (found,) = attach(one, REPOSITORY, Subject.of(image), (SBOM,))
    assert [each["digest"] for each in listed_under_tag(one, REPOSITORY, image.digest)][-1] == found.digest
    wire = Meddling(99)
    image = subject_on(wire)
    with pytest.raises(TransientError, match="changed by somebody else"):
        attach(distribution_on(wire), REPOSITORY, Subject.of(image), (SBOM,))


def test_a_page_for_people_is_no_list() -> None:
    wire = FakeWire()
    image = subject_on(wire)
    page = httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<p>")
    wire.refused["GET", f"/v2/{REPOSITORY}/referrers/{image.digest}"] = page
    (found,) = attach(distribution_on(wire), REPOSITORY, Subject.of(image), (SBOM,))
    assert found.where is Where.TAG


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def refusing(*statuses: tuple[str, str, int]) -> FakeWire:
    """A registry that takes no referrers: its reason names the status."""
    wire = FakeWire()
    for method, path, status in statuses:
        said = {"errors": [{"code": "MANIFEST_INVALID", "message": "no such thing here"}]}
        wire.refused[method, f"/v2/{REPOSITORY}/{path}"] = httpx.Response(status, json=said)
    return wire


def test_what_the_registry_does_not_take_is_kept_beside(places: Places) -> None:
    probe = FakeWire()
    image = subject_on(probe)
    made = referrer(Subject.of(image), SBOM)
    wire = refusing(("PUT", f"manifests/{made.digest}", 400))
    subject_on(wire)
    with pytest.raises(RefusedError):
        attach(distribution_on(wire), REPOSITORY, Subject.of(image), (SBOM,))
    keep(places, image.digest, STATED, untold)
    found = attest_image(distribution_on(wire), places, REPOSITORY, image, documents=(SBOM,))
    assert [(one.kind, one.where) for one in found] == [
        (Kind.SBOM, Where.BESIDE),
        (Kind.PROVENANCE, Where.BESIDE),
    ]
    assert all("no such thing here" in one.reason for one in found)
    assert Path(found[0].place).read_bytes() == SBOM.data
    assert found[0].digest == digest_of(SBOM.data)
    assert Path(found[0].place).parent == Path(found[1].place).parent
    written = Path(found[0].place).stat().st_mtime_ns
    attest_image(distribution_on(wire), places, REPOSITORY, image, documents=(SBOM,))
    assert Path(found[0].place).stat().st_mtime_ns == written


def test_the_provenance_comes_along_where_it_was_kept(places: Places) -> None:
    wire = ListingWire()
    image, one = subject_on(wire), distribution_on(wire)
    assert attest_image(one, places, REPOSITORY, image) == ()
    keep(places, "sha256:config", STATED, untold)
    found = attest_image(one, places, REPOSITORY, image, image="sha256:config", documents=(SBOM,))
    assert [each.kind for each in found] == [Kind.SBOM, Kind.PROVENANCE]
    content = json.loads(wire.manifests[REPOSITORY, found[1].digest][1])
    statement = json.loads(wire.blobs[REPOSITORY, content["layers"][0]["digest"]])
    assert f"sha256:{statement['subject'][0]['digest']['sha256']}" == image.digest


def test_more_than_a_page_of_referrers_is_read() -> None:
    wire = ListingWire()
    image, one = subject_on(wire), distribution_on(wire)
    documents = [Document(kind=Kind.SBOM, media_type=SPDX, data=b"%d" % number) for number in range(5)]
    found = attach(one, REPOSITORY, Subject.of(image), documents)
    before = sent(wire)
    assert attach(one, REPOSITORY, Subject.of(image), documents) == found
    assert sent(wire) == before


@settings(max_examples=40, deadline=None)
@given(st.integers(), st.sampled_from([FakeWire, ListingWire]))
def test_it_gets_through_30_percent_of_failures(seed: int, kind: type[FakeWire]) -> None:
    wire = kind(rate=0.3, seed=seed)
    image, one = subject_on(wire), distribution_on(wire)
    found = attach(one, REPOSITORY, Subject.of(image), (SBOM, STATEMENT))
    wire.rate = 0
    wire.puts.clear()
    assert attach(one, REPOSITORY, Subject.of(image), (SBOM, STATEMENT)) == found
    assert wire.puts == []


def test_the_name_of_the_tag() -> None:
    assert tag_of("sha256:" + "a" * 64) == "sha256-" + "a" * 64
    assert tag_of("sha512:" + "b" * 128) == "sha512-" + "b" * 64
