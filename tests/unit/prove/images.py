"""Synthetic images that are right for a cell, to be spoilt in one place: real tar layers, real (small) ELF files."""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell, Family, Flavor, Matrix, Suite
from orchestrator.prove.dockerfile import expand, instructions, makes_layer
from orchestrator.prove.image import parse_config
from orchestrator.prove.survey.archive import Saved
from orchestrator.prove.survey.elf import EXPECTED, ElfHeader
from orchestrator.prove.survey.layer import Layer, read_layer
from orchestrator.prove.survey.survey import Survey
from orchestrator.prove.upstream import Upstream
from orchestrator.recipe.recipe import Recipe, recipe_for
from orchestrator.render.tree import render_images

ROOT = Path(__file__).resolve().parents[3]
MATRICES: tuple[Matrix, ...] = tuple(
    load_matrix(ROOT / name) for name in ("versions.json", "examples/debian/versions.json")
)
CELLS: Mapping[str, Cell] = {cell.id: cell for matrix in MATRICES for cell in matrix.cells}
#: What GNU calls the architectures.
CPU = {"amd64": "x86_64", "arm64": "aarch64"}
_DOCKERFILES = {one.image.id: one.text for matrix in MATRICES for one in render_images(matrix, matrix.images)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A member of a layer."""

    content: bytes = b""
    mode: int = 0o644
    owner: int = 0
    kind: bytes = tarfile.REGTYPE
    target: str = ""


def link(target: str) -> Entry:
    return Entry(kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hardlink(target: str) -> Entry:
    return Entry(kind=tarfile.LNKTYPE, target=target)


def directory(mode: int = 0o755) -> Entry:
    return Entry(kind=tarfile.DIRTYPE, mode=mode)


def tar(entries: Mapping[str, Entry], *, parents: bool = True, mode: str = "w") -> bytes:
    """Pack entries in their order, the directories above each before it, unless there is a link of that name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        made: set[str] = set()
        for path, entry in entries.items():
            above = [str(one) for one in reversed(Path(path).parents)][1:] if parents else []
            for name in [one for one in above if one not in made and one not in entries]:
                made.add(name)
                archive.addfile(_member(name, directory()))
            archive.addfile(_member(path, entry), io.BytesIO(entry.content))
    return out.getvalue()


def _member(path: str, entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.type, member.mode, member.uid, member.linkname = entry.kind, entry.mode, entry.owner, entry.target
    member.size = len(entry.content)
    return member


def layer(entries: Mapping[str, Entry], *, parents: bool = True) -> Layer:
    return _read(tar(entries, parents=parents))


@functools.lru_cache(maxsize=512)
def _read(data: bytes) -> Layer:
    """Images share most layers, and an ELF file takes a millisecond."""
    return read_layer(io.BytesIO(data))


def elf(header: ElfHeader, *, needed: Iterable[str] = (), holds: bytes = b"") -> bytes:
    """A shared object without code: header, a segment that loads all of it, and one that says what it is linked against."""
    wide = header.bits == 64
    order = "<" if header.order == "little" else ">"
    word, pair = ("Q", "QQ") if wide else ("I", "II")
    size, entry = (64, 56) if wide else (52, 32)
    names = b"\0"
    tags = []
    for name in needed:
        tags.append((1, len(names)))
        names += name.encode() + b"\0"
    at = size + 2 * entry
    strings = at + struct.calcsize(order + pair) * (len(tags) + 3)
    tags += [(5, strings), (10, len(names)), (0, 0)]
    dynamic = b"".join(struct.pack(order + pair, *tag) for tag in tags)
    end = strings + len(names)

    def segment(kind: int, start: int, length: int) -> bytes:
        if wide:
            return struct.pack(f"{order}II6Q", kind, 4, start, start, start, length, length, 8)
        return struct.pack(f"{order}8I", kind, start, start, start, length, length, 4, 4)

    identity = b"\x7fELF" + bytes([header.bits // 32, 1 if header.order == "little" else 2, 1]) + bytes(9)
    head = identity + struct.pack(
        f"{order}HHI3{word}I6H", 3, header.machine, 1, 0, size, 0, 0, size, entry, 2, 0, 0, 0
    )  # fmt: skip
    return head + segment(1, 0, end) + segment(2, at, len(dynamic)) + dynamic + names + holds


@dataclass(kw_only=True)
class Draft:
    """An image in the making: what the base holds, what is built upon it, what the last layer does, and its config document."""

    cell: Cell
    dockerfile: str
    base: dict[str, Entry] = field(default_factory=dict)
    own: dict[str, Entry] = field(default_factory=dict)
    later: dict[str, Entry] = field(default_factory=dict)
    further: list[dict[str, Entry]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    upstream: Upstream = field(default_factory=lambda: Upstream(library={}, headers={}, packages={}))

    @property
    def config(self) -> dict[str, Any]:
        """The part of the document that says how a container starts."""
        found: dict[str, Any] = self.document["config"]
        return found

    @property
    def layers(self) -> list[dict[str, Entry]]:
        """As many as the Dockerfile makes, of which only the first three and the last hold something."""
        count = sum(makes_layer(text) for text in instructions(self.dockerfile))
        parts: list[dict[str, Entry]] = [{} for _ in range(count)]
        for path, entry in self.own.items():
            parts[2 if "/lib-dynload/" in path else 1 if path.startswith("/usr/local/") else 0][path] = entry
        parts[-1] |= self.later
        return [self.base, *parts, *self.further]

    @cached_property
    def saved(self) -> Saved:
        """The image as it would be read from the engine."""
        return Saved(
            image=parse_config(self.document),
            survey=Survey(layers=tuple(layer(one) for one in self.layers), base_layers=1),
            layers={},
        )


def draft(cell_id: str, spoil: Callable[[Draft], object] = lambda _: None) -> Draft:
    """Make the right image of a cell, and spoil it."""
    cell = CELLS[cell_id]
    recipe = recipe_for(cell.image)
    made = Draft(cell=cell, dockerfile=_DOCKERFILES[cell.image.id])
    made.document = _document(cell, recipe, made.dockerfile)
    _System(made, recipe).fill()
    _python(made, recipe)
    spoil(made)
    return made


@functools.cache
def right(cell_id: str) -> Draft:
    """The right image of a cell, for everybody: it must not be spoilt."""
    return draft(cell_id)


def _document(cell: Cell, recipe: Recipe, dockerfile: str) -> dict[str, Any]:
    platform = cell.architecture.platform
    return {
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant or "",
        "config": {
            "Env": [f"{variable.name}={expand(variable.text)}" for variable in recipe.environment],
            "Cmd": list(recipe.command),
            "WorkingDir": "/",
        },
        "history": [
            {"created_by": "/bin/sh -c #(nop) ADD file:0123 in / "},
            {"created_by": '/bin/sh -c #(nop)  CMD ["bash"]', "empty_layer": True},
            *(
                {"created_by": f"{text} # buildkit", "empty_layer": not makes_layer(text)}
                for text in instructions(dockerfile)
            ),
        ],
    }


class _System:
    """The distribution: its base, and the packages that the recipe and Python's libraries bring along."""

    def __init__(self, made: Draft, recipe: Recipe) -> None:
        self.made, self.recipe = made, recipe
        self.header = EXPECTED[made.cell.architecture.platform.architecture]
        self.cpu = CPU[made.cell.architecture.platform.architecture]
        self.suite = made.cell.image.variant.suite
        self.alpine = self.suite.family is Family.ALPINE
        self.merged = self.suite.name == "bullseye"
        self.records: list[str] = []

    def fill(self) -> None:
        base = self.made.base
        base["/etc/passwd"] = Entry(content=b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
        base["/etc/shadow"] = Entry(content=b"root:*:1::::::\nnobody:!:1::::::\n", mode=0o640)
        base["/tmp/"] = directory(0o1777)
        base["/etc/os-release"] = Entry(content=_os_release(self.suite).encode())
        if not self.alpine:
            base["/etc/apt/sources.list"] = Entry(content=b"deb mirror\n")
        base["/root/.profile"] = Entry(content=b"mesg n\n")
        base["/bin/su" if not self.merged else "/usr/bin/su"] = Entry(content=elf(self.header), mode=0o4755)
        if self.merged:
            base |= {f"/{name}": link(f"usr/{name}") for name in ("bin", "lib")}
            self.made.base = {**{f"/{name}": base[f"/{name}"] for name in ("bin", "lib")}, **base}
        into = self.made.base
        if self.alpine:
            self.package(into, "musl", library=f"libc.musl-{self.cpu}.so.1")
            self.package(into, "busybox", program="sh")
        else:
            self.package(into, "libc6", library="libc.so.6")
            self.package(into, "bash", needs="libc6 (>= 2.24)", program="bash")
        self.database(into)
        into = self.made.own
        if self.alpine:
            self.package(into, "zlib", library="libz.so.1")
            self.package(into, ".python-rundeps", needs="so:libz.so.1")
        else:
            self.package(into, "zlib1g", library="libz.so.1", needs="libc6")
        if self.made.cell.image.variant.flavor is Flavor.FULL:
            self.package(into, "libtk8.6", library="libtk8.6.so")
        for part in self.recipe.runtime_packages:
            self.package(into, part.text, needs="libtk8.6 | nothing" if part.text == "tk-dev" else "")
        self.database(into)
        if self.suite.archived:
            into["/etc/apt/sources.list"] = Entry(content=b"deb [trusted=yes] archive\n")

    def package(
        self, into: dict[str, Entry], name: str, *, library: str = "", program: str = "", needs: str = ""
    ) -> None:
        files = [f"/usr/share/doc/{name}/copyright"]
        into[files[0]] = Entry(content=b"free\n")
        real = "/usr" if self.merged else ""
        if library:
            place = "/lib" if self.alpine else f"/lib/{self.cpu}-linux-gnu"
            files += [f"{place}/{library}.2", f"{place}/{library}"]
            into[f"{real}{place}/{library}.2"] = Entry(content=elf(self.header), mode=0o755)
            into[f"{real}{place}/{library}"] = link(f"{library}.2")
        if program:
            files.append(f"/bin/{program}")
            into[f"{real}/bin/{program}"] = Entry(content=elf(self.header), mode=0o755)
        if self.alpine:
            lines = [f"P:{name}", "V:1.0-r0", f"D:{needs}", f"p:so:{library}=2" if library else "p:"]
            for path in files:
                lines += [f"F:{path[1:].rpartition('/')[0]}", f"R:{path.rpartition('/')[2]}"]
            self.records.append("\n".join(lines))
            return
        architecture = self.made.cell.architecture.platform.architecture
        rebuilt = "+b1" if architecture == "arm64" and library else ""
        self.records.append(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nVersion: 1.0-1{rebuilt}\n"
            f"Depends: {needs}\nDescription: short\n long\n .\n longer"
        )
        info = f"{name}:{architecture}" if library else name
        into[f"/var/lib/dpkg/info/{info}.list"] = Entry(content="".join(f"{path}\n" for path in files).encode())

    def database(self, into: dict[str, Entry]) -> None:
        path = "/lib/apk/db/installed" if self.alpine else "/var/lib/dpkg/status"
        into[path] = Entry(content=("\n\n".join(self.records) + "\n\n").encode())


def _os_release(suite: Suite) -> str:
    if suite.family is Family.ALPINE:
        return f'ID=alpine\nVERSION_ID={".".join(map(str, suite.version))}.5\nPRETTY_NAME="Alpine Linux"\n'
    named = "" if suite.name == "stretch" else f"VERSION_CODENAME={suite.name}\n"  # stretch's has none
    return f'PRETTY_NAME="Debian GNU/Linux ({suite.name})"\nVERSION="9 ({suite.name})"\n{named}ID=debian\n'


def _python(made: Draft, recipe: Recipe) -> None:
    line, own = made.cell.image.line, made.own
    cpu = CPU[made.cell.architecture.platform.architecture]
    header = EXPECTED[made.cell.architecture.platform.architecture]
    alpine = made.cell.image.variant.suite.family is Family.ALPINE
    c_library = f"libc.musl-{cpu}.so.1" if alpine else "libc.so.6"
    abi = "m" if (3, 0) < line.version < (3, 8) else ""
    shared = f"libpython{line.name}{abi}.so.1.0"
    library, include = f"/usr/local/lib/python{line.name}", f"/usr/local/include/python{line.name}{abi}"
    own[f"/usr/local/bin/python{line.name}"] = Entry(content=elf(header, needed=(shared, c_library)), mode=0o755)
    own[f"/usr/local/bin/python{line.version[0]}"] = link(f"python{line.name}")
    major = line.version[0]
    of_python = ("idle3", "pydoc3", "python3-config") if major == 3 else ("idle", "pydoc", "python-config")
    for name in (*of_python, "2to3", "pip", f"pip{major}", "wheel"):
        script = f"#!/usr/local/bin/python{line.name}\nimport sys\n".encode()
        own[f"/usr/local/bin/{name}"] = Entry(content=script, mode=0o755)
    own["/usr/local/bin/python"] = link(f"python{line.version[0]}")
    own |= {f"/usr/local/bin/{one.name}": link(one.text) for one in recipe.symlinks}
    own[f"/usr/local/lib/{shared}"] = Entry(
        content=elf(header, needed=(c_library,), holds=b"\0" + line.release.encode() + b"\0"), mode=0o755
    )
    own[f"/usr/local/lib/{shared.removesuffix('.1.0')}"] = link(shared)
    for module in recipe.modules:
        needed = {"zlib": ("libz.so.1",), "_tkinter": ("libtk8.6.so",)}.get(module.text, ())
        name = f"{module.text}.cpython-{cpu}-linux-gnu.so"
        own[f"{library}/lib-dynload/{name}"] = Entry(content=elf(header, needed=needed), mode=0o755)
    own[f"{library}/_sysconfigdata.py"] = Entry(
        content=f"# made\nbuild_time_vars = {{'HOST_GNU_TYPE': '{cpu}-pc-linux-gnu', 'SIZEOF_LONG': 8}}\n".encode()
    )
    files = {f"{library}/{name}": f"{library}/{name}" for name in ("os.py", "json/__init__.py", "lib2to3/Grammar.txt")}
    sources = {path: Entry(content=text.encode()) for path, text in files.items()}
    headers = {
        f"{include}/Python.h": Entry(content=b"#include\n"),
        f"{include}/patchlevel.h": Entry(content=f'#define PY_VERSION\t"{line.release}"\n'.encode()),
    }
    own |= sources | headers
    own[f"{include}/pyconfig.h"] = Entry(content=f"#define {cpu}\n".encode())
    packages = {}
    for pin in recipe.wheels:
        packages[f"{library}/site-packages/{pin.name}.py"] = Entry(content=pin.name.encode())
        info = f"{library}/site-packages/{pin.name}-{pin.version}.dist-info"
        packages[f"{info}/METADATA"] = Entry(content=pin.version.encode())
        own[f"{info}/RECORD"] = Entry(content=b"made by pip\n")
    own |= packages
    own[f"{library}/site-packages/README.txt"] = Entry(content=b"CPython's\n")
    if not alpine:
        own["/etc/ld.so.cache"] = Entry(content=f"cache\0/usr/local/lib/{shared}\0".encode())

    def digests(entries: Mapping[str, Entry], below: str) -> dict[str, str]:
        return {
            path.removeprefix(f"{below}/"): hashlib.sha256(one.content).hexdigest() for path, one in entries.items()
        }

    made.upstream = Upstream(
        library=digests(sources, library) | {"msilib/__init__.py": "", "test/test_os.py": ""},
        headers=digests(headers, include),
        packages=digests(packages, f"{library}/site-packages"),
    )
