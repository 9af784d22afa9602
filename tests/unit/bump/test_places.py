from __future__ import annotations

import dataclasses
import hashlib
import lzma
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from orchestrator.bump.model import is_final
from orchestrator.bump.places.index import SourceIndexes, read_index
from orchestrator.bump.places.listing import entries
from orchestrator.bump.places.model import Release, Shelf, below, newest, sorted_shelves
from orchestrator.bump.places.names import Kind, read_name
from orchestrator.bump.places.offline import Directory
from orchestrator.bump.places.opening import open_place
from orchestrator.bump.places.pool import Pool, pool_path
from orchestrator.bump.places.site import Site
from orchestrator.errors import UsageError
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.matrix.model import Line, Matrix
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.progress import Silent
from tests.unit.inputs.fakes import Remembering, whole

SITE = "https://example.org/ftp/python"
APACHE = """<html><head><title>Index of /ftp/python/3.7.3</title></head><body><h1>Index of /ftp/python/3.7.3</h1>
<pre><a href="?C=N;O=D">Name</a> <a href="?C=S;O=A">Size</a><hr><a href="/ftp/python/">Parent Directory</a>
<a href="Python-3.7.3.tar.xz">Python-3.7.3.tar.xz</a> 2019-03-25 22:33 16M
<a href="Python-3.7.3.tar.xz.asc">Python-3.7.3.tar.xz.asc</a> 2019-03-25 22:33 833
<A HREF='amd64/'>amd64/</A></pre></body></html>"""
NGINX = """<html><body><h1>Index of /ftp/python/3.7.3/</h1><hr><pre><a href="../">../</a>
<a href="amd64/">amd64/</a>   25-Mar-2019 22:21  -
<a href="Python-3.7.3.tar.xz">Python-3.7.3.tar.xz</a> 25-Mar-2019 20:33  17108364
<a href="Python-3.7.3.tar.xz.asc">Python-3.7.3.tar.xz.asc</a> 25-Mar-2019 20:33 833</pre></body></html>"""
ODD = """<a name="top"><a href=""><a href="./amd64/">x</a> <a href="/ftp/python/3.7.3/Python-3.7.3.tar.xz#sha256=1">no</a>
<a href="/ftp/python/3.7.3/Python-3.7.3.tar.xz">a path</a> <a href="https://example.org/ftp/python/3.7.3/Python%2D3.7.3.tar.xz.asc">whole</a>
<a href="https://elsewhere.org/ftp/python/3.7.3/Python-3.7.4.tar.xz">no</a> <a href="http://[x/">no</a> <a href="mailto:a@b.c">no</a>
<a href="amd64/core.msi">no</a> <a href="..">no</a> <a href="%2e%2e/">no</a> <a href="x%00y">no</a> <a href="javascript:void(0)">no</a>"""


@pytest.mark.parametrize("page", [APACHE, NGINX, ODD])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_pages_of_servers_list_the_same(page: str, slash: str) -> None:
    assert set(entries(page, f"{SITE}/3.7.3{slash}")) == {"Python-3.7.3.tar.xz", "Python-3.7.3.tar.xz.asc", "amd64/"}


@pytest.mark.parametrize(
    ("name", "kind", "release", "form", "debian"),
    [
        ("Python-3.7.3.tar.xz", Kind.TARBALL, "3.7.3", "tar.xz", False),
        ("Python-3.7.3rc1.tgz.asc", Kind.SIGNATURE, "3.7.3rc1", "tgz", False),
        ("python3.13_3.13.5.orig.tar.xz", Kind.TARBALL, "3.13.5", "tar.xz", True),
        ("python2.7_2.7.18.orig.tar.gz.asc", Kind.SIGNATURE, "2.7.18", "tgz", True),
        ("python3.14_3.14.0~rc3.orig.tar.xz", Kind.TARBALL, "3.14.0rc3", "tar.xz", True),
        ("python3.13_3.13.5-2+deb13u5.debian.tar.xz", Kind.PACKAGING, "3.13.5", "", True),
    ],
)
def test_names_tell_what_a_file_is(name: str, kind: Kind, release: str, form: str, *, debian: bool) -> None:
    said = read_name(name)
    assert said is not None
    assert (said.kind, said.release, said.format, said.debian) == (kind, release, form, debian)
    assert said.number == release.partition("rc")[0]


