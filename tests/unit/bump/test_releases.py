from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from orchestrator.bump.places.opening import site_of
from orchestrator.bump.releases import NewRelease, ReleaseWatch, newer
from orchestrator.matrix.model import Line, Matrix

#: As a web server lists directories; what is no release of three numbers is there as well.
PAGE = (
    '<html><h1>Index of /ftp/python/</h1><pre><a href="../">../</a>\n{}\n<a href="doc/">doc/</a> <a href="3.7/">3.7/</a>\n'
    '<a href="3.7.99.txt">3.7.99.txt</a> <a href="README">README</a></pre></html>'
)
SITE = "https://www.python.org/ftp/python"


@pytest.fixture
def lines(matrix: Matrix) -> dict[str, Line]:
    return {image.line.name: image.line for image in matrix.images}


class Site:
    """A site with directories of releases, `there` of which have a tarball; it says what it was asked."""

    def __init__(self, *there: str, candidates: tuple[str, ...] = ()) -> None:
        listed = sorted((*there, *candidates))
        self.there = there
        self.page: httpx.Response | Exception = httpx.Response(
            200, text=PAGE.format("\n".join(f'<a href="{one}/">{one}/</a>' for one in listed))
        )
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url}")
        if request.method == "GET":
            if isinstance(self.page, Exception):
                raise self.page
            return self.page
        release = request.url.path.split("/")[-2]
        return httpx.Response(200 if release in self.there else 404)


Watch = Callable[..., ReleaseWatch]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    def made(
        site: Callable[[httpx.Request], httpx.Response],
        *lines: Line,
        now: float = 1000.0,
        site_of_all: str | None = None,
    ) -> ReleaseWatch:
        return ReleaseWatch(
            lines=lines,
            memory=tmp_path / "cache" / "releases.json",
            site=site_of_all,
            http=lambda: httpx.Client(transport=httpx.MockTransport(site)),
            clock=lambda: now,
        )

    return made


def told(watch: ReleaseWatch) -> tuple[dict[str, str], str]:
    watch.start()
    found, trouble = watch.wait(5)
    return {one.line: one.release for one in found}, trouble


def test_what_is_out_is_told_with_the_command_that_takes_it(lines: dict[str, Line], watch: Watch) -> None:
    site = Site("3.7.2", "3.7.3", "3.6.7", "2.7.15", "3.8.1")
    watching = watch(site, lines["3.7"], lines["3.6"], lines["2.7"])
    watching.start()
    found, trouble = watching.wait(5)
    assert (found, trouble) == ((NewRelease(line="3.7", known="3.7.2", release="3.7.3"),), "")
    assert str(found[0]) == "3.7: 3.7.3 is out (3.7.2 here): orchestrator bump 3.7"
    # One listing for all lines, and one more question for what looks newer.
    assert site.asked == [f"GET {SITE}/", f"HEAD {SITE}/3.7.3/Python-3.7.3.tar.xz"]


def test_numbers_are_compared_as_numbers(lines: dict[str, Line], watch: Watch) -> None:
    assert told(watch(Site("3.7.9", "3.7.10"), lines["3.7"]))[0] == {"3.7": "3.7.10"}
    assert newer(lines["3.7"], ["3.7.9", "3.7.2", "3.7.1", "3.7.10", "3.70.1", "3.7.9"]) == ("3.7.10", "3.7.9")


def test_a_directory_without_a_tarball_is_a_release_that_is_not_out_yet(lines: dict[str, Line], watch: Watch) -> None:
    site = Site("3.7.3", candidates=("3.7.4", "3.7.5"))
    assert told(watch(site, lines["3.7"])) == ({"3.7": "3.7.3"}, "")
    assert told(watch(Site(candidates=("3.7.4",)), lines["3.7"], now=1e6)) == ({}, "")


def test_a_line_at_a_candidate_hears_of_its_release_and_of_later_ones(lines: dict[str, Line], watch: Watch) -> None:
    source = dataclasses.replace(lines["3.7"].source, url=f"{SITE}/3.7.3/Python-3.7.3rc1.tar.xz")
    line = dataclasses.replace(lines["3.7"], release="3.7.3rc1", source=source)
    assert site_of(line) == SITE
    assert told(watch(Site("3.7.2", "3.7.3"), line))[0] == {"3.7": "3.7.3"}
    site = Site("3.7.4")
    assert told(watch(site, line, now=1e6))[0] == {"3.7": "3.7.4"}
    assert site.asked[-1] == f"HEAD {SITE}/3.7.4/Python-3.7.4.tar.xz"


def test_an_answer_is_good_for_six_hours(lines: dict[str, Line], watch: Watch) -> None:
    assert told(watch(Site("3.7.3"), lines["3.7"]))[0] == {"3.7": "3.7.3"}
    later = Site("3.7.4")
    hours = 3600.0
    assert told(watch(later, lines["3.7"], now=1000 + 5.9 * hours))[0] == {"3.7": "3.7.3"}
    assert later.asked == []
    # Not for other lines, nor for a clock that was put back.
    assert told(watch(later, lines["3.7"], lines["3.6"], now=1001))[0] == {"3.7": "3.7.4"}
    assert told(watch(Site("3.7.5"), lines["3.7"], now=1000 + 6.1 * hours))[0] == {"3.7": "3.7.5"}
    assert told(watch(Site("3.7.6"), lines["3.7"], now=1000.0))[0] == {"3.7": "3.7.6"}


