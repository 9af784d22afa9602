"""Reports that look like real ones, of any size, the same each time: for tests of the page, and to look at (`python -m tests.unit.report.page.sample`)."""

from __future__ import annotations

import random
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.contents.model import Component, Contents, Ecosystem, LayerEntry
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.report.run.model import (
    CellReport,
    CellState,
    FailureLine,
    PackageChange,
    PhaseLine,
    Point,
    ProofLine,
    Reference,
    RunPoint,
    RunReport,
    SpanLine,
)

STARTED = datetime(2026, 10, 7, 1, 30, tzinfo=UTC)
RUN = 128
RELEASES = {"3.7": "3.7.2", "3.6": "3.6.8", "3.5": "3.5.6", "3.4": "3.4.9", "2.7": "2.7.15"}
VARIANTS = {
    "3.7": ("stretch", "slim-stretch", "alpine3.8", "alpine3.7"),
    "3.6": ("stretch", "slim-stretch", "alpine3.8", "alpine3.7", "alpine3.6"),
    "3.5": ("stretch", "slim-stretch", "alpine3.8", "alpine3.7"),
    "3.4": ("stretch", "slim-stretch", "alpine3.8", "alpine3.7"),
    "2.7": ("stretch", "slim-stretch", "alpine3.8", "alpine3.7", "alpine3.6"),
}
PLATFORMS = {"amd64": "linux/amd64", "arm64v8": "linux/arm64/v8"}
LICENCES = ("MIT", "GPL-2.0-or-later", "LGPL-2.1-or-later", "BSD-3-Clause", "Zlib", "OpenSSL", "Apache-2.0")
LIBRARIES = (
    "bzip2",
    "ca-certificates",
    "curl",
    "db5.3",
    "expat",
    "gdbm",
    "glibc",
    "libffi",
    "ncurses",
    "openssl",
    "readline",
    "sqlite3",
    "tcl",
    "tk",
    "xz-utils",
    "zlib",
)
PHASES = (
    ("base", 2),
    ("packages", 31),
    ("source", 3),
    ("configure", 38),
    ("compile", 190),
    ("install", 22),
    ("pip", 9),
    ("export", 6),
)
REPOSITORY = "registry.example.net:5000"


def night() -> RunReport:
    """44 cells of which five failed, for two reasons, and two were not tried."""
    broken = {
        "3.7-alpine3.8-arm64v8": _gone(),
        "3.6-alpine3.8-arm64v8": _gone(),
        "2.7-alpine3.8-arm64v8": _gone(),
        "3.7-slim-stretch-amd64": _proof("3.7-slim-stretch-amd64"),
        "2.7-stretch-arm64v8": _compile(),
    }
    waiting = {"2.7-slim-stretch-arm64v8", "2.7-alpine3.7-arm64v8"}
    report = _report(_images(), seed=7, worked={*broken, *waiting})
    cells = tuple(
        _failed(cell, broken[cell.id])
        if cell.id in broken
        else _waiting(cell)
        if cell.id in waiting
        else cell
        for cell in report.cells
    )  # fmt: skip
    missing: dict[str, str] = {}
    for cell in cells:
        if cell.touched and cell.state is not CellState.PROVEN:
            missing.setdefault(cell.image, cell.arch)
    held = tuple((image, f"{arch} is required and not proven") for image, arch in missing.items())
    images = {image for image, _ in held}
    spans = tuple(
        replace(span, failure_class=broken[span.cell].kind if span.cell in broken and span.stage == "build" else "")
        for span in report.spans
        if span.cell not in waiting and not (span.cell in broken and span.stage == "prove")
    )
    return replace(
        report, code=1, cells=cells, held_back=held, spans=spans, published=_published(cells, without=images)
    )


def green() -> RunReport:
    """44 cells, a third of them worked on, all proven and published."""
    return _report(_images(), seed=11)


def idle() -> RunReport:
    """A night on which nothing had changed."""
    report = _report(_images(), seed=11)
    cells = tuple(
        replace(cell, touched=False, action="none", reason="proven, and nothing changed") for cell in report.cells
    )
    ended = report.started + timedelta(seconds=1.4)
    return replace(report, cells=cells, spans=(), published=(), ended=ended, made=ended)


