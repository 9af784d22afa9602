"""Alpine's native tools on the real engine, with a small stand-in for Alpine: they are taken, they run, and whatever is in doubt leaves all as it was.

Root file systems are compared as they are in layers: the engine copies them, and nothing that is looked at has a say in it.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import tools_for
from orchestrator.acceleration.grounds import Ground, Side
from orchestrator.acceleration.making import Workbench, plan_tools
from orchestrator.acceleration.measuring import measure
from orchestrator.acceleration.model import CONTEXT, DECLINED, Made, Tools
from orchestrator.bases.catalogue import wanted_bases
from orchestrator.bases.provider import Bases
from orchestrator.build.buildx import BuildRequest
from orchestrator.engine.model import Engine
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import template_directories
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.small_alpine import REFERENCE, SmallAlpine, small_alpine

ROOT = Path(__file__).resolve().parents[2]
#: What ELF calls machines. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
X86_64, AARCH64 = 62, 183
WAYS = (
    "uname -m; /bin/sh -c 'uname -m'; env uname -m; find / -prune -exec uname -m ';'; echo | xargs uname -m; "
    "awk 'BEGIN { system(\"uname -m\") }'"
)

DOCKERFILE = f"""\
FROM scratch AS native-tools
FROM --platform=linux/amd64 building-machine AS host

FROM {REFERENCE} AS pristine
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	apk add --no-cache make && mkdir /said

FROM pristine AS taken
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	/dev/native-tools/take > /said/take
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	({WAYS}) > /said/machine; tsort > /said/tsort; tsort --help | sed 's/of/OF/' > /said/sed; \\
	for path in /bin/sh /bin/sed /usr/bin/tsort /bin/uname /bin/busybox; do head -c 20 "$path" > "/said/header-${{path##*/}}"; done; \\
	/dev/native-tools/take > /said/again
# As a step that goes on without what it was told of: nothing is there to go on with.
FROM taken AS left
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	/dev/native-tools/leave && /dev/native-tools/leave

FROM pristine AS version
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	sed -i 's,V:1.28.4-r3,V:1.28.4-r2,' /lib/apk/db/installed && /dev/native-tools/take > /said/take

FROM pristine AS missing
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	sed -i 's,P:small,P:other,' /lib/apk/db/installed && /dev/native-tools/take > /said/take

FROM pristine AS unlisted
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	rm /lib/apk/db/installed && /dev/native-tools/take > /said/take

FROM pristine AS occupied
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	echo /lib > /etc/ld-musl-x86_64.path && /dev/native-tools/take > /said/take

FROM native-tools AS standalone-tools
COPY --from=host /standalone /tree/bin/busybox
FROM pristine AS standalone
RUN --mount=type=bind,from=standalone-tools,target=/dev/native-tools \\
	/dev/native-tools/take > /said/take

FROM native-tools AS broken-tools
COPY --from=host /lib/apk/db/installed /tree/bin/busybox
FROM pristine AS broken
RUN --mount=type=bind,from=broken-tools,target=/dev/native-tools \\
	/dev/native-tools/take > /said/take

FROM native-tools AS unlinked-tools
COPY --from=host /lib/apk/db/installed /lib/libsmall.so.1
FROM pristine AS unlinked
RUN --mount=type=bind,from=unlinked-tools,target=/dev/native-tools \\
	/dev/native-tools/take > /said/take

# Another package's program in the place of one of busybox.
FROM pristine AS other
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
	rm /bin/sed && cp /standalone /bin/sed && /dev/native-tools/take > /said/take