def test_a_release_that_the_matrix_has_by_now_is_not_told_from_memory(lines: dict[str, Line], watch: Watch) -> None:
    assert told(watch(Site("3.7.3"), lines["3.7"]))[0] == {"3.7": "3.7.3"}
    bumped = dataclasses.replace(lines["3.7"], release="3.7.3")
    assert told(watch(Site(), bumped, now=1001)) == ({}, "")


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"wanted": {"sites": ["SITE"], "lines": ["3.7"]}, "asked": "now", "newest": {}}',
        b'{"wanted": {"sites": ["SITE"], "lines": ["3.7"]}, "asked": 999, "newest": ["3.7.9"]}',
        b'{"wanted": {"sites": ["SITE"], "lines": ["3.7"]}, "asked": 999}',
    ],
)
def test_a_damaged_memory_is_like_none(lines: dict[str, Line], watch: Watch, kept: bytes) -> None:
    watching = watch(Site("3.7.3"), lines["3.7"])
    watching.memory.parent.mkdir()
    watching.memory.write_bytes(kept.replace(b"SITE", SITE.encode()))
    assert told(watching) == ({"3.7": "3.7.3"}, "")
    assert json.loads(watching.memory.read_bytes())["newest"] == {"3.7": "3.7.3"}


def test_what_is_remembered_is_only_told_where_it_is_a_release(lines: dict[str, Line], watch: Watch) -> None:
    watching = watch(Site("3.7.3"), lines["3.7"])
    watching.memory.parent.mkdir()
    wanted = {"sites": [SITE], "lines": ["3.7"]}
    watching.memory.write_text(json.dumps({"wanted": wanted, "asked": 999, "newest": {"3.7": "9; rm -rf /"}}))
    assert told(watching) == ({}, "")


def test_a_memory_that_cannot_be_written_takes_nothing_away(lines: dict[str, Line], watch: Watch) -> None:
    watching = watch(Site("3.7.3"), lines["3.7"])
    watching.memory.parent.write_text("a file where the directory should be")
    assert told(watching) == ({"3.7": "3.7.3"}, "")


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        (httpx.ConnectError("Name or service not known"), "Name or service not known"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
        (httpx.Response(503, text="later"), "503 Service Unavailable"),
        (httpx.Response(404), "404 Not Found"),
        (httpx.InvalidURL("no host"), "no host"),
    ],
)
def test_trouble_is_told_in_one_line_and_not_remembered(
    lines: dict[str, Line], watch: Watch, page: httpx.Response | Exception, trouble: str
) -> None:
    site = Site("3.7.3")
    site.page = page
    watching = watch(site, lines["3.7"])
    found, why = told(watching)
    assert found == {}
    assert why.startswith("the release site cannot be asked: ")
    assert trouble in why
    assert not watching.memory.exists()


@pytest.mark.parametrize(
    "page",
    [
        httpx.Response(200, content=b"\x00\xff" * 1000),
        httpx.Response(200, headers={"Content-Type": "text/html; charset=no-such"}, content=b'<a href="3.7.">'),
        httpx.Response(200, content=b'<a href="3.7.1000/"> <a href="3.7.4/../../etc/"> <a href="03.7.2rc1/">'),
        httpx.Response(200, content=b""),
    ],
)
def test_a_page_that_is_no_listing_says_nothing(lines: dict[str, Line], watch: Watch, page: httpx.Response) -> None:
    site = Site()
    site.page = page
    assert told(watch(site, lines["3.7"])) == ({}, "")


def test_bytes_that_are_not_what_their_header_says_are_trouble(lines: dict[str, Line], watch: Watch) -> None:
    def damaged(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=b"<html>")

    found, why = told(watch(damaged, lines["3.7"]))
    assert found == {}
    assert why.startswith("the release site cannot be asked: ")


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_slow_site_is_not_waited_for(lines: dict[str, Line], watch: Watch, held: threading.Event) -> None:
    def slow(_: httpx.Request) -> httpx.Response:
        held.wait(30)
        return httpx.Response(404)

    watching = watch(slow, lines["3.7"])
    watching.start()
    began = time.monotonic()
    assert watching.wait(0.05) == ((), "the release site has not answered yet")
    assert time.monotonic() - began < 5


def test_nothing_is_asked_before_the_start(lines: dict[str, Line], watch: Watch) -> None:
    site = Site("3.7.3")
    assert watch(site, lines["3.7"]).wait(5) == ((), "")
    assert site.asked == []


def test_a_mirror_of_the_settings_is_asked_in_place_of_the_site(lines: dict[str, Line], watch: Watch) -> None:
    site = Site("3.7.3")
    assert told(watch(site, lines["3.7"], site_of_all="http://mirror/python/")) == ({"3.7": "3.7.3"}, "")
    assert site.asked == ["GET http://mirror/python/", "HEAD http://mirror/python/3.7.3/Python-3.7.3.tar.xz"]
    # A directory of a pool has one line only: then the line's own site tells.
    site.asked.clear()
    told(watch(site, lines["3.7"], site_of_all="http://mirror/debian/pool/main/p/python3.13"))
    assert site.asked[0] == f"GET {SITE}/"
