"""The sections in which two ELF files differ are named."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from orchestrator.acceleration.gate.sections import difference


def elf(sections: dict[str, bytes], *, flags: int = 0) -> bytes:
    """Write a 64-bit object of AArch64 with these sections and nothing else.

    Source: the ELF-64 object file format, https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
    """
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    body, headers = b"", struct.pack("<IIQQQQIIQQ", *[0] * 10)
    for name, data in (*sections.items(), (".shstrtab", names)):
        kind = 3 if name == ".shstrtab" else 1
        headers += struct.pack(
            "<IIQQQQIIQQ", names.index(f"\0{name}\0".encode()) + 1, kind, 0, 0, 64 + len(body), len(data), 0, 0, 1, 0
        )
        body += data
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    count = len(sections) + 2
    head += struct.pack("<HHIQQQIHHHHHH", 1, 183, 1, 0, 0, 64 + len(body), flags, 64, 0, 0, 64, count, count - 1)
    return head + body + headers


def said(tmp_path: Path, native: bytes, plain: bytes) -> str:
    (tmp_path / "native").write_bytes(native)
    (tmp_path / "plain").write_bytes(plain)
    return difference(tmp_path / "native", tmp_path / "plain")


@pytest.mark.parametrize(
    ("native", "plain", "words"),
    [
        ({".text": b"ab"}, {".text": b"cd"}, ".text differs"),
        (
            {".text": b"ab", ".data": b"1"},
            {".text": b"abc", ".data": b"1"},
            ".text differs (2 bytes with native tools, 3 without)",
        ),
        (
            {".data": b"1"},
            {".data": b"1", ".comment": b"x"},
            ".shstrtab differs (17 bytes with native tools, 26 without), .comment is missing with native tools",
        ),
        (
            {".data": b"1", ".note": b"x"},
            {".data": b"1"},
            ".note is there with native tools only, .shstrtab differs (23 bytes with native tools, 17 without)",
        ),
        (
            {f".s{number}": b"a" for number in range(6)},
            {f".s{number}": b"b" for number in range(6)},
            ".s0 differs, .s1 differs, .s2 differs, .s3 differs and 2 more",
        ),
    ],
)
def test_sections_are_named(tmp_path: Path, native: dict[str, bytes], plain: dict[str, bytes], words: str) -> None:
    assert said(tmp_path, elf(native), elf(plain)) == words


def test_headers_alone_may_differ(tmp_path: Path) -> None:
    sections = {".text": b"ab"}
    assert (
        said(tmp_path, elf(sections, flags=1), elf(sections)) == "the same sections, but other headers or another order"
    )


@pytest.mark.parametrize("native", [b"", b"\x7fELF", b"text", elf({".text": b"ab"})[:40]])
def test_what_is_no_elf_differs_in_bytes(tmp_path: Path, native: bytes) -> None:
    assert said(tmp_path, native, elf({".text": b"ab"})).startswith(f"their bytes differ ({len(native)} bytes with")