def many(cells: int = 10_000) -> RunReport:
    """As many cells as asked for, a hundredth of which failed."""
    variants = [f"{base}-{number}" for number in range(cells // 20) for base in ("trixie", "slim-trixie")]
    report = _report([(f"3.{line}", f"3.{line}.4", variant) for line in range(9, 14) for variant in variants], seed=3)
    told = list(report.cells[:cells])
    for number in range(17, len(told), 100):
        told[number] = _failed(told[number], _compile() if number % 300 == 17 else _gone())
    return replace(report, code=1, cells=tuple(told))


def hostile(text: str) -> RunReport:
    """A report in which every text is `text`, or has it in it."""
    failure = FailureLine(
        kind=text,
        message=text,
        tail=(text, text),
        since=STARTED,
        since_run=3,
        changed=(text,),
        reproduce=text,
        otherwise=text + text,
    )
    contents = Contents(
        digest=text,
        platform=text,
        created=text,
        layers=(LayerEntry(digest=text, size=1, made_by=text),),
        components=(Component(ecosystem=Ecosystem.DEB, name=text, version=text, licences=(text,), source=text),),
    )
    cell = CellReport(
        id=text, image=text, line=text, release=text, variant=text, arch=text, platform=text, state=CellState.FAILED,
        touched=True, action=text, reason=text, changes=(text,), attempt=1, executed=text, node=text, tries=2, setting=text,
        started=STARTED, seconds=3, prove_seconds=4, phases=(PhaseLine(name=text, seconds=1, cached=False),),
        proofs=tuple(ProofLine(name=text, verdict=verdict, detail=text, seconds=1) for verdict in ("passed", "failed", text)),
        digest=text, size=5, base=text, base_digest=text, log=text, log_tail=(text,), tags=(text,), published=(text,),
        contents=contents, package_changes=(PackageChange(name=text, before=text, after=text),), failure=failure,
        trend=tuple(Point(run=run, started=STARTED, seconds=run, size=run, emulated=False, state=CellState.PROVEN) for run in (1, 2)),
    )  # fmt: skip
    span = SpanLine(
        cell=text, stage=text, node=text, slot=0, emulated=True, started=STARTED, ended=STARTED + timedelta(minutes=1), failure_class=text
    )  # fmt: skip
    return RunReport(
        number=1, command=text, matrix=text, started=STARTED, ended=STARTED + timedelta(minutes=1), code=1, cells=(cell,), spans=(span,),
        published=(Reference(reference=text, digest=text),), held_back=((text, text),), made=STARTED,
    )  # fmt: skip


def _images() -> list[tuple[str, str, str]]:
    return [(line, RELEASES[line], variant) for line, variants in VARIANTS.items() for variant in variants]


def _report(images: Sequence[tuple[str, str, str]], *, seed: int, worked: Container[str] = frozenset()) -> RunReport:
    chance = random.Random(seed)
    components = {base: _components(chance, base) for base in ("alpine", "slim", "full")}
    proofs = _proofs(chance)
    cells = [
        _cell(
            chance,
            image,
            arch,
            components,
            proofs,
            touched=position % 3 != 1 or f"{image[0]}-{image[2]}-{arch}" in worked,
            position=position,
        )
        for position, (image, arch) in enumerate((image, arch) for image in images for arch in PLATFORMS)
    ]
    spans, ended = _spans(cells, slots=3 if len(cells) < 100 else 12)
    done = ended + timedelta(seconds=40)
    return RunReport(
        number=RUN,
        command="orchestrator nightly",
        matrix="versions.json",
        started=STARTED,
        ended=done,
        code=0,
        cells=tuple(cells),
        spans=tuple(spans),
        published=_published(cells, without=set()),
        made=done + timedelta(minutes=2),
        history=tuple(
            RunPoint(number=RUN - back, started=STARTED - timedelta(days=back), seconds=chance.uniform(4000, 9000))
            for back in range(20, 0, -1)
        ),
    )


def _cell(
    chance: random.Random,
    image: tuple[str, str, str],
    arch: str,
    components: dict[str, tuple[Component, ...]],
    proofs: tuple[ProofLine, ...],
    *,
    touched: bool,
    position: int,
) -> CellReport:
    line, release, variant = image
    name = f"{line}-{variant}"
    kind = "alpine" if variant.startswith("alpine") else "slim" if variant.startswith("slim") else "full"
    emulated = arch == "arm64v8"
    factor = (7.5 if emulated else 1.0) * chance.uniform(0.85, 1.25)
    phases = tuple(
        PhaseLine(name=phase, seconds=0.0 if phase == "packages" and position % 4 == 2 else round(usual * factor, 1), cached=phase == "packages" and position % 4 == 2)
        for phase, usual in PHASES
    )  # fmt: skip
    digest = f"sha256:{chance.randbytes(32).hex()}"
    size = {"alpine": 31_000_000, "slim": 54_000_000, "full": 348_000_000}[kind] + chance.randrange(2_000_000)
    started = (
        STARTED + timedelta(seconds=position * 30 % 5000)
        if touched
        else STARTED - timedelta(days=chance.randrange(1, 40))
    )
    run = RUN if touched else RUN - (STARTED - started).days
    references = [f"{REPOSITORY}/{arch}/python:{tag}" for tag in (f"{release}-{variant}", f"{line}-{variant}")]
    return CellReport(
        id=f"{name}-{arch}",
        image=name,
        line=line,
        release=release,
        variant=variant,
        arch=arch,
        platform=PLATFORMS[arch],
        state=CellState.PROVEN,
        touched=touched,
        action="build" if touched else "none",
        reason="the base moved from 1f2e3d4c5b6a to a9b8c7d6e5f4" if touched else "proven, and nothing changed",
        changes=("the base moved from 1f2e3d4c5b6a to a9b8c7d6e5f4",) if touched else (),
        attempt=1000 + position,
        executed="emulated (qemu-aarch64 10.0.2)" if emulated else "native",
        node="here",
        tries=1,
        started=started,
        seconds=sum(phase.seconds for phase in phases),
        prove_seconds=round(11 * factor),
        phases=phases,
        proofs=tuple(replace(proof, seconds=round(proof.seconds * factor, 1)) for proof in proofs),
        digest=digest,
        size=size,
        base={"alpine": "alpine:3.8", "slim": "debian:stretch-slim", "full": "buildpack-deps:stretch"}[kind],
        base_digest=f"sha256:{'a9b8c7d6e5f4' * 5}a9b8",
        log=f"/var/lib/orchestrator/logs/{run}/{name}-{arch}.log",
        log_tail=(
            "#21 [stage-2 7/7] RUN python3 --version",
            f"#21 0.214 Python {release}",
            "#22 exporting to image",
            f"#22 exporting manifest {digest} done",
        ),
        tags=(f"{release}-{variant}", f"{line}-{variant}"),
        published=tuple(references),
        contents=Contents(
            digest=digest,
            platform=PLATFORMS[arch],
            created="2026-10-07T01:30:00Z",
            layers=tuple(
                LayerEntry(digest=f"sha256:{chance.randbytes(32).hex()}", size=chance.randrange(1000, size // 3), made_by=made)
                for made in ("ADD rootfs.tar.xz /", "RUN apt-get install --no-install-recommends libexpat1", "COPY --from=build /usr/local /usr/local", 'CMD ["python3"]')
            ),
            components=components[kind],
        ),
        package_changes=(PackageChange(name="openssl", before="1.1.0j-1", after="1.1.0l-1"), PackageChange(name="tzdata", before="2018i", after="2019c"), PackageChange(name="libgomp1", before="6.3.0-18", after=""))
        if touched
        else (),
        trend=tuple(_trend(chance, run, sum(phase.seconds for phase in phases), size, emulated=emulated)),
    )  # fmt: skip


def _trend(chance: random.Random, run: int, seconds: float, size: int, *, emulated: bool) -> Iterator[Point]:
    for back in range(12, -1, -1):
        number = run - back * 2
        failed = back == 7
        yield Point(
            run=number,
            started=STARTED - timedelta(days=RUN - number),
            seconds=seconds * (1 if back == 0 else chance.uniform(0.9, 1.15)) * (0.4 if failed else 1),
            size=0 if failed else size - back * 90_000,
            emulated=emulated and back != 4,
            state=CellState.FAILED if failed else CellState.PROVEN,
        )


def _components(chance: random.Random, kind: str) -> tuple[Component, ...]:
    ecosystem = Ecosystem.APK if kind == "alpine" else Ecosystem.DEB
    names = [
        *LIBRARIES,
        *(f"lib{name}{number}" for name in LIBRARIES for number in range({"alpine": 1, "slim": 5, "full": 24}[kind])),
    ]
    found = [
        Component(
            ecosystem=ecosystem,
            name=name,
            version=f"{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(9)}-{chance.randrange(9)}",
            licences=tuple(sorted(chance.sample(LICENCES, chance.choice((0, 1, 1, 2))))),
            source=f"{name.strip('0123456789')} 1.2" if name[-1].isdigit() else "",
        )
        for name in sorted(names)
    ]
    python = [
        Component(ecosystem=Ecosystem.PYPI, name=name, version=version, licences=("MIT",))
        for name, version in (("pip", "19.0.2"), ("setuptools", "40.8.0"), ("wheel", "0.33.0"))
    ]
    return (*found, *python, Component(ecosystem=Ecosystem.GENERIC, name="cpython", version="3.7.2", licences=("PSF-2.0",)))  # fmt: skip


def _proofs(chance: random.Random) -> tuple[ProofLine, ...]:
    return tuple(
        ProofLine(name=proof.name, verdict="passed", detail=f"{proof.claim.rstrip('.')}: as expected", seconds=round(chance.uniform(0.02, 0.6), 2))
        for proof in CATALOGUE
    )  # fmt: skip


def _spans(cells: Sequence[CellReport], *, slots: int) -> tuple[list[SpanLine], datetime]:
    free = {(node, slot): STARTED + timedelta(seconds=20) for node in ("here", "arm-builder") for slot in range(slots)}
    spans = []
    for cell in cells:
        if not cell.touched:
            continue
        nodes = {node: not (cell.arch == "arm64v8" and node == "here") for node in ("here", "arm-builder")}
        lane = min(free, key=lambda one: (free[one], not nodes[one[0]]))
        emulated = lane[0] == "here" and cell.arch == "arm64v8"
        begun = free[lane]
        for stage, seconds in (("build", cell.seconds), ("prove", cell.prove_seconds)):
            ended = begun + timedelta(seconds=seconds if emulated or cell.arch == "amd64" else seconds / 6)
            spans.append(
                SpanLine(
                    cell=cell.id,
                    stage=stage,
                    node=lane[0],
                    slot=lane[1],
                    emulated=emulated,
                    started=begun,
                    ended=ended,
                    failure_class="",
                )
            )
            begun = ended + timedelta(seconds=2)
        free[lane] = begun
    return spans, max(free.values())


def _published(cells: Sequence[CellReport], *, without: set[str]) -> tuple[Reference, ...]:
    those = [cell for cell in cells if cell.touched and cell.image not in without]
    own = [Reference(reference=reference, digest=cell.digest) for cell in those for reference in cell.published]
    shared = dict.fromkeys((tag, cell.image) for cell in those for tag in cell.tags)
    return (
        *own,
        *(Reference(reference=f"{REPOSITORY}/library/python:{tag}", digest=f"sha256:{'0' * 64}") for tag, _ in shared),
    )


def _failed(cell: CellReport, failure: FailureLine) -> CellReport:
    failure = replace(failure, message=failure.message.replace("CELL", cell.id), reproduce=failure.reproduce.replace("CELL", cell.id), otherwise=failure.otherwise.replace("CELL", cell.id))  # fmt: skip
    proofs: tuple[ProofLine, ...] = ()
    if failure.kind == "proof failed":
        proofs = tuple(
            replace(proof, verdict="failed", detail="/usr/local/lib/python3.7/lib-dynload/_ssl.cpython-37m-x86_64-linux-gnu.so needs libssl.so.1.0.2, which no package of the image owns")
            if proof.name == "recipe/libraries"
            else replace(proof, verdict="not made", detail="needs recipe/libraries")
            if proof.name.startswith(("pip/", "readme/"))
            else proof
            for proof in cell.proofs
        )  # fmt: skip
    return replace(
        cell, state=CellState.FAILED, touched=True, action="build", failure=failure, log_tail=failure.tail, proofs=proofs, published=(), tries=2,
        digest=cell.digest if proofs else "", size=cell.size if proofs else 0, contents=cell.contents if proofs else None,
        trend=(*cell.trend[:-1], replace(cell.trend[-1], state=CellState.FAILED, size=0)),
    )  # fmt: skip


def _waiting(cell: CellReport) -> CellReport:
    return replace(
        cell, state=CellState.NOT_TRIED, touched=True, action="build", attempt=None, executed="", started=None, seconds=0.0, prove_seconds=0.0,
        phases=(), proofs=(), digest="", size=0, log="", log_tail=(), published=(), contents=None, package_changes=(), trend=cell.trend[:-1],
        reason="the base moved from 1f2e3d4c5b6a to a9b8c7d6e5f4",
    )  # fmt: skip


def _gone() -> FailureLine:
    return FailureLine(
        kind="upstream gone",
        message="CELL: the step 'RUN apk add --no-cache bzip2-dev' failed: the mirror answers 404 for v3.8/main/aarch64/APKINDEX.tar.gz",
        tail=(
            "fetch http://mirror.example.net/alpine/v3.8/main/aarch64/APKINDEX.tar.gz",
            "ERROR: http://mirror.example.net/alpine/v3.8/main: No such file or directory",
            "WARNING: Ignoring APKINDEX.b89edf6e.tar.gz: No such file or directory",
            "ERROR: unsatisfiable constraints:",
            "  bzip2-dev (missing):",
            "    required by: .build-deps-0[bzip2-dev]",
        ),
        since=STARTED - timedelta(days=3),
        since_run=RUN - 3,
        changed=(),
        reproduce="make build VERSION=3.7 VARIANT=alpine3.8 ARCH=arm64v8",
        otherwise="orchestrator build CELL",
        proven=STARTED - timedelta(days=4),
        proven_run=RUN - 4,
        times=4,
    )


def _proof(cell: str) -> FailureLine:
    return FailureLine(
        kind="proof failed",
        message="recipe/libraries: _ssl.cpython-37m-x86_64-linux-gnu.so needs libssl.so.1.0.2, which no package of the image owns",
        tail=(),
        since=STARTED,
        since_run=RUN,
        changed=(
            "the base moved from 1f2e3d4c5b6a to a9b8c7d6e5f4",
            'the recipe changed: line 24 is now "libssl-dev \\", was "libssl1.0-dev \\"; line 31 is new: "tk-dev \\"',
        ),
        reproduce=f"make build VERSION=3.7 VARIANT=slim-stretch ARCH={cell.rpartition('-')[2]}",
        otherwise=f"orchestrator build {cell}",
        proven=STARTED - timedelta(days=1),
        proven_run=RUN - 1,
    )


def _compile() -> FailureLine:
    return FailureLine(
        kind="compile error",
        message="CELL: the step 'RUN make -j \"$(nproc)\"' failed with exit code 2",
        tail=(
            "#18 412.3 gcc -pthread -c -fno-strict-aliasing -g -O2 -DNDEBUG -I. -IInclude -o Modules/_ctypes/libffi/src/aarch64/ffi.o",
            "#18 413.0 ./Modules/_ctypes/libffi/src/aarch64/ffi.c:742:13: error: 'AARCH64_RET_VOID' undeclared (first use in this function)",
            "#18 413.0              flags = AARCH64_RET_VOID;",
            "#18 413.1 make: *** [Makefile:1754: sharedmods] Error 1",
        ),
        since=STARTED,
        since_run=RUN,
        changed=(
            "the source was bumped from 2.7.14 to 2.7.15",
            "the emulator changed: qemu-aarch64 9.2.0 before, qemu-aarch64 10.0.2 now",
        ),
        reproduce="make build VERSION=2.7 VARIANT=stretch ARCH=arm64v8",
        otherwise="orchestrator build CELL",
        proven=STARTED - timedelta(days=2),
        proven_run=RUN - 2,
    )


if __name__ == "__main__":
    from orchestrator.report.run.page.page import render

    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    for name, made in (
        ("night", night()),
        ("green", green()),
        ("idle", idle()),
        ("many", many()),
        ("hostile", hostile("<b>x</b>")),
    ):
        (into / f"{name}.html").write_text(render(made), encoding="utf-8")
