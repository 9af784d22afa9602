"""Comparing Debian's real registry with what should be there: every kind of finding provoked, and mended where that is meant."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from orchestrator.attest.attach import tag_of
from orchestrator.bases.heads import base_heads, memory_of
from orchestrator.bases.model import Wanted
from orchestrator.config.settings import BasePolicy, Rebuilds, Settings
from orchestrator.errors import ExitCode, UnreachableError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.journal import Journal
from orchestrator.matrix.load import load_matrix
from orchestrator.reconcile.expecting import place_of
from orchestrator.reconcile.model import Kind
from orchestrator.reconcile.reconcile import Fix
from orchestrator.registry.local import local_registry
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import ROOT, CommandLine
from tests.unit.reconcile.world import REFUSED, World, kinds

IMAGE, OTHER = "3.9-slim-bullseye", "2.7-slim-bullseye"
AMD, ARM = f"{IMAGE}-amd64", f"{IMAGE}-arm64v8"
TAGS = 8
ALL = 3 * (8 + 8 + 6 + 6)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry with a storage of its own; the program is the user's, where it was fetched before."""
    home = tmp_path_factory.mktemp("registry")
    fetched = Places.from_environment().cache / "registry" / "tree"
    if fetched.is_dir():
        (home / "orchestrator" / "registry").mkdir(parents=True)
        (home / "orchestrator" / "registry" / "tree").symlink_to(fetched)
    with local_registry(Places(cache=home / "orchestrator", state=home / "state"), Silent()) as found:
        yield found


@pytest.fixture
def world(address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """Repositories of this test alone."""
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    places = Places(cache=tmp_path / "cache" / "orchestrator", state=tmp_path / "state" / "orchestrator")
    with Registries(environment=os.environ) as registries:
        name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-60:].strip("-")
        yield World(matrix=matrix, places=places, address=address, registries=registries, repository=name)


def of(world: World, cell: str, tag: str) -> str:
    return world.names.of_cell(next(one for one in world.matrix.cells if one.id == cell), tag)


def delete(world: World, reference: str, digest: str) -> None:
    """Take a manifest away, and all tags of its repository that lead there."""
    repository = reference.partition("/")[2].rpartition(":")[0]
    url = f"http://{world.address}/v2/{repository}/manifests/{digest}"
    assert httpx.delete(url, trust_env=False).status_code == httpx.codes.ACCEPTED


def test_what_was_published_is_found_as_it_should_be_with_a_request_for_each_tag(world: World) -> None:
    world.all_published()
    found = world.reconcile()
    assert (found.findings, found.code, found.checked) == ((), ExitCode.DONE, ALL)
    # A look at each member of the indexes, and a list of tags for each repository, come on top.
    assert found.requests == ALL + len(world.matrix.cells) + 3
    assert found.notes
    assert "it is not on this machine" in found.notes[0]


def test_nothing_published_is_all_missing_and_published_by_fix_once_it_is_proven(world: World) -> None:
    found = world.reconcile(IMAGE)
    assert {one.kind for one in found.findings} == {Kind.MISSING}
    assert (len(found.findings), found.code) == (3 * TAGS, ExitCode.CELLS_FAILED)
    assert "never published: not proven" in found.findings[0].reason
    assert "orchestrator build" in found.findings[0].mend
    assert not world.places.ledger.exists(), "without --fix nothing is written"
    for cell in world.cells(IMAGE):
        world.prove(cell)
    fixed = world.reconcile(IMAGE, fix=Fix())
    assert (fixed.findings, len(fixed.fixed), fixed.code) == ((), 3 * TAGS, ExitCode.DONE)
    with world.ledger() as ledger:
        (run, *_) = Chronicle(ledger).runs()
        assert (run.command, run.exit_code) == ("reconcile", 0)
        assert len(Chronicle(ledger).publications(run.number)) == 3 * TAGS


def test_tags_that_are_gone_come_back_from_what_the_registry_still_has(world: World) -> None:
    world.all_published(IMAGE, OTHER)
    own = of(world, AMD, "slim")
    digest = world.head(own)
    assert digest is not None
    delete(world, own, digest)
    found = world.reconcile(IMAGE)
    assert kinds(found.findings) == {
        Kind.MISSING: [f"amd64/{world.repository}:{one}" for one in world.image(IMAGE).tags]
    }
    assert {one.expected for one in found.findings} == {digest}
    # The repository of the indexes has it still: no engine is asked.
    assert world.reconcile(IMAGE, fix=Fix()).findings == ()
    assert world.head(own) == digest


