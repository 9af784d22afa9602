"""In which sections two ELF files differ, in words."""

from __future__ import annotations

from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

#: How many sections are named; the others are counted.
_NAMED = 4


def difference(native: Path, plain: Path) -> str:
    """Say how two files that are not the same byte for byte differ. Files that are no ELF differ in their bytes, or in their size."""
    try:
        ours, theirs = _sections(native), _sections(plain)
    except (ELFError, OSError):
        return f"their bytes differ ({native.stat().st_size} bytes with native tools, {plain.stat().st_size} without)"
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    if not names:
        return "the same sections, but other headers or another order"
    said = [_one(name, ours.get(name), theirs.get(name)) for name in names[:_NAMED]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(said)}{more}"


def _one(name: str, native: bytes | None, plain: bytes | None) -> str:
    if native is None:
        return f"{name} is missing with native tools"
    if plain is None:
        return f"{name} is there with native tools only"
    sizes = "" if len(native) == len(plain) else f" ({len(native)} bytes with native tools, {len(plain)} without)"
    return f"{name} differs{sizes}"


def _sections(path: Path) -> dict[str, bytes]:
    """Give what is in each section; sections of the same name (groups have them) one after the other."""
    found: dict[str, bytes] = {}
    with path.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            name = section.name or "the section without a name"
            content = b"" if section["sh_type"] == "SHT_NOBITS" else section.data()
            found[name] = found.get(name, b"") + content
    return found
