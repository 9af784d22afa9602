"""`orchestrator nightly` on the real engine and a real registry: what changed is built and published, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import xmlschema

from orchestrator.engine.model import Engine
from orchestrator.ledger.records import State
from orchestrator.system.places import Places
from tests.integration.command_line import ROOT, Called
from tests.integration.flaky import flaky
from tests.integration.nights import Nights, new_namespace, release_site
from tests.integration.own_registry import own_registry
from tests.integration.second_engine import second_engine
from tests.integration.small_command import NAME, Small, by_cell

BOTH = ("amd64", "arm64v8")
TWO = ("slim-bullseye", "bullseye")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_registry(tmp_path_factory.mktemp("registry")) as own:
        yield own.address


@pytest.fixture
def nights(registry: str, client: docker.DockerClient, tmp_path: Path) -> Iterator[Nights]:
    # Nobody asks for names of registries on the way to the loopback address.
    small = Small.at(tmp_path, {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    with flaky(registry, seed=0, rate=0.0) as proxy:
        made = Nights(small=small, registry=registry, proxy=proxy, namespace=new_namespace())
        made.bases()
        yield made
    forget(client, made.namespace)


def forget(client: docker.DockerClient, namespace: str) -> int:
    """Remove the images of one test from the engine, and nobody else's; returns how many names they had."""
    names = [tag for image in client.api.images() for tag in image["RepoTags"] or () if f"{NAME}-{namespace}" in tag]
    for name in names:
        client.images.remove(name, force=True)
    return len(names)


def night(nights: Nights, *words: str, timeout: float = 200) -> Called:
    """A night without pruning: the engine is everybody's."""
    return nights.small("nightly", "--json", "--no-prune", *words, timeout=timeout)


def built(called: Called) -> dict[str, str]:
    """The cells that were worked on in a night, and why."""
    return {name: one["reason"] for name, one in by_cell(called).items() if one["action"] != "nothing"}


def repositories(called: Called) -> Counter[str]:
    """How many references of each owner a night published."""
    return Counter(one["reference"].split("/")[1] for one in called.document["published"])


def test_a_moved_base_is_the_only_thing_that_makes_a_quiet_night_work(
    nights: Nights, client: docker.DockerClient
) -> None:
    cells = nights.matrix("3.1", "3.0", archs=BOTH, variants=TWO)
    first = night(nights)
    assert first.code == 0, first.err
    assert set(built(first)) == set(cells)
    before = nights.tags()
    # No release has an alias here: RELEASE-VARIANT and LINE-VARIANT, and without the suite's name, which is the default one.
    assert set(repositories(first)) == {*BOTH, nights.namespace}
    assert {one["reference"].partition("/")[2]: one["digest"] for one in first.document["published"]} == before
    attempts = nights.small.attempts()
    assert Counter(one.cell for one in attempts) == Counter(cells)
    assert {one.state for one in attempts} == {State.PROVEN}

    # Nothing is to be done: one question for each tag, and that is all.
    nights.requests()
    second = night(nights)
    assert (second.code, built(second), second.document["published"]) == (0, {}, [])
    assert second.document["unchanged"] == len(before)
    asked = nights.requests()
    assert sorted(asked) == sorted(("HEAD", f"/v2/{name.replace(':', '/manifests/')}") for name in before)
    assert nights.small.attempts() == attempts

    # As on another machine that has the ledger: the images are only in the registry.
    assert forget(client, nights.namespace) >= len(cells)
    third = night(nights)
    assert (third.code, built(third), third.document["published"]) == (0, {}, [])
    assert {method for method, _ in nights.requests()} == {"HEAD"}
    assert nights.small.attempts() == attempts

    # One architecture of one of the two bases moves.
    nights.bases("second", moved=("amd64",))
    fourth = night(nights)
    assert fourth.code == 0, fourth.err
    assert set(built(fourth)) == {"3.1-slim-bullseye-amd64", "3.0-slim-bullseye-amd64"}
    for reason in built(fourth).values():
        assert re.fullmatch("the base moved from [0-9a-f]{12} to [0-9a-f]{12}", reason)
    after = nights.tags()
    assert after.keys() == before.keys()
    changed = {name for name in after if after[name] != before[name]}
    slim = {name for name in before if "slim" in name and not name.startswith("arm64v8/")}
    assert changed == slim
    assert any(":3.1.1-slim-bullseye" in name for name in changed)  # the tags of the release are led there, too
    assert len(nights.small.attempts()) == len(attempts) + 2
    assert (night(nights).code, nights.tags()) == (0, after)


