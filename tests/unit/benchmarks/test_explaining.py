"""A difference counts as explained where nothing else is left of it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from benchmarks.acceleration.explaining import explain

_LIBRARY = "/usr/local/lib/libpython2.7.so.1.0"
_CACHE = "/var/cache/ldconfig/aux-cache"
_NOTE = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"


def library(
    *, date: bytes = b"Nov 25 2026", time: bytes = b"15:29:53", identity: bytes = b"1" * 20, code: bytes = b"code"
) -> bytes:
    return b"\x7fELF" + _NOTE + identity + b"\0%.20s\0" + time + b"\0" + date + b"\0" + code


def cache(entries: Sequence[tuple[str, int, int, int]]) -> bytes:
    """Names with inode, time and size, as ldconfig writes them."""
    names, packed = b"", b""
    for name, inode, when, size in entries:
        packed += struct.pack("<QQQQIIII", inode, when, size, 40, 0x303, len(names), 0, 0)
        names += name.encode() + b"\0"
    return b"glibc-ld.so.auxcache-1.0" + struct.pack("<II", len(entries), len(names)) + packed + names


LOG = b"2026-11-25 15:29:03 install netbase:all <none> 6.3\n"


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("/var/log/dpkg.log", LOG, LOG.replace(b"25 15:29:03", b"26 01:51:32")),
        ("/var/log/apt/history.log", b"Start-Date: 2026-11-25  15:29:03\n", b"Start-Date: 2026-11-26  01:00:00\n"),
        (_CACHE, cache([("libz.so.1", 7, 1, 99), ("liba.so", 8, 1, 5)]), cache([("liba.so", 1, 2, 5), ("libz.so.1", 9, 2, 99)])),
        (_LIBRARY, library(), library(date=b"Dec  1 2026", time=b"00:00:00", identity=b"2" * 20)),
        ("/usr/local/lib/python2.7/config/libpython2.7.a", library(), library(time=b"01:02:03")),
        ("/usr/local/lib/python3.9/config-3.9-aarch64-linux-gnu/libpython3.9.a", library(), library(time=b"01:02:03")),
    ],
)  # fmt: skip
def test_what_is_known_to_differ_is_explained(path: str, one: bytes, other: bytes) -> None:
    assert explain(path, one, other) != ""


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("/var/log/dpkg.log", LOG, LOG.replace(b"6.3", b"6.4")),
        (_LIBRARY, library(), library(code=b"edoc")),
        (_LIBRARY, library(), library(date=b"Nov 26 2026", code=b"codes")),
        (_CACHE, cache([("libz.so.1", 7, 1, 99)]), cache([("libz.so.1", 7, 1, 98)])),
        (_CACHE, cache([("libz.so.1", 7, 1, 99)]), cache([("liby.so.1", 7, 1, 99)])),
        (_CACHE, cache([("libz.so.1", 7, 1, 99)]), cache([("libz.so.1", 7, 1, 99)]) + b"more"),
        (_CACHE, b"something", b"else"),
        # Known to differ elsewhere, but not here.
        ("/usr/local/bin/python2.7", library(), library(time=b"01:02:03")),
        ("/etc/hostname", b"one", b"other"),
    ],
)
def test_anything_more_is_not(path: str, one: bytes, other: bytes) -> None:
    assert explain(path, one, other) == ""
