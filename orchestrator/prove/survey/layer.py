"""One layer: its files with what proofs want to know of them, and what it removes from the layers below.

Source: https://github.com/opencontainers/image-spec/blob/main/layer.md
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from orchestrator.prove.survey.elf import ElfHeader, read_header
from orchestrator.prove.survey.traces import Search

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
#: Files whose content some proof reads; everything else, but for documents, is looked at as it goes by.
_KEPT = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/apk/world",
    "/lib/apk/db/installed",
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/info/*.list",
    "/usr/local/include/python*/patchlevel.h",
    "/usr/local/include/python*/pyconfig.h",
    "/usr/local/lib/python*/_sysconfigdata*.py",
    "/usr/local/lib/python*/config*/Makefile",
    "/usr/local/lib/libpython*",
    "/usr/local/bin/*",
    "/etc/os-release",
    "/usr/lib/os-release",
)
#: Files that say under what licence something is; the longest on a Debian system have some hundred kilobytes.
_DOCUMENTS = (
    "/usr/share/doc/*/copyright",
    "/*/site-packages/*.dist-info/METADATA",
    "/*/site-packages/*.egg-info",
    "/*/site-packages/*.egg-info/PKG-INFO",
)
_IS_KEPT, _IS_DOCUMENT = (
    re.compile("|".join(map(fnmatch.translate, patterns))).match for patterns in (_KEPT, _DOCUMENTS)
)
#: How a tar stream carries what a file may do beyond its user's rights.
_CAPABILITIES = "SCHILY.xattr.security.capability"
_LARGEST_KEPT = 64 * 1024 * 1024
_LARGEST_DOCUMENT = 512 * 1024
_OURS = "/usr/local/"
_CHUNK = 1024 * 1024


class FileKind(StrEnum):
    """What a path is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    DEVICE = "device"
    FIFO = "fifo"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A path of an image. `mode` are the permission bits (07777), `size` bytes, `target` what a symlink says.

    `elf` is the header of an ELF file; `needed` is known for files below /usr/local, `sha256` (hex) for all. `layer` counts from 0, the
    base's first. `capable` says that the file has capabilities of its own, `traces` which words of `traces.TRACES` its bytes hold.
    """

    kind: FileKind
    mode: int
    owner: int
    group: int
    size: int = 0
    target: str = ""
    elf: ElfHeader | None = None
    needed: tuple[str, ...] = ()
    sha256: str = ""
    layer: int = 0
    capable: bool = False
    traces: tuple[str, ...] = ()

    @property
    def special(self) -> bool:
        """True for a program that runs with more than its user's rights (setuid, setgid, capabilities)."""
        return self.kind is FileKind.FILE and (bool(self.mode & 0o6000) or self.capable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What a layer adds (absolute paths), what content of it is kept, which paths it removes and which directories it empties."""

    files: Mapping[str, File]
    contents: Mapping[str, bytes]
    removed: frozenset[str]
    emptied: frozenset[str]


def read_layer(stream: IO[bytes]) -> Layer:
    """Read a layer's tar stream, compressed or not. Raises `tarfile.TarError`, `OSError` or `EOFError` for one that is damaged."""
    files: dict[str, File] = {}
    contents: dict[str, bytes] = {}
    removed: set[str] = set()
    emptied: set[str] = set()
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        for member in archive:
            path = _absolute(member.name)
            parent, _, name = path.rpartition("/")
            if name == _OPAQUE:
                emptied.add(parent or "/")
            elif name.startswith(_WHITEOUT):
                removed.add(f"{parent}/{name.removeprefix(_WHITEOUT)}")
            elif member.islnk():
                target = _absolute(member.linkname)
                if target in files:
                    files[path] = files[target]
                if target in contents:
                    contents[path] = contents[target]
            else:
                content = archive.extractfile(member) if member.isreg() else None
                files[path], kept = _look(path, member, content)
                if kept is not None:
                    contents[path] = kept
    return Layer(files=files, contents=contents, removed=frozenset(removed), emptied=frozenset(emptied))


def _absolute(name: str) -> str:
    while name.startswith(("./", "/")):
        name = name.partition("/")[2]
    return "/" + name.rstrip("/").removesuffix("/.") if name not in {"", "."} else "/"


def _look(path: str, member: tarfile.TarInfo, content: IO[bytes] | None) -> tuple[File, bytes | None]:
    ours = path.startswith(_OURS)
    wanted = (member.size <= _LARGEST_KEPT and _IS_KEPT(path) is not None) or (
        member.size <= _LARGEST_DOCUMENT and _IS_DOCUMENT(path) is not None
    )
    whole, head, digest = b"", b"", ""
    search = Search()
    if content is not None:
        head = content.read(_CHUNK)
        # Objects and archives are not linked against anything, and large.
        if wanted or (ours and head.startswith(b"\x7fELF") and member.size <= _LARGEST_KEPT):
            whole = head + content.read()
            digest = hashlib.sha256(whole).hexdigest()
            search.feed(whole)
        else:
            digest = _digest(head, content, search)
    elf = read_header(head)
    return (
        File(
            kind=_kind(member),
            mode=member.mode & 0o7777,
            owner=member.uid,
            group=member.gid,
            size=member.size,
            target=member.linkname if member.issym() else "",
            elf=elf,
            needed=_needed(whole) if elf is not None and whole else (),
            sha256=digest,
            capable=_CAPABILITIES in member.pax_headers,
            traces=search.found,
        ),
        whole if wanted and content is not None else None,
    )


def _kind(member: tarfile.TarInfo) -> FileKind:
    if member.isdir():
        return FileKind.DIRECTORY
    if member.issym():
        return FileKind.SYMLINK
    if member.isfifo():
        return FileKind.FIFO
    return FileKind.DEVICE if member.ischr() or member.isblk() else FileKind.FILE


def _digest(head: bytes, content: IO[bytes], search: Search) -> str:
    digest = hashlib.sha256(head)
    search.feed(head)
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        search.feed(chunk)
    return digest.hexdigest()


def _needed(data: bytes) -> tuple[str, ...]:
    """List what an ELF file is linked against; nothing for one that cannot be read, which other proofs refuse."""
    try:
        found = [
            getattr(tag, "needed", "")
            for segment in ELFFile(io.BytesIO(data)).iter_segments()
            if isinstance(segment, DynamicSegment)
            for tag in segment.iter_tags("DT_NEEDED")
        ]
    except (ELFError, ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError, AttributeError):
        return ()
    return tuple(str(name) for name in found)
