"""Which tags are declared nowhere, and how findings are put into words."""

from __future__ import annotations

import itertools
from pathlib import Path

import httpx
import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.publish.model import Held
from orchestrator.publish.names import Names
from orchestrator.publish.wanted import references
from orchestrator.reconcile.model import Compared, Declared, Expected, Finding, Kind
from orchestrator.reconcile.tags import undeclared
from orchestrator.reconcile.words import Words
from orchestrator.registry.removing import remove_tag
from orchestrator.report.findings import compared_lines, describe_compared
from orchestrator.system.places import Places
from tests.unit.publish.fakes import registries_on
from tests.unit.reconcile.world import World
from tests.unit.registry.wire import ADDRESS, FakeWire

NAMES = Names(registry=ADDRESS, namespace="library", repository="python")
REPOSITORY = f"{ADDRESS}/amd64/python"
HEX = "ab" * 32


@pytest.fixture
def expected(matrix: Matrix) -> tuple[Expected, ...]:
    found = []
    for image in matrix.images:
        cells = tuple(cell for cell in matrix.cells if cell.image.id == image.id)
        declared = tuple(Declared(reference=a, cell=b, release=c) for a, b, c in references(NAMES, image, cells))
        found.append(Expected(image=image, cells=cells, declared=declared, candidate=Held(reason="")))
    return tuple(found)


@pytest.mark.parametrize(
    ("tag", "extra", "former"),
    [
        ("3.7.2-stretch", 0, 0),
        ("latest", 0, 0),
        ("3.7.1-stretch", 0, 1),
        ("3.7.1", 0, 1),
        ("3.3.7-wheezy", 0, 1),
        ("3.8.0a1-stretch", 0, 1),
        ("3.7.2-jessie", 1, 0),
        ("3.7-jessie", 1, 0),
        ("3.3-stretch", 1, 0),
        ("3.7.2-strech", 1, 0),
        ("3.7.22.1-stretch", 1, 0),
        (f"sha256-{HEX}", 0, 0),
        (f"sha256-{HEX}.sig", 0, 0),
        (f"sha256-{HEX}.att", 0, 0),
        (f"sha256-{HEX}.sbom", 0, 0),
        (f"sha256-{HEX}.other", 1, 0),
        (f"sha256-{HEX[:-1]}.sig", 1, 0),
    ],
)
def test_what_the_matrix_does_not_declare(expected: tuple[Expected, ...], tag: str, extra: int, former: int) -> None:
    found, number = undeclared(expected, {REPOSITORY: (tag,)}, Words(where=" --registry x"))
    assert (len(found), number) == (extra, former)
    for one in found:
        assert (one.reference, one.image) == (f"{REPOSITORY}:{tag}", "")
        assert one.mend == "orchestrator reconcile --fix --remove-extra --registry x"


def test_a_declared_tag_of_another_repository_is_no_excuse(expected: tuple[Expected, ...]) -> None:
    found, _ = undeclared(expected, {f"{ADDRESS}/s390x/python": ("latest",)}, Words())
    assert [one.reference for one in found] == [f"{ADDRESS}/s390x/python:latest"]


def finding(kind: Kind = Kind.MISSING, **more: str | None) -> Finding:
    values: dict[str, str | None] = {
        "image": "3.7-stretch", "cell": "3.7-stretch-amd64", "reference": f"{REPOSITORY}:3.7", "reason": "it is gone",
        "mend": "type this", "expected": "sha256:" + "1" * 64,
    }  # fmt: skip
    return Finding(kind=kind, **{**values, **more})  # type: ignore[arg-type]