def test_tags_that_were_led_elsewhere_are_led_back(world: World) -> None:
    world.all_published(IMAGE)
    before = {name: world.head(name) for name in (of(world, ARM, "slim"), world.names.of_index("slim"))}
    strange = world.push(f"arm64v8/{world.repository}", "arm64", "v8")
    world.tag(of(world, ARM, "slim"), strange)
    world.tag(of(world, ARM, "3.9.2-slim"), strange)
    joint = world.push(f"library/{world.repository}", "arm64", "v8")
    world.push_index(world.names.of_index("slim"), [(joint, "linux/arm64/v8")])
    found = world.reconcile(IMAGE)
    told = kinds(found.findings)
    assert told[Kind.DRIFTED] == [
        f"arm64v8/{world.repository}:3.9.2-slim", f"arm64v8/{world.repository}:slim", f"library/{world.repository}:slim",
    ]  # fmt: skip
    assert told[Kind.PARTIAL] == [f"library/{world.repository}:slim"]
    assert set(told) == {Kind.DRIFTED, Kind.PARTIAL}
    drifted = next(one for one in found.findings if one.kind is Kind.DRIFTED)
    assert (drifted.expected, drifted.seen, drifted.cell) == (before[of(world, ARM, "slim")], strange.digest, ARM)
    fixed = world.reconcile(IMAGE, fix=Fix())
    assert (fixed.findings, len(fixed.fixed)) == ((), 4)
    assert {name: world.head(name) for name in before} == before


def test_tags_are_led_back_even_when_the_recipe_has_changed_since(world: World) -> None:
    """What is proven belongs to another Dockerfile: it is not published anew, but what was published counts."""
    world.all_published(IMAGE)
    with world.ledger() as ledger, ledger.connection as connection:
        connection.execute('UPDATE attempts SET ingredients = \'{"dockerfile": "another"}\'')
    index = world.names.of_index("3.9-slim")
    before = world.head(index)
    world.tag(index, world.push(f"library/{world.repository}"))
    found = world.reconcile(IMAGE)
    assert Kind.DRIFTED in kinds(found.findings)
    fixed = world.reconcile(IMAGE, fix=Fix())
    assert fixed.findings == ()
    assert world.head(index) == before


def test_a_newer_proven_build_is_not_put_under_a_release_by_fix_alone(world: World) -> None:
    world.all_published(IMAGE)
    newer = world.prove(world.cells(IMAGE)[0])
    with world.ledger() as ledger, ledger.connection as connection:
        connection.execute(
            "UPDATE attempts SET ingredients = json_set(ingredients, '$.source', 'another') WHERE digest = ?",
            (newer.digest,),
        )
    found = world.reconcile(IMAGE)
    # Its own tags and all indexes; the other architecture is as it was.
    assert set(kinds(found.findings)) == {Kind.DRIFTED}
    assert len(found.findings) == 2 * TAGS
    assert {one.expected for one in found.findings if one.cell} == {newer.digest}
    assert "--allow-rebuild" in found.findings[0].mend
    held = world.reconcile(IMAGE, fix=Fix())
    assert (len(held.findings), held.fixed) == (2 * TAGS, ())
    assert world.reconcile(IMAGE, fix=Fix(rebuilds=Rebuilds.ALWAYS)).findings == ()
    assert world.head(of(world, AMD, "3.9.2-slim")) == newer.digest


def test_a_build_on_a_newer_base_is_published_by_fix(world: World) -> None:
    world.all_published(IMAGE)
    newer = world.prove(world.cells(IMAGE)[0], base="sha256:" + "c" * 64)
    assert len(world.reconcile(IMAGE).findings) == 2 * TAGS
    assert world.reconcile(IMAGE, fix=Fix()).findings == ()
    assert world.head(of(world, AMD, "3.9.2-slim")) == newer.digest


def test_an_index_whose_member_is_gone_is_whole_again(world: World) -> None:
    world.all_published(IMAGE)
    one = world.published(IMAGE)
    delete(world, world.names.of_index("slim"), one.members[1].digest)
    found = world.reconcile(IMAGE)
    assert {(one.kind, one.cell, one.seen) for one in found.findings} == {(Kind.PARTIAL, ARM, None)}
    assert (len(found.findings), found.findings[0].expected) == (TAGS, one.members[1].digest)
    assert "is gone from the registry" in found.findings[0].reason
    assert world.reconcile(IMAGE, fix=Fix()).findings == ()
    assert world.head(f"{world.names.of_index('x').removesuffix(':x')}@{one.members[1].digest}") is not None


def test_an_index_of_other_images_is_told_where_no_journal_knows_better(world: World) -> None:
    cells = world.cells(IMAGE)
    manifests = {cell.id: world.prove(cell) for cell in cells}
    strange = world.push(f"library/{world.repository}")
    for cell in cells:
        for tag in cell.image.tags:
            world.tag(world.names.of_cell(cell, tag), manifests[cell.id])
    for tag in cells[0].image.tags:
        world.push_index(world.names.of_index(tag), [(strange, "linux/amd64")])
    found = world.reconcile(IMAGE)
    assert {(one.kind, one.cell) for one in found.findings} == {(Kind.PARTIAL, AMD), (Kind.PARTIAL, ARM)}
    by_cell = {one.cell: one for one in found.findings}
    assert (by_cell[AMD].seen, by_cell[AMD].expected) == (strange.digest, manifests[AMD].digest)
    assert by_cell[ARM].reason == "it has nothing for linux/arm64/v8"