def test_a_release_is_only_led_to_another_build_where_that_is_wanted(nights: Nights) -> None:
    cells = nights.matrix("3.1")
    assert night(nights).code == 0
    first = nights.tags()

    # A base that moved: the setting decides.
    nights.config(rebuilds="never")
    nights.bases("second")
    held = night(nights)
    assert (held.code, set(built(held)), held.document["published"]) == (1, set(cells), [])
    assert (
        "(base changed): a tag of a full release does not move by itself"
        in held.document["held_back"]["3.1-slim-bullseye"]
    )
    assert nights.tags() == first
    again = night(nights)  # and an hour later it is still said, though nothing is built
    assert (again.code, built(again)) == (1, {})
    nights.config()
    published = night(nights)
    assert (published.code, built(published)) == (0, {})
    second = nights.tags()
    assert second.keys() == first.keys()
    assert not set(second.values()) & set(first.values())

    # Another recipe for the same release is not something that a night decides by itself.
    nights.matrix("3.1", more=" && echo other >> /other")
    held = night(nights)
    assert (held.code, set(built(held)), held.document["published"]) == (1, set(cells), [])
    assert "(dockerfile changed)" in held.document["held_back"]["3.1-slim-bullseye"]
    assert nights.tags() == second
    allowed = night(nights, "--allow-rebuild")
    assert (allowed.code, built(allowed)) == (0, {})
    assert not set(nights.tags().values()) & set(second.values())
    assert len(nights.small.attempts()) == 3


def test_images_that_are_only_in_the_registry_are_pulled_to_be_proven_again(
    nights: Nights, client: docker.DockerClient
) -> None:
    (cell,) = nights.matrix("3.1", archs=("arm64v8",))
    assert night(nights).code == 0
    (before,) = nights.small.attempts()
    tags = nights.tags()
    forget(client, nights.namespace)
    assert night(nights).code == 0
    assert forget(client, nights.namespace) == 0

    other = dataclasses.replace(nights, small=nights.small.within({"CATALOGUE": "another"}))
    nights.requests()
    called = night(other)
    assert called.code == 0, called.err
    assert by_cell(called)[cell]["action"] == "prove"
    assert "pulling" in called.err
    (after,) = nights.small.attempts()
    assert (after.id, after.digest, after.state) == (before.id, before.digest, State.PROVEN)
    assert after.proven_by == "another" != before.proven_by
    assert {method for method, _ in nights.requests()} <= {"HEAD", "GET"}
    assert (called.document["published"], nights.tags()) == ([], tags)
    assert (night(other).code, built(night(other))) == (0, {})


def test_what_fails_holds_back_its_image_alone_and_is_tried_again(nights: Nights, tmp_path: Path) -> None:
    step = ' && case "{{ image.id }}" in 3.0*) echo broken >&2; exit 3;; 2.9*) echo lies > /small;; esac'
    nights.matrix("3.1", "3.0", "2.9", more=step)
    reports = tmp_path / "reports"
    called = nights.small("nightly", "--no-prune", "--report", str(reports))
    assert called.code == 1, called.err
    assert {name.rpartition(":")[2].split("-")[0] for name in nights.tags()} == {"3.1", "3.1.1"}
    for image in ("3.0-slim-bullseye", "2.9-slim-bullseye"):
        assert f"{image}: not published: not proven as the files say now: {image}-amd64" in called.out
    # What failed is the last that is said, with what reproduces it.
    story = called.out[called.out.index("are as they should be") :]
    assert "orchestrator build 3.0-slim-bullseye-amd64" in story
    assert "it says lies" in story

    names = {str(path.relative_to(reports)) for path in reports.rglob("*") if path.is_file()}
    assert {"junit.xml", "report.json", "index.html"} <= names
    assert any(name.endswith(".svg") for name in names)
    assert any(name.endswith(".md") for name in names)
    schema = xmlschema.XMLSchema(ROOT / "tests" / "data" / "junit.xsd")
    schema.validate(str(reports / "junit.xml"))
    junit = (reports / "junit.xml").read_text(encoding="utf-8")
    assert "it says lies" in junit
    told = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    assert "3.0-slim-bullseye-amd64" in json.dumps(told)
    assert "it says lies" in (reports / "index.html").read_text(encoding="utf-8")

    # An hour later: what failed is tried again, the neighbour is left alone.
    again = night(nights)
    assert again.code == 1
    assert set(built(again)) == {"3.0-slim-bullseye-amd64", "2.9-slim-bullseye-amd64"}
    assert Counter(one.cell for one in nights.small.attempts()) == {
        "3.1-slim-bullseye-amd64": 1,
        "3.0-slim-bullseye-amd64": 2,
        "2.9-slim-bullseye-amd64": 2,
    }


def test_two_nights_do_not_get_into_each_others_way(nights: Nights) -> None:
    (cell,) = nights.matrix("3.1", more=" && sleep 12")
    with nights.small.started("nightly", "--no-prune") as first:
        first.wait_for(f"{cell}: ", seconds=60)
        refused = night(nights, "--no-wait")
        assert refused.code == 4
        assert "another run is at work (nightly, process" in refused.err
        with nights.small.started("nightly", "--json", "--no-prune") as second:
            second.wait_for("waiting for another run to end (nightly, process", seconds=60)
            code, seconds = first.interrupt()
            assert (code, seconds < 10) == (130, True), first.err
            assert "Traceback" not in first.err
            assert nights.tags() == {}
            ended = second.ended(seconds=120)
    assert ended.code == 0, ended.err
    assert "the last attempt was stopped" in built(ended)[cell]
    assert nights.tags()
    assert [one.state for one in nights.small.attempts()] == [State.PROVEN, State.FAILED]
    quiet = night(nights)
    assert (quiet.code, built(quiet)) == (0, {})


