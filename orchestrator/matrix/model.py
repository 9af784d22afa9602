"""What the project builds, in the field's words: architectures, suites, lines, variants, images and cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path


class Family(StrEnum):
    """The distribution family: which package manager and C library an image has."""

    DEBIAN = "debian"
    ALPINE = "alpine"


class Flavor(StrEnum):
    """How much of the distribution comes along."""

    FULL = "full"
    SLIM = "slim"
    ALPINE = "alpine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """An OCI platform, `linux/arm64/v8`.

    Source: https://github.com/opencontainers/image-spec/blob/main/image-index.md
    """

    os: str
    architecture: str
    variant: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Split `os/architecture[/variant]`; the text has been validated by the loader."""
        os, architecture, *variant = text.split("/")
        return cls(os=os, architecture=architecture, variant=variant[0] if variant else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """An architecture under its official-images name (`arm64v8`), with the platform that BuildKit knows it by."""

    name: str
    platform: Platform


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A release of a distribution: `stretch`, `alpine3.8`.

    `bases` maps a flavor to the image that it starts FROM; `architectures` are the names that these bases exist for upstream,
    sorted; `archived` says that the suite has left the mirrors for the distribution's archive.
    """

    name: str
    family: Family
    bases: Mapping[Flavor, str]
    architectures: tuple[str, ...]
    archived: bool = False

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers in the name, to order Alpine's releases: `alpine3.8` is (3, 8); empty for code names."""
        return tuple(int(number) for number in re.findall(r"\d+", self.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A suite in one flavor: what stands behind the version in a tag."""

    suite: Suite
    flavor: Flavor

    @property
    def name(self) -> str:
        """The user-facing name: `stretch`, `slim-stretch`, `alpine3.8`."""
        return f"slim-{self.suite.name}" if self.flavor is Flavor.SLIM else self.suite.name

    @property
    def directory(self) -> str:
        """The path below the line's directory: `stretch`, `stretch/slim`, `alpine3.8`."""
        return f"{self.suite.name}/slim" if self.flavor is Flavor.SLIM else self.suite.name

    @property
    def base(self) -> str:
        """The image that it starts FROM."""
        return self.suite.bases[self.flavor]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One wheel, fixed by version and by the sha256 (hex) of its file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The upstream tarball: its address, file name and sha256 (hex).

    `pool` is the path of the same bytes below a Debian mirror, for machines that reach nothing else.
    """

    url: str
    sha256: str
    pool: str | None = None

    @property
    def file(self) -> str:
        """The file name in the address: `Python-3.7.2.tar.xz`."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of releases (3.7) at its current release (3.7.2)."""

    name: str
    release: str
    aliases: tuple[str, ...]
    gpg_key: str
    source: Source
    pip: Pin
    setuptools: Pin
    wheel: Pin
    extras: tuple[Pin, ...]

    @property
    def version(self) -> tuple[int, int]:
        """The line as numbers, to compare: (3, 7)."""
        major, minor = self.name.split(".")
        return int(major), int(minor)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A line on a variant: one Dockerfile. `tags` and `shared_tags` are in the order of the published lists."""

    line: Line
    variant: Variant
    tags: tuple[str, ...]
    shared_tags: tuple[str, ...]

    @property
    def id(self) -> str:
        """`3.7-slim-stretch`."""
        return f"{self.line.name}-{self.variant.name}"

    @property
    def directory(self) -> str:
        """Where its Dockerfile is, relative to the matrix: `3.7/stretch/slim`."""
        return f"{self.line.name}/{self.variant.directory}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """An image for an architecture: one build."""

    image: Image
    architecture: Architecture

    @property
    def id(self) -> str:
        """`3.7-slim-stretch-arm64v8`: the same string in the CLI, logs, file names and reports."""
        return f"{self.image.id}-{self.architecture.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hub:
    """What the descriptions and the official-images library file tell besides the images.

    `repository` is the address of the repository that holds the Dockerfiles, without `.git`; `maintainers` are written `Name <mail> (@handle)`; `build_job` has `{arch}` where
    the architecture stands; `elsewhere` maps architectures that others build for to their namespaces.
    """

    repository: str
    maintainers: tuple[str, ...] = ()
    build_job: str | None = None
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Everything that one `versions.json` declares, in published order.

    `path` is the file it came from; Dockerfiles lie relative to the file's directory. `known` are all architectures that the file
    names, `enabled` those that are built; `best_effort` maps those of them that an index may be published without to the reasons.
    `release_site` is where upstream's releases lie, a directory each.
    """

    path: Path
    name: str
    default_suite: str
    default_alpine: str | None
    known: tuple[Architecture, ...]
    enabled: tuple[Architecture, ...]
    suites: tuple[Suite, ...]
    lines: tuple[Line, ...]
    images: tuple[Image, ...]
    best_effort: Mapping[str, str] = field(default_factory=dict)
    release_site: str = ""
    hub: Hub | None = None

    @property
    def root(self) -> Path:
        """The directory that holds the rendered Dockerfiles."""
        return self.path.parent

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every image on every enabled architecture that its base exists for."""
        return tuple(
            Cell(image=image, architecture=architecture)
            for image in self.images
            for architecture in self.enabled
            if architecture.name in image.variant.suite.architectures
        )