@pytest.mark.parametrize(
    "name",
    [
        "Python-3.7.3.tar.bz2",
        "Python-3.7.tar.xz",
        "Python-3.7.3.tar.xz.sig",
        "Python-3.7.3-docs.tar.xz",
        "xPython-3.7.3.tar.xz",
        "Python-3.7.3.tar.xz\n",
        "python3.13_3.13.5+dfsg.orig.tar.xz",
        "python3.13_3.13.5-2.dsc",
        "python3-defaults_3.13.5.orig.tar.xz",
        "../Python-3.7.3.tar.xz",
    ],
)
def test_other_names_are_no_files_of_a_release(name: str) -> None:
    assert read_name(name) is None


@pytest.fixture
def line(matrix: Matrix) -> Line:
    return next(line for line in matrix.lines if line.name == "3.7")


def shelf(*names: str, number: str = "3.7.3", pool: str | None = None) -> Shelf:
    return Shelf(number=number, where="here", files={name: f"/x/{name}" for name in names}, pool=pool)


def test_a_release_is_complete_with_its_signature(line: Line) -> None:
    (release,) = shelf("Python-3.7.3.tar.xz", "Python-3.7.3.tar.xz.asc").releases(line)
    assert (release.format, release.tarball, release.signature, release.missing) == (
        "tar.xz",
        "/x/Python-3.7.3.tar.xz",
        "/x/Python-3.7.3.tar.xz.asc",
        "",
    )


def test_what_is_missing_is_said(line: Line) -> None:
    (unsigned,) = shelf("Python-3.7.3.tar.xz").releases(line)
    assert unsigned.missing == "/x/Python-3.7.3.tar.xz has no signature beside it (.asc)"
    (alone,) = shelf("Python-3.7.3.tar.xz.asc").releases(line)
    assert alone.missing == "here has no tarball of 3.7.3"
    (empty,) = shelf().releases(line)
    assert empty.missing == "here has no tarball of 3.7.3"


def test_the_lines_own_format_is_kept_then_xz_is_taken(line: Line) -> None:
    names = [f"Python-3.7.3.{form}{ending}" for form in ("tar.xz", "tgz") for ending in ("", ".asc")]
    tgz = dataclasses.replace(line, source=dataclasses.replace(line.source, url=f"{SITE}/3.7.2/Python-3.7.2.tgz"))
    assert [one.format for one in shelf(*names).releases(line)] == ["tar.xz"]
    assert [one.format for one in shelf(*names).releases(tgz)] == ["tgz"]
    assert [one.format for one in shelf(*names[:2]).releases(tgz)] == ["tar.xz"]
    assert [one.format for one in shelf(*names[2:]).releases(line)] == ["tgz"]
    # A tarball with a signature is better than one of the right format without.
    assert [one.format for one in shelf(names[0], *names[2:]).releases(line)] == ["tgz"]


def test_a_directory_of_candidates_has_no_release(line: Line) -> None:
    candidates = shelf("Python-3.7.3rc1.tar.xz", "Python-3.7.3rc1.tar.xz.asc", "Python-3.7.3rc2.tar.xz")
    assert candidates.candidates == ("3.7.3rc2", "3.7.3rc1")
    assert [one.release for one in candidates.releases(line)] == ["3.7.3rc2", "3.7.3rc1"]
    final = shelf("Python-3.7.3rc1.tar.xz", "Python-3.7.3.tar.xz.asc")
    assert final.candidates == ()
    assert [one.release for one in final.releases(line)] == ["3.7.3", "3.7.3rc1"]