def test_tags_of_which_the_same_is_to_be_said_share_a_line() -> None:
    compared = Compared(
        findings=(
            *(finding(reference=f"{REPOSITORY}:{tag}") for tag in ("3.7", "3", "latest")),
            finding(Kind.DRIFTED, seen="sha256:" + "2" * 64, cell=""),
            finding(Kind.EXTRA, image="", cell="", reference="a:1", expected=None),
            finding(Kind.EXTRA, image="", cell="", reference="a:2", expected=None),
        ),
        checked=12,
        requests=1,
        former=1,
        notes=("a base is not known",),
    )
    assert compared_lines(compared) == [
        "3.7-stretch",
        f"  missing  {REPOSITORY}:3.7 and 2 tags more: it is gone (expected: sha256:111111111111); mend: type this",
        f"  drifted  {REPOSITORY}:3.7: it is gone (there: sha256:222222222222, expected: sha256:111111111111); mend: type this",
        "declared nowhere",
        "  extra  a:1: it is gone; mend: type this",
        "  extra  a:2: it is gone; mend: type this",
        "a base is not known",
        "12 references looked at in 1 request: 6 findings (3 missing, 1 drifted, 2 extra); 1 tag of former releases",
    ]


def test_the_last_line_says_what_was_mended() -> None:
    nothing = Compared(findings=(), checked=1, requests=2)
    assert compared_lines(nothing) == ["1 reference looked at in 2 requests: all is as it should be"]
    mended = Compared(findings=(), checked=1, requests=2, fixed=(finding(),))
    assert compared_lines(mended)[-1].endswith(": 1 finding mended, all is as it should be")
    some = Compared(findings=(finding(),), checked=1, requests=2, fixed=(finding(), finding()))
    assert compared_lines(some)[-1].endswith(": 2 findings mended, left: 1 finding (1 missing)")


def test_the_document() -> None:
    document = describe_compared(
        Compared(findings=(finding(),), checked=3, requests=4, fixed=(finding(Kind.PARTIAL, cell=""),))
    )
    assert document["findings"] == [
        {
            "kind": "missing", "image": "3.7-stretch", "cell": "3.7-stretch-amd64", "reference": f"{REPOSITORY}:3.7",
            "expected": "sha256:" + "1" * 64, "seen": None, "reason": "it is gone", "mend": "type this",
        }
    ]  # fmt: skip
    assert (document["checked"], document["requests"], document["former"], document["notes"]) == (3, 4, 0, [])
    assert document["fixed"][0]["kind"] == "partial index"
    assert "cell" not in document["fixed"][0]


class ByDigest(FakeWire):
    """Removes manifests with all of their tags, and no tag alone: docker-registry 2.8."""

    def _manifest(self, request: httpx.Request, body: bytes) -> httpx.Response:
        repository, _, name = request.url.path.removeprefix("/v2/").partition("/manifests/")
        if request.method == "DELETE" and ":" not in name:
            return httpx.Response(400, json={"errors": [{"code": "DIGEST_INVALID", "message": "no"}]})
        if request.method == "DELETE":
            for tag, digest in self.tags(repository).items():
                if digest == name:
                    del self.manifests[repository, tag]
        return super()._manifest(request, body)


@pytest.mark.parametrize(("wire", "gone"), [(FakeWire(), True), (ByDigest(), True), (FakeWire(removes=False), False)])
def test_one_tag_is_taken_away_and_no_other(wire: FakeWire, gone: bool, tmp_path: Path, matrix: Matrix) -> None:  # noqa: FBT001 - a parameter of a test
    with registries_on(wire) as registries:
        world = World(
            matrix=matrix, places=Places(cache=tmp_path, state=tmp_path), address=ADDRESS, registries=registries
        )
        manifest = world.push("amd64/python")
        for tag in ("typo", "3.7"):
            world.tag(f"{REPOSITORY}:{tag}", manifest)
        assert remove_tag(registries.at(ADDRESS), "amd64/python", "typo") is gone
    left = {"3.7": manifest.digest} | ({} if gone else {"typo": manifest.digest})
    assert wire.tags("amd64/python") == left
    assert ("amd64/python", manifest.digest) in wire.manifests


def test_commands_go_where_the_comparison_went() -> None:
    words = Words(where=" --registry r", matrix=" --matrix m")
    said = [
        words.fix("i"), words.publish("i", rebuild=True, sign=True), words.build("i"), words.roll_back(4), words.remove_extra,
    ]  # fmt: skip
    assert all(one.endswith(" --registry r --matrix m") for one in said)
    assert words.build("i").startswith("orchestrator build i --matrix m, then orchestrator publish i ")
    assert len(set(itertools.chain(said))) == 5