def test_best_effort_architectures_may_be_missing(world: World) -> None:
    world.matrix = dataclasses.replace(world.matrix, best_effort={"arm64v8": "slow"})
    world.prove(world.cells(IMAGE)[0])
    world.publish(IMAGE)
    assert world.reconcile(IMAGE).findings == ()
    world.prove(world.cells(IMAGE)[1])
    found = world.reconcile(IMAGE)
    assert {one.kind for one in found.findings} == {Kind.MISSING, Kind.DRIFTED, Kind.PARTIAL}


def test_a_refused_image_is_told_and_left_alone(world: World) -> None:
    cells = world.cells(IMAGE)
    manifests = [world.prove(cell, key="same") for cell in cells]
    world.publish(IMAGE)
    with world.ledger() as ledger:
        run = ledger.start_run("test")
        ledger.examined(
            run, cell=AMD, reference="x", digest=manifests[0].digest, execution="native", seconds=1.0, proofs=[REFUSED]
        )
    world.fail(cells[1], key="same")
    found = world.reconcile(IMAGE)
    assert [(one.kind, one.cell, one.seen) for one in found.findings] == [
        (Kind.UNPROVEN, AMD, manifests[0].digest), (Kind.UNPROVEN, ARM, manifests[1].digest),
    ]  # fmt: skip
    assert "refused: security/passwords: root has one" in found.findings[0].reason
    assert "a later attempt at just this failed: proof failed" in found.findings[1].reason
    assert "--rollback" in found.findings[0].mend
    assert world.reconcile(IMAGE, fix=Fix()).findings == found.findings


def test_what_nobody_here_has_proven_is_told(world: World) -> None:
    for cell in world.cells(IMAGE):
        manifest = world.push(f"{cell.architecture.name}/{world.repository}")
        for tag in cell.image.tags:
            world.tag(world.names.of_cell(cell, tag), manifest)
    found = world.reconcile(IMAGE)
    assert {one.kind for one in found.findings} == {Kind.UNPROVEN, Kind.MISSING}
    assert [one.cell for one in found.findings if one.kind is Kind.UNPROVEN] == [AMD, ARM]


def test_a_base_that_moved_is_told_with_one_question_for_it(world: World) -> None:
    pushed = [
        world.push(f"{world.repository}/debian", "amd64"), world.push(f"{world.repository}/debian", "arm64", "v8"),
    ]  # fmt: skip
    base = f"{world.address}/{world.repository}/debian:bullseye-slim"
    world.push_index(base, [(pushed[0], "linux/amd64"), (pushed[1], "linux/arm64/v8")])
    world.settings = Settings(bases=BasePolicy.REGISTRY, base_registry=f"{world.address}/{world.repository}")
    for cell, one in zip(world.cells(IMAGE), pushed, strict=True):
        world.prove(cell, base=one.digest)
    world.publish(IMAGE)
    found = world.reconcile(IMAGE)
    assert (found.findings, found.notes) == ((), ())
    moved = world.push(f"{world.repository}/debian", "arm64", "v8")
    world.push_index(base, [(pushed[0], "linux/amd64"), (moved, "linux/arm64/v8")])
    (stale,) = world.reconcile(IMAGE).findings
    assert (stale.kind, stale.cell, stale.expected, stale.seen) == (
        Kind.STALE, ARM, moved.digest, pushed[1].digest,
    )  # fmt: skip
    again = world.reconcile(IMAGE)
    assert again.requests == found.requests - 1, "the index is remembered"


def test_heads_of_bases_choose_as_buildx_does(world: World) -> None:
    pushed = [world.push(f"{world.repository}/debian", "arm"), world.push(f"{world.repository}/debian", "arm")]
    base = f"{world.address}/{world.repository}/debian:bullseye-slim"
    world.push_index(base, [(pushed[0], "linux/arm/v5"), (pushed[1], "linux/arm64")])
    world.tag(f"{world.address}/{world.repository}/debian:single", pushed[0])
    wanted = [
        Wanted(reference=reference, suite=cell.image.variant.suite, architecture=cell.architecture)
        for reference in ("debian:bullseye-slim", "debian:single", "debian:none")
        for cell in world.cells(IMAGE)
    ]
    found = base_heads(world.registries, wanted, f"{world.address}/{world.repository}", memory=memory_of(world.places))
    assert found.digests == {
        ("debian:bullseye-slim", "arm64v8"): pushed[1].digest,
        ("debian:single", "amd64"): pushed[0].digest,
        ("debian:single", "arm64v8"): pushed[0].digest,
    }
    assert "exists, but not for linux/amd64" in found.unknown["debian:bullseye-slim", "amd64"]
    assert f"is not in {world.address}" in found.unknown["debian:none", "amd64"]