def test_a_pool_path_is_only_told_of_files_that_debian_named(line: Line) -> None:
    (debian,) = shelf("python3.7_3.7.3.orig.tar.xz", pool="pool/main/p/python3.7").releases(line)
    assert debian.pool == "pool/main/p/python3.7/python3.7_3.7.3.orig.tar.xz"
    (upstream,) = shelf("Python-3.7.3.tar.xz", pool="pool/main/p/python3.7").releases(line)
    assert upstream.pool is None


def test_keys_beside_a_release_are_its_packaging_and_other_armored_files(line: Line) -> None:
    (release,) = shelf(
        "python3.7_3.7.3.orig.tar.xz",
        "python3.7_3.7.3-1.debian.tar.xz",
        "python3.7_3.7.3-2.debian.tar.xz",
        "python3.7_3.7.4-1.debian.tar.xz",
        "manager.asc",
        "python3.7_3.7.3.orig.tar.xz.asc",
    ).releases(line)
    assert release.keys == ("/x/python3.7_3.7.3-2.debian.tar.xz", "/x/manager.asc")


def test_a_flat_directory_is_sorted_into_shelves(line: Line) -> None:
    names = (
        "Python-3.7.10.tar.xz",
        "Python-3.7.9.tar.xz",
        "Python-3.7.9rc1.tar.xz",
        "Python-3.8.1.tar.xz",
        "a.asc",
        "b.txt",
    )
    shelves = sorted_shelves({name: name for name in names}, line, where="here")
    assert [one.number for one in shelves] == ["3.7.10", "3.7.9"]
    assert sorted(shelves[1].files) == ["Python-3.7.9.tar.xz", "Python-3.7.9rc1.tar.xz", "a.asc"]


def test_releases_are_ordered_as_numbers() -> None:
    assert newest(["3.7.9", "3.7.10", "3.7.10rc1", "x", "3.7.9"]) == ("3.7.10", "3.7.10rc1", "3.7.9")
    # What a number is to Python is no release to upstream: digits of other scripts, zeros before a number.
    assert newest(["3.7.\u0663", "3.7.03", "3.7.3"]) == ("3.7.3",)
    assert not is_final("3.7.\u0663")
    assert below("http://h/d/", "a b~1+c") == "http://h/d/a%20b~1+c"


