"""Files that differ between any two builds: why, and that nothing else in them does.

A file counts as explained only where both contents become the same bytes once what is known to differ is blanked out. What was found so by building
2.7.18 on slim-bullseye twice natively: these, and no other file.
"""

from __future__ import annotations

import fnmatch
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_LOGGED = re.compile(rb"\d{4}-\d\d-\d\d +\d\d:\d\d:\d\d")
#: What `__DATE__` and `__TIME__` expand to. https://gcc.gnu.org/onlinedocs/cpp/Standard-Predefined-Macros.html
_COMPILED = re.compile(_MONTH + rb" [ 0-3]\d \d{4}\0|\d\d:\d\d:\d\d\0")
#: A note of the linker with a hash over the file: name size 4, 20 bytes, type 3, "GNU".
#: https://sourceware.org/binutils/docs/ld/Options.html (--build-id)
_BUILD_ID = re.compile(rb"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0.{20}", re.DOTALL)
_AUXILIARY = b"glibc-ld.so.auxcache-1.0"
_COUNTS = struct.Struct("<II")
#: inode, time of change, size, device, flags, offset of the name, and what is not used.
_ENTRY = struct.Struct("<QQQQIIII")


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why files of some names (patterns of `fnmatch`) differ, and how what differs is blanked out."""

    patterns: tuple[str, ...]
    why: str
    blank: Callable[[bytes], bytes]

    def covers(self, path: str) -> bool:
        """Whether it is about a path."""
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.patterns)


def _without_logged_times(data: bytes) -> bytes:
    return _LOGGED.sub(b"", data)


def _without_compile_times(data: bytes) -> bytes:
    return _BUILD_ID.sub(b"", _COMPILED.sub(b"", data))


def _without_inodes(data: bytes) -> bytes:
    """Give what ldconfig remembers of each library, without where on the disk it was and since when; in the order of their names.

    Source: https://sourceware.org/git/?p=glibc.git;a=blob;f=elf/cache.c (aux_cache_file). Raises `ValueError` for anything else.
    """
    start = len(_AUXILIARY)
    if not data.startswith(_AUXILIARY) or len(data) < start + _COUNTS.size:
        raise ValueError("not ldconfig's cache")
    count, length = _COUNTS.unpack_from(data, start)
    names = start + _COUNTS.size + count * _ENTRY.size
    if len(data) != names + length:
        raise ValueError("ldconfig's cache has another length than it says")
    found = []
    for number in range(count):
        _, _, size, _, flags, offset, *_ = _ENTRY.unpack_from(data, start + _COUNTS.size + number * _ENTRY.size)
        name = data[names + offset :].partition(b"\0")[0]
        found.append(name + b" %d %d" % (size, flags))
    return b"\n".join(sorted(found))


EXPLANATIONS = (
    Explanation(
        patterns=("/var/log/apt/history.log", "/var/log/apt/term.log", "/var/log/dpkg.log", "/var/log/alternatives.log"),
        why="the package manager's logs say when",
        blank=_without_logged_times,
    ),
    Explanation(
        patterns=("/var/cache/ldconfig/aux-cache",),
        why="ldconfig remembers the inode and the time of each library",
        blank=_without_inodes,
    ),
    Explanation(
        patterns=("/usr/local/lib/libpython*.so.*", "/usr/local/lib/python*/config*/libpython*.a", "/usr/local/lib/libpython*.a"),
        why="CPython says when it was compiled, and the linker's build ID is a hash over that",
        blank=_without_compile_times,
    ),
)  # fmt: skip


def explain(path: str, one: bytes, other: bytes) -> str:
    """Say why the contents of a path differ in any two builds; empty where that does not explain all of it."""
    for explanation in EXPLANATIONS:
        if explanation.covers(path):
            try:
                alike = explanation.blank(one) == explanation.blank(other)
            except ValueError:
                alike = False
            return explanation.why if alike else ""
    return ""