def test_a_set_that_was_begun_is_told_and_finished(world: World) -> None:
    world.all_published(IMAGE)
    with world.ledger() as ledger, ledger.connection as connection:
        connection.execute("UPDATE sets SET state = 'begun'")
    world.tag(world.names.of_index("slim"), world.manifest(world.names.of_index("3.9-slim")))
    (told,) = world.reconcile(IMAGE).findings
    assert (told.kind, told.seen) == (Kind.UNFINISHED, told.expected)
    fixed = world.reconcile(IMAGE, fix=Fix())
    assert (fixed.findings, [one.kind for one in fixed.fixed]) == ((), [Kind.UNFINISHED])
    with world.ledger() as ledger:
        assert Journal(ledger).unfinished(place_of(world.names)) == ()


def test_undeclared_tags_are_told_and_former_releases_are_counted(world: World) -> None:
    world.all_published()
    manifest = world.manifest(of(world, AMD, "slim"))
    repository = f"{world.address}/amd64/{world.repository}"
    for tag in ("3.9.1-slim", "3.8.0rc1-slim", tag_of(manifest.digest), f"{tag_of(manifest.digest)}.sig", "3.9-silm"):
        world.tag(f"{repository}:{tag}", manifest)
    found = world.reconcile()
    assert kinds(found.findings) == {Kind.EXTRA: [f"amd64/{world.repository}:3.9-silm"]}
    assert (found.former, found.findings[0].image) == (2, "")
    assert world.reconcile(IMAGE).findings == (), "of some images alone it is not known what is extra"
    assert len(world.reconcile(fix=Fix()).findings) == 1, "nothing is removed unless that is asked for"
    left = world.reconcile(fix=Fix(remove_extra=True))
    assert (left.findings, [one.kind for one in left.fixed], left.former) == ((), [Kind.EXTRA], 2)
    assert world.head(f"{repository}:3.9-silm") is None
    assert world.head(f"{repository}:3.9.1-slim") == manifest.digest, "what else leads there stays"


def test_what_has_no_signature_is_told_where_signatures_are_asked_for(world: World) -> None:
    world.all_published(IMAGE)
    index = world.published(IMAGE).index
    signature = world.push(f"library/{world.repository}")
    joint = world.names.of_index("x").removesuffix(":x")
    world.tag(f"{joint}:{tag_of(index.digest)}.sig", signature)
    found = world.reconcile(IMAGE, signed=True)
    assert [(one.kind, one.cell) for one in found.findings] == [(Kind.UNSIGNED, AMD), (Kind.UNSIGNED, ARM)]
    assert "--sign" in found.findings[0].mend
    assert world.reconcile(IMAGE).findings == ()


def test_a_registry_that_is_not_there_is_said_to_be_so(world: World) -> None:
    world.address = "127.0.0.1:9"
    world.http = lambda registry: httpx.Client(transport=httpx.MockTransport(_refuse), headers={"x": registry})
    with pytest.raises(UnreachableError, match="cannot be read"):
        world.reconcile(IMAGE)


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def test_the_command_tells_people_and_machines(world: World, tmp_path: Path) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("bases: bootstrap\n")
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    orchestrator = CommandLine(environment=environment, state=tmp_path / "state")
    matrix = ROOT / "examples" / "debian" / "versions.json"
    words = ("reconcile", "--matrix", str(matrix), "--config", str(config), "--registry", world.address, IMAGE)
    world.repository = world.matrix.name
    told = orchestrator(*words)
    assert (told.code, told.err) == (1, "")
    assert told.out.splitlines()[0] == IMAGE
    assert f"{world.address}/amd64/python:3.9.2-slim-bullseye and 7 tags more: it was never published" in told.out
    assert "24 references looked at in 24 requests: 24 findings (24 missing)" in told.out
    world.all_published(IMAGE)
    index = world.names.of_index("slim")
    world.tag(index, world.push("library/python"))
    document = orchestrator(*words, "--json").document
    drifted = next(one for one in document["findings"] if one["kind"] == "drifted")
    assert drifted["reference"] == index
    assert drifted["mend"].startswith(f"orchestrator reconcile --fix {IMAGE} --registry {world.address} --matrix ")
    fixed = orchestrator(*words, "--fix", "--json")
    assert fixed.code == 0
    assert fixed.document["findings"] == []
    assert {one["kind"] for one in fixed.document["fixed"]} == {"drifted", "partial index"}
    assert json.loads(fixed.out)["checked"] == 24
    assert orchestrator(*words).code == 0