def transfer(pages: Mapping[str, bytes | int], asked: list[str] | None = None) -> Transfer:
    """One that is answered from a table of addresses, bytes or a status; what is not in it is not there."""

    def respond(request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        if asked is not None:
            asked.append(f"{request.method} {address}")
        page = pages.get(address, 404)
        return httpx.Response(page) if isinstance(page, int) else whole(page)(request)

    return Transfer(client=httpx.Client(transport=httpx.MockTransport(respond)), sleep=lambda _: None)


def page(*names: str) -> bytes:
    return "".join(f'<a href="{name}">{name}</a>\n' for name in names).encode()


def releases(place: Site | Pool | Directory, line: Line) -> list[Release]:
    return [release for shelf in place.shelves(line) for release in shelf.releases(line)]


def test_a_site_is_read_directory_by_directory_as_it_is_wanted(line: Line) -> None:
    asked: list[str] = []
    site = Site(
        address=SITE,
        transfer=transfer(
            {
                f"{SITE}/": page("3.7.9/", "3.7.10/", "3.7/", "3.8.1/", "3.7.11rc1/", "doc/"),
                f"{SITE}/3.7.10/": page("Python-3.7.10.tar.xz", "Python-3.7.10.tar.xz.asc"),
            },
            asked,
        ),
    )
    first = next(site.shelves(line))
    assert [one.tarball for one in first.releases(line)] == [f"{SITE}/3.7.10/Python-3.7.10.tar.xz"]
    assert asked == [f"GET {SITE}/", f"GET {SITE}/3.7.10/"]


def test_a_directory_without_a_page_is_asked_for_names(line: Line) -> None:
    site = Site(
        address=SITE,
        transfer=transfer({f"{SITE}/": 403, f"{SITE}/3.7.3/": 403, f"{SITE}/3.7.3/Python-3.7.3.tgz": b"x"}),
    )
    with pytest.raises(TransferError, match="403"):
        releases(site, line)
    assert sorted(site.shelf(line, "3.7.3").files) == ["Python-3.7.3.tgz"]


def test_a_site_may_have_everything_in_one_directory(line: Line) -> None:
    flat = Site(address=SITE, transfer=transfer({f"{SITE}/": page("Python-3.7.3.tar.xz", "Python-3.7.4.tar.xz", "a/")}))
    assert [one.release for one in releases(flat, line)] == ["3.7.4", "3.7.3"]
    assert sorted(flat.shelf(line, "3.7.3").files) == ["Python-3.7.3.tar.xz"]


def test_a_site_that_cannot_be_asked_is_not_an_empty_one(line: Line) -> None:
    site = Site(address=SITE, transfer=transfer({f"{SITE}/": page("3.7.3/"), f"{SITE}/3.7.3/": 503}))
    with pytest.raises(TransferError, match="503"):
        releases(site, line)


POOL = "pool/main/p/python3.7"
STANZA = f"""Package: python3.6
Directory: pool/main/p/python3.6
Checksums-Sha256:
 {"0" * 64} 7 python3.6_3.6.9.orig.tar.xz

Package: python3.7
Binary: python3.7
Files:
 {"0" * 32} 7 python3.7_9.9.9.orig.tar.xz
Checksums-Sha256:
 {"0" * 64} 7 python3.7_3.7.5.orig.tar.xz
 {"0" * 64} 7 python3.7_3.7.5.orig.tar.xz.asc
 {"0" * 64} 7 ../evil
Directory: {POOL}

Package: python3.7-doc
Directory: {POOL}
Checksums-Sha256:
 {"0" * 64} 7 other.tar.xz
""".encode()


def archive(mirror: str, *suites: str) -> dict[str, bytes | int]:
    index = lzma.compress(STANZA)
    digest = hashlib.sha256(index).hexdigest()
    release = f"SHA256:\n {digest} {len(index)} main/source/Sources.xz\n".encode()
    pages: dict[str, bytes | int] = {}
    for suite in suites:
        pages[f"{mirror}/dists/{suite}/InRelease"] = release
        pages[f"{mirror}/dists/{suite}/main/source/Sources.xz"] = index
    return pages


def test_an_index_tells_the_files_of_pythons_packages() -> None:
    assert read_index(lzma.compress(STANZA)) == {
        "pool/main/p/python3.6": ("python3.6_3.6.9.orig.tar.xz",),
        POOL: ("python3.7_3.7.5.orig.tar.xz", "python3.7_3.7.5.orig.tar.xz.asc"),
    }
    with pytest.raises(TransferError, match="unpacked"):
        read_index(b"no xz")


def test_a_mirror_without_pages_is_read_by_its_indexes_once(line: Line, tmp_path: Path) -> None:
    asked: list[str] = []
    pages, told = archive("http://m", "stable"), Remembering()

    def pool() -> Pool:
        return Pool(mirror="http://m", path=POOL, transfer=transfer(pages, asked), cache=tmp_path, progress=told)

    (release,) = releases(pool(), line)
    assert (release.release, release.pool) == ("3.7.5", f"{POOL}/python3.7_3.7.5.orig.tar.xz")
    assert release.tarball == f"http://m/{POOL}/python3.7_3.7.5.orig.tar.xz"
    assert any("unstable" in note or "404" in note for note in told.notes)
    before = sum(one.endswith("Sources.xz") for one in asked)
    assert (before, len(releases(pool(), line))) == (1, 1)
    assert sum(one.endswith("Sources.xz") for one in asked) == before
    assert pool().shelf(line, "3.7.9").files == {}


def test_a_pool_with_a_page_needs_no_index(line: Line, tmp_path: Path) -> None:
    asked: list[str] = []
    pages: dict[str, bytes | int] = {f"http://m/{POOL}/": page("python3.7_3.7.4%7erc1.orig.tar.xz", "x_1.dsc")}
    pool = Pool(mirror="http://m", path=POOL, transfer=transfer(pages, asked), cache=tmp_path, progress=Silent())
    assert [one.release for one in releases(pool, line)] == ["3.7.4rc1"]
    assert asked == [f"GET http://m/{POOL}/"]


def test_an_index_that_is_not_the_one_that_was_named_is_not_read(tmp_path: Path) -> None:
    pages = archive("http://m", "stable")
    pages["http://m/dists/stable/main/source/Sources.xz"] = lzma.compress(b"of another moment")
    indexes = SourceIndexes(mirror="http://m", transfer=transfer(pages), cache=tmp_path, progress=Silent())
    with pytest.raises(TransferError):
        indexes.files(POOL)
    assert not list(tmp_path.glob("*.json"))


def test_old_suites_are_asked_where_new_ones_do_not_have_it(tmp_path: Path) -> None:
    pages = archive("http://m", "oldstable") | {"http://m/dists/stable/InRelease": b"nothing of sources"}
    indexes = SourceIndexes(mirror="http://m", transfer=transfer(pages), cache=tmp_path, progress=Silent())
    with pytest.raises(TransferError):
        indexes.files(POOL)  # not one of the new ones could be read
    empty = lzma.compress(b"Package: other\n")
    digest = hashlib.sha256(empty).hexdigest()
    pages["http://m/dists/stable/InRelease"] = f" {digest} {len(empty)} main/source/Sources.xz\n".encode()
    pages["http://m/dists/stable/main/source/Sources.xz"] = empty
    indexes = SourceIndexes(mirror="http://m", transfer=transfer(pages), cache=tmp_path, progress=Silent())
    assert len(indexes.files(POOL)) == 2


def test_the_address_of_a_pool_directory_is_known_by_its_path() -> None:
    assert pool_path(f"http://m/debian/{POOL}/") == ("http://m/debian", POOL)
    assert pool_path("http://m/ftp/python") is None
    assert pool_path("http://m/pool/") is None


def test_which_place_has_a_line(line: Line, tmp_path: Path) -> None:
    mirror = Mirror(url="http://m", codename="x", components=("main",), keyring=None)
    pooled = dataclasses.replace(
        line, source=dataclasses.replace(line.source, pool=f"{POOL}/python3.7_3.7.2.orig.tar.xz")
    )

    def opened(one: Line, with_mirror: Mirror | None = mirror, **where: object) -> str:
        found = open_place(
            one,
            transfer=transfer({}),
            cache=tmp_path,
            progress=Silent(),
            mirror=with_mirror,
            **where,  # type: ignore[arg-type]
        )
        return f"{type(found.place).__name__} {found.name}"

    assert opened(line) == "Site https://www.python.org/ftp/python"
    assert opened(pooled) == f"Pool http://m/{POOL}"
    assert opened(pooled, None) == "Site https://www.python.org/ftp/python"
    assert opened(pooled, site=f"{SITE}/") == f"Site {SITE}"
    assert opened(line, site=f"http://n/{POOL}") == f"Pool http://n/{POOL}"
    assert opened(pooled, offline=tmp_path) == f"Directory {tmp_path}"
    with pytest.raises(UsageError, match="not the address"):
        opened(line, site="/srv/python")


def test_a_directory_on_this_host_is_read_however_it_is_arranged(line: Line, tmp_path: Path) -> None:
    for name in (
        "Python-3.7.3.tar.xz",
        "deep/3.7.4/Python-3.7.4.tar.xz",
        "a/b/c/d/Python-3.7.5.tar.xz",
        "x/Python-3.7.3.tar.xz",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "Python-3.7.6.tar.xz").symlink_to("/nowhere")
    found = releases(Directory(root=tmp_path), line)
    assert [(one.release, one.tarball) for one in found] == [
        ("3.7.4", str(tmp_path / "deep/3.7.4/Python-3.7.4.tar.xz")),
        ("3.7.3", str(tmp_path / "Python-3.7.3.tar.xz")),
    ]
    with pytest.raises(UsageError, match="not a directory"):
        Directory(root=tmp_path / "none").shelf(line, "3.7.3")
