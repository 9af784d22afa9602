"""What is kept of a layer's tar stream, and of the ELF files in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.matrix.model import Platform
from orchestrator.prove.survey.elf import EXPECTED, ElfHeader, expected_header, read_header
from orchestrator.prove.survey.layer import FileKind, Layer, read_layer
from tests.unit.prove.images import Entry, directory, elf, hardlink, layer, link, tar

HEADERS = st.builds(
    ElfHeader, bits=st.sampled_from([32, 64]), order=st.sampled_from(["little", "big"]), machine=st.integers(0, 0xFFFF)
)


def one(path: str, entry: Entry) -> Layer:
    return layer({path: entry}, parents=False)


@given(HEADERS, st.binary(max_size=40))
def test_a_header_is_read_as_it_was_written(header: ElfHeader, more: bytes) -> None:
    assert read_header(elf(header) + more) == header


@given(st.binary(max_size=80))
def test_whatever_else_there_is_never_an_error(data: bytes) -> None:
    assert read_header(data) is None or data.startswith(b"\x7fELF")
    found = one("/usr/local/bin/x", Entry(content=b"\x7fELF" + data))
    assert found.files["/usr/local/bin/x"].needed == ()


@pytest.mark.parametrize("header", EXPECTED.values(), ids=EXPECTED)
def test_needed_libraries_are_read_on_every_architecture(header: ElfHeader) -> None:
    found = one("/usr/local/bin/x", Entry(content=elf(header, needed=("libz.so.1", "libc.so.6"))))
    assert found.files["/usr/local/bin/x"].needed == ("libz.so.1", "libc.so.6")
    assert found.files["/usr/local/bin/x"].elf == header


@pytest.mark.parametrize("length", [20, 40, 64, 100, 180, 200])
def test_a_damaged_program_needs_nothing_that_can_be_read(length: int) -> None:
    data = elf(EXPECTED["amd64"], needed=("libz.so.1",))[:length]
    found = one("/usr/local/bin/x", Entry(content=data)).files["/usr/local/bin/x"]
    assert (found.elf, found.needed) == (EXPECTED["amd64"], ())


def test_an_unknown_architecture_has_no_header_and_a_header_has_a_name() -> None:
    assert expected_header(Platform.parse("linux/loong64")) is None
    assert expected_header(Platform.parse("linux/arm/v7")) == EXPECTED["arm"]
    assert str(EXPECTED["s390x"]) == "S/390 64-bit big-endian"


def test_only_below_usr_local_there_are_digests_and_needed_libraries() -> None:
    data = elf(EXPECTED["amd64"], needed=("libz.so.1",))
    found = layer(
        {
            "/usr/local/bin/x": Entry(content=data),
            "/usr/bin/x": Entry(content=data),
            "/usr/local/t": Entry(content=b"t"),
        }
    )
    ours, theirs = found.files["/usr/local/bin/x"], found.files["/usr/bin/x"]
    assert (ours.sha256, ours.needed) == (hashlib.sha256(data).hexdigest(), ("libz.so.1",))
    assert (theirs.sha256, theirs.needed, theirs.elf) == (ours.sha256, (), EXPECTED["amd64"])
    assert found.files["/usr/local/t"].sha256 == hashlib.sha256(b"t").hexdigest()


def test_a_large_file_is_hashed_in_pieces() -> None:
    data = bytes(3 * 1024 * 1024 + 1)
    assert one("/usr/local/x", Entry(content=data)).files["/usr/local/x"].sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/etc/passwd", True),
        ("/var/lib/dpkg/info/libc6:amd64.list", True),
        ("/usr/local/lib/python3.7/_sysconfigdata_m_linux.py", True),
        ("/usr/local/lib/libpython3.7m.so.1.0", True),
        ("/usr/local/lib/python3.7/os.py", False),
        ("/etc/hostname", False),
        ("/usr/share/doc/zlib1g/copyright", True),
        ("/usr/share/doc/zlib1g/changelog.gz", False),
        ("/usr/local/lib/python3.7/site-packages/pip-18.1.dist-info/METADATA", True),
        ("/usr/local/lib/python3.7/site-packages/pip-18.1.dist-info/RECORD", False),
        ("/usr/local/lib/python3.7/site-packages/x.egg-info", True),
        ("/usr/local/lib/python3.7/site-packages/x.egg-info/PKG-INFO", True),
        ("/usr/local/lib/python3.7/site-packages/x.egg-info/SOURCES.txt", False),
    ],
)
def test_only_what_is_read_is_kept(path: str, *, kept: bool) -> None:
    assert (path in one(path, Entry(content=b"x")).contents) is kept


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (Entry(), FileKind.FILE),
        (directory(), FileKind.DIRECTORY),
        (link("x"), FileKind.SYMLINK),
        (Entry(kind=tarfile.FIFOTYPE), FileKind.FIFO),
        (Entry(kind=tarfile.CHRTYPE), FileKind.DEVICE),
        (Entry(kind=tarfile.BLKTYPE), FileKind.DEVICE),
    ],
)
def test_kinds(entry: Entry, kind: FileKind) -> None:
    found = one("/x", entry).files["/x"]
    assert found.kind is kind
    assert found.target == entry.target


def test_mode_owner_and_special_rights() -> None:
    found = one("/x", Entry(mode=0o4755, owner=7)).files["/x"]
    assert (found.mode, found.owner, found.special) == (0o4755, 7, True)
    assert not one("/x", directory(0o2755)).files["/x"].special


@pytest.mark.parametrize("name", ["etc/passwd", "./etc/passwd", "/etc/passwd", ".//etc/passwd", "././etc/passwd"])
def test_every_way_to_write_a_path_is_one_path(name: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
        for root in (".", "./"):
            member = tarfile.TarInfo(root)
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
    assert read_layer(io.BytesIO(out.getvalue())).files.keys() == {"/etc/passwd", "/"}


def test_a_hard_link_is_the_file_that_it_names() -> None:
    found = layer({"/etc/passwd": Entry(content=b"root", mode=0o600), "/etc/shadow": hardlink("etc/passwd")})
    assert found.files["/etc/shadow"] == found.files["/etc/passwd"]
    assert found.contents["/etc/shadow"] == b"root"
    assert "/b" not in one("/b", hardlink("a")).files


def test_whiteouts_are_no_files() -> None:
    found = layer({"/etc/.wh.passwd": Entry(), "/var/.wh..wh..opq": Entry(), "/.wh..wh..opq": Entry()}, parents=False)
    assert found.files == {}
    assert found.removed == frozenset({"/etc/passwd"})
    assert found.emptied == frozenset({"/var", "/"})


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_compressed_or_not_it_reads_the_same(compress: type[bytes]) -> None:
    data = tar({"/etc/passwd": Entry(content=b"root")})
    assert read_layer(io.BytesIO(compress(data))).contents == {"/etc/passwd": b"root"}
