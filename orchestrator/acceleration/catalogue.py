"""Which tools there are: the facts of `tools.yaml`, and what they come to for a cell."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from orchestrator.acceleration.model import Corrected, Tools
from orchestrator.matrix.document import SuiteName
from orchestrator.matrix.model import Architecture, Cell, Family
from orchestrator.system.facts import read_facts
from orchestrator.system.strict import Problem, Strict, convert, text

FACTS = Path(__file__).parent / "tools.yaml"

Program = Annotated[str, *text(r"\[|[a-z0-9][a-z0-9.+-]*", "the name of a program")]
Version = Annotated[str, *text(r"[0-9][A-Za-z0-9.+~-]*", "the version of a package")]
Word = Annotated[str, *text(r"[a-z0-9][a-z0-9_-]*", "a word in lower case")]
Why = Annotated[str, Field(min_length=10, max_length=400)]
Link = Annotated[str, *text(r"https://[^\s]+", "an https link", longest=200)]

#: What turns a suite's packages into tools, besides the programs themselves.
_MAKING = ("binutils", "bzip2", "make", "patch", "patchelf", "xz-utils")
#: What turns the compiler cache's package into one that is found below the mount.
_MAKING_CACHE = ("binutils", "patchelf")
#: Programs that know or report an architecture: an image built with a foreign one would say so.
_NEVER = frozenset(
    {"uname", "arch", "getconf", "bash", "perl", "python", "python3", "dpkg", "apt", "apt-get", "ldconfig"}
    # On Alpine; busybox by its own name is all of its applets at once.
    | {"busybox", "apk", "ldd", "hostid", "lscpu", "setarch", "linux32", "linux64"}
)


class _Reasoned(Strict):
    why: Why
    link: Link


class _Programs(_Reasoned):
    programs: Annotated[tuple[Program, ...], Field(min_length=1)]


class _Cache(_Reasoned):
    program: Program


class _Corrected(_Reasoned):
    cross: Version
    native: Version
    unless: Annotated[str, *text(r"\w*", "how macros begin")] = ""


class _Suite(_Reasoned):
    compiler: Annotated[str, *text(r"[0-9]+(?:\.[0-9]+)?", "a version, as gcc-10 has it")]
    corrected: _Corrected | None = None


class _Target(_Reasoned):
    triplet: Word
    without: tuple[Program, ...] = ()


class _Packages(_Reasoned):
    names: Annotated[tuple[Program, ...], Field(min_length=1)]


class _Alpine(Strict):
    programs: tuple[_Programs, ...]
    packages: _Packages
    suites: dict[SuiteName, _Reasoned]
    targets: dict[Word, _Reasoned]


class Facts(Strict):
    """All of `tools.yaml`."""

    programs: tuple[_Programs, ...]
    compilers: _Programs
    cache: _Cache
    suites: dict[SuiteName, _Suite]
    targets: dict[Word, _Target]
    hosts: tuple[Word, ...]
    alpine: _Alpine

    def suites_for(self, target: str) -> frozenset[str]:
        """Names of the suites that have tools for an architecture (by its official name)."""
        families = (self.suites, self.targets), (self.alpine.suites, self.alpine.targets)
        return frozenset(name for suites, targets in families if target in targets for name in suites)


@cache
def load_facts(path: Path = FACTS) -> Facts:
    """Load the facts. Raises `InvalidFileError` naming file and place."""
    return read_facts(path, _checked, what="file of native tools")


def _checked(raw: object) -> Facts:
    facts = convert(raw, Facts)
    for place, groups in ((), facts.programs), (("alpine",), facts.alpine.programs):
        for index, group in enumerate(groups):
            for name in group.programs:
                if name in _NEVER:
                    raise Problem(
                        (*place, "programs", index, "programs"),
                        f"{name} knows an architecture",
                        "leave it to the emulator",
                    )
    known = {name for group in facts.programs for name in group.programs}
    for target, said in facts.targets.items():
        for name in sorted(set(said.without) - known):
            raise Problem(("targets", target, "without"), f"{name} is none of the programs", "remove it there")
    return facts


def tools_for(cell: Cell, host: Architecture, facts: Facts | None = None) -> Tools | str:
    """Say which tools speed up a cell where a host of another architecture emulates it, or why there are none."""
    facts = facts or load_facts()
    suite, target = cell.image.variant.suite, cell.architecture
    if host.name not in facts.hosts:
        return f"there are no native tools for machines of {host.name}"
    alpine = suite.family is Family.ALPINE
    if target.name not in (facts.alpine.targets if alpine else facts.targets):
        return f"there are no native tools for {target.name}"
    if suite.name not in (facts.alpine.suites if alpine else facts.suites):
        return f"there are no native tools for {suite.name}"
    if alpine:
        return _small_tools(cell, host, facts)
    said, compiler = facts.targets[target.name], facts.suites[suite.name].compiler
    corrected = facts.suites[suite.name].corrected
    triplet = said.triplet
    return Tools(
        base=cell.image.variant.base,
        suite=suite,
        target=target,
        host=host,
        triplet=triplet,
        compiler=compiler,
        programs=tuple(name for group in facts.programs for name in group.programs if name not in said.without),
        compilers=tuple(f"{name}-{compiler}" if name in {"gcc", "cpp"} else name for name in facts.compilers.programs),
        packages=tuple(
            sorted(
                (
                    *_MAKING,
                    f"gcc-{compiler}-{triplet}",
                    f"cpp-{compiler}-{triplet}",
                    f"binutils-{triplet}",
                    facts.cache.program,
                )
            )
        ),
        cache=facts.cache.program,
        corrected=None
        if corrected is None
        else Corrected(cross=corrected.cross, native=corrected.native, unless=corrected.unless),
    )


def _small_tools(cell: Cell, host: Architecture, facts: Facts) -> Tools:
    """Of Alpine, which packs no compiler for another architecture."""
    return Tools(
        base=cell.image.variant.base,
        suite=cell.image.variant.suite,
        target=cell.architecture,
        host=host,
        triplet="",
        compiler="",
        programs=tuple(name for group in facts.alpine.programs for name in group.programs),
        compilers=(),
        packages=tuple(sorted(facts.alpine.packages.names)),
    )


def cache_for(cell: Cell, host: Architecture, facts: Facts | None = None) -> Tools | str:
    """Say what keeps compiled objects for a cell that a host executes natively, or why nothing does.

    The same as `tools_for` without a program that stands in for another: the image's own compiler does the work.
    """
    facts = facts or load_facts()
    suite = cell.image.variant.suite
    if suite.family is not Family.DEBIAN:
        return f"the compiler cache is one of Debian's packages, and this is {suite.family}"
    return Tools(
        base=cell.image.variant.base,
        suite=suite,
        target=cell.architecture,
        host=host,
        triplet="",
        compiler="",
        programs=(),
        compilers=(),
        packages=tuple(sorted((*_MAKING_CACHE, facts.cache.program))),
        cache=facts.cache.program,
    )
