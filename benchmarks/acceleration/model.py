"""What the measurement of acceleration knows: ways to build a cell, stretches of a build, timings, and whether two images are equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Way(StrEnum):
    """How an image is built."""

    NATIVE = "native"
    PLAIN = "plain"
    ACCELERATED = "accelerated"
    REBUILT = "rebuilt"


class Stretch(StrEnum):
    """What a build spends its time on, in order. The last two are sums: what compiles, and everything."""

    BASE_PACKAGES = "packages of the image"
    BUILD_PACKAGES = "build packages"
    UNPACK = "unpack"
    CONFIGURE = "configure"
    MAKE = "make"
    INSTALL = "make install"
    PIP = "pip"
    RUNTIME_PACKAGES = "runtime packages"
    EXPORT = "export"
    OTHER = "everything else"
    COMPILING = "configure + make + make install"
    WHOLE = "whole, from base to image"


#: What `Stretch.COMPILING` is the sum of.
COMPILING = (Stretch.CONFIGURE, Stretch.MAKE, Stretch.INSTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """One build: seconds by stretch, and how many times the native seconds that is. `run` names the run in which both were measured.

    The ratios are kept, so that they stay those of one run when the native build is measured again in another. The native one has none.
    """

    run: str
    seconds: Mapping[Stretch, float]
    ratios: Mapping[Stretch, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give its JSON form."""
        return {
            "run": self.run,
            "seconds": {str(name): value for name, value in self.seconds.items()},
            "times_native": {str(name): value for name, value in self.ratios.items()},
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read its JSON form."""
        return cls(
            run=document["run"],
            seconds={Stretch(name): float(value) for name, value in document["seconds"].items()},
            ratios={Stretch(name): float(value) for name, value in document["times_native"].items()},
        )


def timing(run: str, seconds: Mapping[Stretch, float], native: Mapping[Stretch, float] | None) -> Timing:
    """Make a timing out of what was measured in one run; `native` is None for the native build itself."""
    ratios = {
        name: round(value / native[name], 2)
        for name, value in seconds.items()
        if native is not None and native.get(name, 0.0) > 0
    }
    return Timing(run=run, seconds={name: round(value, 2) for name, value in seconds.items()}, ratios=ratios)


@dataclass(frozen=True, kw_only=True, slots=True)
class Equality:
    """What became of comparing two images of a cell.

    `paths`, `files` and `packages` count what was compared, `layers` those above the base. `explained` maps a path whose bytes differ to why they do in any
    two builds, and nothing else of it differs. `differences` are sentences about everything else: the images are equal where there are none.
    """

    run: str
    paths: int
    files: int
    packages: int
    layers: int
    explained: Mapping[str, str]
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing is left that cannot be explained."""
        return not self.differences

    def document(self) -> dict[str, Any]:
        """Give its JSON form."""
        return {
            "run": self.run,
            "paths": self.paths,
            "files": self.files,
            "packages": self.packages,
            "layers": self.layers,
            "explained": dict(self.explained),
            "differences": list(self.differences),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read its JSON form."""
        return cls(
            run=document["run"],
            paths=int(document["paths"]),
            files=int(document["files"]),
            packages=int(document["packages"]),
            layers=int(document["layers"]),
            explained=dict(document["explained"]),
            differences=tuple(document["differences"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What is known of an image: timings by way, and how the accelerated image compares with that of another way. `release` is CPython's."""

    image: str
    release: str
    timings: Mapping[Way, Timing] = field(default_factory=dict)
    equalities: Mapping[Way, Equality] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give its JSON form."""
        return {
            "release": self.release,
            "timings": {str(way): one.document() for way, one in self.timings.items()},
            "accelerated_equals": {str(way): one.document() for way, one in self.equalities.items()},
        }

    @classmethod
    def read(cls, image: str, document: Mapping[str, Any]) -> Self:
        """Read its JSON form."""
        return cls(
            image=image,
            release=document["release"],
            timings={Way(way): Timing.read(one) for way, one in document["timings"].items()},
            equalities={Way(way): Equality.read(one) for way, one in document["accelerated_equals"].items()},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What is promised of an image, as times the native seconds of the same run."""

    compiling: float
    whole: float
    rebuilt: float


#: By release: the bars of the project's own issue on acceleration, for a machine with two cores.
PROMISES = {
    "2.7.18": Promise(compiling=2.0, whole=2.5, rebuilt=1.0),
    "3.9.2": Promise(compiling=2.5, whole=2.5, rebuilt=1.0),
}