def test_a_registry_that_is_down_keeps_nobody_from_building(nights: Nights, client: docker.DockerClient) -> None:
    with flaky(nights.registry, seed=0, rate=0.0) as proxy:
        nights = dataclasses.replace(nights, proxy=proxy)
        cells = nights.matrix("3.1", variants=TWO)
        assert night(nights).code == 0
    before = nights.tags()
    forget(client, nights.namespace)
    nights.bases("second")
    down = night(nights, timeout=400)
    assert down.code == 5, down.err
    assert "what changed is built all the same" in down.err
    # What is published, and not in the engine, is not built again because nobody answers.
    assert set(built(down)) == {"3.1-slim-bullseye-amd64"}
    assert down.document["published"] == []
    assert any(note.startswith("not published: ") and "mend: " in note for note in down.document["notes"])
    assert len(nights.small.attempts()) == len(cells) + 1
    assert nights.tags() == before
    with flaky(nights.registry, seed=0, rate=0.0, port=int(nights.proxy.address.rpartition(":")[2])):
        up = night(nights)
    assert (up.code, built(up)) == (0, {})
    assert {name for name, digest in nights.tags().items() if before[name] != digest} == {
        name for name in before if "slim" in name
    }
    assert len(nights.small.attempts()) == len(cells) + 1


def test_new_releases_are_told_and_nobody_waits_for_their_site(nights: Nights) -> None:
    def told(called: Called) -> dict[str, str]:
        return {one["line"]: one["release"] for one in called.document["releases"]}

    with release_site() as site:
        site.has({"3.0.1": True, "3.0.2": False, "3.1.2": True, "3.1.10": True, "3.1.11": False, "3.2.9": True})
        nights.matrix("3.1", "3.0", site=site.address)
        first = night(nights)
        assert (first.code, told(first)) == (0, {"3.1": "3.1.10"})
        # The listing once, and whether a tarball lies in what looks newer: 3.1.11 and 3.0.2 are not out yet.
        assert site.asked[0] == "GET /ftp/"
        assert set(site.asked[1:]) == {f"HEAD /ftp/{one}/Python-{one}.tar.xz" for one in ("3.1.11", "3.1.10", "3.0.2")}

        # For six hours that is good enough, for people as well.
        asked = len(site.asked)
        quiet = nights.small("nightly", "--no-prune")
        assert "3.1: 3.1.10 is out (3.1.1 here): orchestrator bump 3.1" in quiet.out
        assert len(site.asked) == asked

        cache = Places.from_environment(nights.small.environment).cache / "releases.json"
        for listing, pause, why in ((b"\x1f\x8b<a href=", 0.0, ""), (site.listing, 30.0, "has not answered yet")):
            cache.unlink()
            site.listing, site.pause = listing, pause
            slow = night(nights)
            assert (slow.code, built(slow), told(slow)) == (0, {}, {})
            assert slow.seconds < quiet.seconds + 1.5, f"{slow.seconds} s, and {quiet.seconds} s with a quick site"
            assert any(why in note for note in slow.document["notes"]) if why else slow.document["notes"] == []
    cache.unlink(missing_ok=True)
    gone = night(nights)
    assert (gone.code, built(gone), told(gone)) == (0, {}, {})
    assert any("the release site cannot be asked" in note for note in gone.document["notes"])


def test_a_night_that_built_removes_what_is_old_and_not_published(
    engine: Engine, nights: Nights, tmp_path: Path
) -> None:
    """On an engine of its own: what is old by these settings may be somebody's on the other one."""
    with second_engine(engine, name="night") as second, second.client() as client:
        small = nights.small.within({**second.environment, "DOCKER_HOST": second.host})
        nights = dataclasses.replace(nights, small=small)
        keep = {"images": 1, "logs": 1, "days": 0}

        def staged() -> list[str]:
            names = [tag for image in client.api.images() for tag in image["RepoTags"] or ()]
            return sorted(name for name in names if name.startswith("orchestrator.local/"))

        (cell,) = nights.matrix("3.1")
        nights.config(keep=keep)
        assert small("nightly", "--json").code == 0
        (published,) = staged()
        newest = published
        for number in range(3):  # another recipe of the same release: built, proven, and held back
            nights.matrix("3.1", more=f" && echo {number} > /other")
            nights.config(keep=keep)
            called = small("nightly", "--json")
            assert (called.code, set(built(called))) == (1, {cell}), called.err
            assert published in staged()
            assert len(staged()) == 2  # the newest of its cell, and the published one
            assert newest == published or newest not in staged()
            (newest,) = set(staged()) - {published}
        assert called.document["freed"] > 0
        logs = sorted((tmp_path / "state" / "orchestrator" / "logs").glob(f"{cell}-*.log"))
        assert len(logs) == 1
        # A night in which nothing was built looks for nothing to remove.
        before = staged()
        nights.config(keep=keep, rebuilds="always")
        assert (small("nightly", "--json").code, staged()) == (0, before)