FROM scratch
COPY --from=pristine / /pristine/
COPY --from=taken / /taken/
COPY --from=left / /left/
COPY --from=version / /version/
COPY --from=missing / /missing/
COPY --from=unlisted / /unlisted/
COPY --from=occupied / /occupied/
COPY --from=standalone / /standalone/
COPY --from=broken / /broken/
COPY --from=unlinked / /unlinked/
COPY --from=other / /other/
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """Root file systems by name: what each file is (a directory's time is left out: whatever is moved in it changes that), and what is in it."""

    files: Mapping[str, Mapping[str, tuple[object, ...]]]
    contents: Mapping[str, bytes]

    def said(self, root: str, name: str = "take") -> str:
        return self.contents[f"{root}/said/{name}"].decode()

    def changed(self, root: str, since: str = "pristine") -> set[str]:
        """Names of files that are not as they were, but for what the steps of this test have written down."""
        ours, theirs = self.files[root], self.files[since]
        names = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
        return {name for name in names if not name.startswith("said/")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The stand-in, the cell that is built on it, and tools that were made of it."""

    alpine: SmallAlpine
    cell: Cell
    host_cell: Cell
    made: Made


@pytest.fixture(scope="module")
def prepared(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    progress, directory = Silent(), tmp_path_factory.mktemp("alpine")
    matrix = load_matrix(ROOT / "versions.json")
    cell = next(one for one in matrix.cells if one.id == "3.7-alpine3.8-arm64v8")
    native = next(one for one in matrix.known if one.name == "amd64")
    examples = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    slim = next(one for one in examples.cells if one.id == "2.7-slim-bullseye-amd64")
    debian = Bases(places=Places.from_environment(), progress=progress).ensure(wanted_bases([slim])[0])
    alpine = small_alpine(engine, debian, native, cell.architecture, directory)
    tools = tools_for(cell, native)
    assert isinstance(tools, Tools)
    # Nobody else has a use for them.
    places = Places(cache=directory / "cache", state=directory / "state")
    plan = plan_tools(tools, recipe_for(cell.image), alpine.host.digest, template_directories(matrix))
    made = Workbench(places=places, progress=progress, build=alpine.build).ensure(plan, alpine.host)
    return Prepared(alpine=alpine, cell=cell, host_cell=replace(cell, architecture=native), made=made)


@pytest.fixture(scope="module")
def looked(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    directory = tmp_path_factory.mktemp("looked")
    (directory / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    packed = directory.parent / f"{directory.name}.tar"
    result = prepared.alpine.build(
        BuildRequest(
            directory=directory,
            platform=str(prepared.cell.architecture.platform),
            contexts={
                REFERENCE: prepared.alpine.target.context,
                CONTEXT: prepared.made.context,
                "building-machine": prepared.alpine.host.context,
            },
            reference="",
            timeout=600.0,
            log=directory.parent / f"{directory.name}.log",
            emulated=True,
            export=f"type=tar,dest={packed}",
        )
    )
    assert result.failure is None, result.failure
    files: dict[str, dict[str, tuple[object, ...]]] = {}
    contents: dict[str, bytes] = {}
    with tarfile.open(packed) as archive:
        for member in archive:
            root, _, name = member.name.strip("/").partition("/")
            reader = archive.extractfile(member) if member.isreg() else None
            data = reader.read() if reader is not None else b""
            if member.isreg():
                contents[f"{root}/{name}"] = data
            files.setdefault(root, {})[name] = (
                member.type, member.mode, member.uid, member.gid, member.linkname, hashlib.sha256(data).hexdigest(),
                None if member.isdir() else member.mtime,
            )  # fmt: skip
    return Looked(files=files, contents=contents)


def machine(header: bytes) -> int:
    """Read of an ELF header (its first 20 bytes, of a machine with little-endian words) which machine the file is for."""
    assert header[:6] == b"\x7fELF\x02\x01"
    return int.from_bytes(header[18:20], "little")


def test_programs_of_the_building_machine_stand_at_the_paths_and_run(looked: Looked) -> None:
    taken = looked.changed("taken")
    assert {"bin/sh", "bin/sed", "usr/bin/find", "usr/bin/tsort", "usr/bin/["} <= taken
    links = [name for name in taken if not name.startswith(".emulated")]
    assert looked.said("taken") == f"native-tools: {len(links) - 2} programs taken\n"
    assert not {"bin/uname", "bin/arch", "bin/busybox", "bin/apk", "lib/apk/db/installed"} & taken
    headers = {
        name: machine(looked.contents[f"taken/said/header-{name}"])
        for name in ("sh", "sed", "tsort", "uname", "busybox")
    }
    assert headers == {"sh": X86_64, "sed": X86_64, "tsort": X86_64, "uname": AARCH64, "busybox": AARCH64}
    # Linked against a library that the tools brought, by a loader that they brought.
    assert looked.said("taken", "tsort") == "of the building machine\n"
    assert looked.said("taken", "sed") == "OF the building machine\n"


def test_the_machine_is_told_as_before_whoever_asks(looked: Looked) -> None:
    assert looked.said("taken", "machine") == "aarch64\n" * 6


def test_a_second_time_takes_the_same(looked: Looked) -> None:
    assert looked.said("taken", "again") == looked.said("taken")


def test_leaving_puts_back_every_byte(looked: Looked) -> None:
    assert len(looked.files["pristine"]) > 40
    assert looked.changed("left") == set()


@pytest.mark.parametrize(
    ("root", "why", "changed"),
    [
        ("version", "busybox 1.28.4-r2 here, 1.28.4-r3 there;", {"lib/apk/db/installed"}),
        ("missing", "small is not installed here;", {"lib/apk/db/installed"}),
        ("unlisted", "the packages here cannot be listed", {"lib/apk/db/installed"}),
        ("occupied", "there is something at /etc/ld-musl-x86_64.path", {"etc/ld-musl-x86_64.path"}),
        ("standalone", "the machine is told otherwise: x86_64 in place of aarch64", set()),
        ("broken", "programs of another machine do not start here", set()),
        ("unlinked", "tsort does not start here", set()),
    ],
)
def test_any_doubt_declines_and_leaves_all_as_it_was(looked: Looked, root: str, why: str, changed: set[str]) -> None:
    assert looked.said(root) == f"{DECLINED} {why}\n"
    assert looked.changed(root) == changed


def test_what_another_package_brought_stays(looked: Looked) -> None:
    assert looked.contents["other/bin/sed"] == looked.contents["other/standalone"]
    taken, there = (looked.changed(root) for root in ("other", "taken"))
    assert there - taken == {".emulated/bin/sed"}
    assert taken <= there
    assert looked.said("other") != looked.said("taken")


def test_a_clock_of_seconds_measures_nothing_and_is_no_failure(prepared: Prepared, tmp_path: Path) -> None:
    sides = (
        Side(reference=one.reference, context=one.context) for one in (prepared.alpine.host, prepared.alpine.target)
    )
    native, emulated = sides
    found = measure(
        Ground(name=REFERENCE, native=native, emulated=emulated),
        prepared.host_cell.architecture,
        prepared.cell.architecture,
        "QEMU",
        build=prepared.alpine.build,
        log=tmp_path / "log",
    )
    assert found.measures == ()
