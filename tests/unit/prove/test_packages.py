"""The databases of both package managers, and what of a system is needed for what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.prove.linking import library_owners, needed
from orchestrator.prove.packages import Package, installed, reachable
from orchestrator.prove.proofs.recipe.files import merged
from orchestrator.prove.survey.survey import View
from tests.unit.prove.fakes import FakeSubject
from tests.unit.prove.images import right

STATUS = b"""\
Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.24-11+deb9u4
Replaces: libc6-amd64
Provides: libc6-2.24, libc (= 2.24)
Depends: libgcc1 (>= 1:4.9), libfoo | libbar:any,
 libbaz
Pre-Depends: dpkg
Description: GNU C Library
 Depends: nothing that counts
 .
 more

Package: removed
Status: deinstall ok config-files
Version: 1

Package: half
Status: install reinstreq half-installed
Version: 1

Package: netbase
Status: hold ok installed
Version: 5.4
"""
INSTALLED = b"""\
C:Q1abc=
P:zlib
V:1.2.11-r1
A:x86_64
L:Zlib
D:so:libc.musl-x86_64.so.1 !other musl>=1.1
p:so:libz.so.1=1.2.11 /bin/z
F:lib
R:libz.so.1.2.11
a:0:0:755
Z:Q1def=
R:libz.so.1
F:
R:.top
F:usr/share/zlib
R:README

C:Q1ghi=
P:.python-rundeps
V:0
D:so:libz.so.1

X:no package
"""


def view(contents: dict[str, bytes]) -> View:
    return View(files={}, contents=contents)


def test_dpkg_is_read() -> None:
    found = installed(
        view(
            {
                "/var/lib/dpkg/status": STATUS,
                "/var/lib/dpkg/info/libc6:amd64.list": b"/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n",
                "/var/lib/dpkg/info/netbase.list": b"/etc/protocols\n",
            }
        )
    )
    assert found.keys() == {"libc6", "netbase"}
    libc = found["libc6"]
    assert libc.version == "2.24-11+deb9u4"
    assert libc.needs == {"libgcc1", "libfoo", "libbar", "libbaz", "dpkg"}
    assert libc.provides == {"libc6-2.24", "libc"}
    assert "/lib/x86_64-linux-gnu/libc.so.6" in libc.files
    assert found["netbase"] == Package(
        name="netbase", version="5.4", needs=frozenset(), provides=frozenset(), files=frozenset({"/etc/protocols"}),
        source="netbase 5.4",
    )  # fmt: skip
    assert (libc.architecture, libc.source, libc.licence) == ("amd64", "glibc 2.24-11+deb9u4", "")


def test_a_source_package_may_have_a_version_of_its_own() -> None:
    status = STATUS.replace(b"Source: glibc", b"Source: glibc (2.24-11)")
    assert installed(view({"/var/lib/dpkg/status": status}))["libc6"].source == "glibc 2.24-11"


def test_apk_is_read() -> None:
    found = installed(view({"/lib/apk/db/installed": INSTALLED}))
    assert found.keys() == {"zlib", ".python-rundeps"}
    zlib = found["zlib"]
    assert zlib.version == "1.2.11-r1"
    assert zlib.needs == {"so:libc.musl-x86_64.so.1", "musl"}
    assert zlib.provides == {"so:libz.so.1", "/bin/z"}
    assert zlib.files == {"/lib/libz.so.1.2.11", "/lib/libz.so.1", "/.top", "/usr/share/zlib/README"}
    assert (zlib.architecture, zlib.source, zlib.licence) == ("x86_64", "zlib 1.2.11-r1", "Zlib")
    assert found[".python-rundeps"].needs == {"so:libz.so.1"}


def test_without_a_database_nothing_is_installed() -> None:
    assert installed(view({})) == {}


def package(name: str, needs: str = "", provides: str = "") -> Package:
    return Package(
        name=name, version="1", needs=frozenset(needs.split()), provides=frozenset(provides.split()), files=frozenset()
    )


SYSTEM = {
    one.name: one
    for one in (
        package("a", "b so:c.so.1"), package("b", "a"), package("c", "", "so:c.so.1"), package("c2", "", "so:c.so.1"),
        package("alone"), package("mawk", "", "awk"), package("gawk", "", "awk"),
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("roots", "found"),
    [
        ([], set()),
        (["a"], {"a", "b", "c", "c2"}),
        (["so:c.so.1"], {"c", "c2"}),
        (["awk"], {"mawk", "gawk"}),
        (["unknown"], set()),
        (["alone", "alone"], {"alone"}),
    ],
)
def test_what_is_needed_is_found_through_others_and_by_what_it_provides(roots: list[str], found: set[str]) -> None:
    assert reachable(SYSTEM, roots) == found


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.sets(NAMES), max_size=6), st.lists(NAMES, max_size=3))
def test_reaching_is_closed(graph: dict[str, set[str]], roots: list[str]) -> None:
    system = {name: package(name, " ".join(needs)) for name, needs in graph.items()}
    found = reachable(system, roots)
    assert {name for name in roots if name in graph} <= found <= graph.keys()
    assert all(need in found for name in found for need in graph[name] if need in graph)


def test_libraries_are_found_with_their_places_and_owners() -> None:
    slim = FakeSubject(right("3.9-slim-bullseye-amd64"))
    places = {library.name: library.path for library in needed(slim)}
    assert places == {
        "libc.so.6": "/usr/lib/x86_64-linux-gnu/libc.so.6",
        "libpython3.9.so.1.0": "/usr/local/lib/libpython3.9.so.1.0",
        "libz.so.1": "/usr/lib/x86_64-linux-gnu/libz.so.1",
    }
    assert library_owners(slim) == {"libc6", "zlib1g"}
    full = FakeSubject(right("3.9-bullseye-amd64"))
    assert library_owners(full) == {"libc6", "zlib1g", "libtk8.6"}
    alpine = FakeSubject(right("3.7-alpine3.8-arm64v8"))
    assert library_owners(alpine) == {"musl", "zlib"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/x", "/lib/x"),
        ("/lib/x", "/lib/x"),
        ("/usr/lib64/x", "/lib64/x"),
        ("/usr/bin/x", "/bin/x"),
        ("/usr/sbin/x", "/sbin/x"),
        ("/usr/share/x", "/usr/share/x"),
        ("/usr/local/bin/x", "/usr/local/bin/x"),
    ],
)
def test_a_merged_system_has_one_name_for_each_path(path: str, name: str) -> None:
    assert merged(path) == name
