"""What a description is about, and what of it the templates may tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Family, Flavor, Image, Matrix
from orchestrator.readme.home import Home
from orchestrator.system.strict import did_you_mean

#: `buildpack-deps:stretch`, wherever it is pulled from; `buildpack-deps:stretch-scm` and its like are small ones:
#: https://github.com/docker-library/docs/blob/master/.template-helpers/variant.sh
_BUILDPACK = re.compile(r"(?:.*/)?buildpack-deps:[^-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """An architecture that the image exists for, and the namespace that holds its repository."""

    name: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A repository (`arm64v8/python`, or `python` with no architecture) and its images, in published order.

    `commits` maps the directory of each image to the commit (hex) that changed its Dockerfile last. Templates see nothing but this.
    """

    matrix: Matrix
    architecture: str | None
    images: tuple[Image, ...]
    home: Home
    commits: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the image family: `python`."""
        return self.matrix.name

    @property
    def repository(self) -> str:
        """What stands before the colon when it is pulled: `arm64v8/python`."""
        return f"{self.architecture}/{self.name}" if self.architecture else self.name

    @property
    def shares(self) -> bool:
        """Whether the family has shared tags at all. Only then are its tags listed under headings, those of each architecture.

        So it is in the official descriptions: https://github.com/docker-library/docs/blob/master/.template-helpers/generate-dockerfile-links-partial.tmpl
        """
        return any(image.shared_tags for image in self.matrix.images)

    @property
    def architectures(self) -> tuple[Elsewhere, ...]:
        """Every architecture that some image exists for, by name, those included that others build.

        The order is that of https://github.com/docker-library/docs/blob/master/.template-helpers/arches.sh
        """
        own = {name: name for name in architectures_of(self.matrix)}
        others = self.matrix.hub.elsewhere if self.matrix.hub else {}
        return tuple(Elsewhere(name=name, namespace=where) for name, where in sorted({**own, **others}.items()))

    @property
    def job(self) -> str:
        """The address of the job that builds this architecture, without a slash at its end.

        Empty without one, and where all architectures are meant: unprefixed descriptions have no badge.
        """
        job = self.matrix.hub.build_job if self.matrix.hub else None
        return job.replace("{arch}", self.architecture) if job and self.architecture else ""

    @cached_property
    def flavors(self) -> frozenset[str]:
        """The flavors (`full`, `slim`, `alpine`) that there is an image of: only these are described, and only they are in examples.

        Official descriptions tell of the full image, and run it in examples, also where an architecture has none (arm32v6):
        https://github.com/docker-library/docs/blob/master/.template-helpers/variant.sh
        """
        return frozenset(image.variant.flavor.value for image in self.images)

    @property
    def buildpack(self) -> bool:
        """Whether full images start from buildpack-deps."""
        full = (image.variant for image in self.images if image.variant.flavor is Flavor.FULL)
        return any(_BUILDPACK.fullmatch(variant.base) for variant in full)

    @property
    def suites(self) -> str:
        """The code names that tags have in them: `stretch`; `buster or stretch`; `a, b, or c`. Empty without Debian."""
        debian = (image.variant.suite for image in self.images if image.variant.suite.family is Family.DEBIAN)
        *rest, last = sorted({suite.name for suite in debian}) or [""]
        return f"{', '.join(rest)}{',' if len(rest) > 1 else ''} or {last}" if rest else last

    @cached_property
    def majors(self) -> tuple[int, ...]:
        """The major versions of Python, ascending: (2, 3)."""
        return tuple(sorted({image.line.version[0] for image in self.images}))

    @property
    def example(self) -> str:
        """What the examples run: `arm64v8/python:3`."""
        return f"{self.repository}:{example_tag(self.images, self.majors[-1])}"

    @property
    def second(self) -> str:
        """The same for Python 2; empty where there is none, or nothing else."""
        return f"{self.repository}:{example_tag(self.images, 2)}" if 2 in self.majors[:-1] else ""


def architectures_of(matrix: Matrix) -> tuple[str, ...]:
    """Name the architectures that some image exists for, in the matrix's order; whether they are enabled does not matter."""
    existing = {name for image in matrix.images for name in image.variant.suite.architectures}
    return tuple(one.name for one in matrix.known if one.name in existing)


def images_for(matrix: Matrix, architecture: str | None) -> tuple[Image, ...]:
    """Choose the images that exist for an architecture, or all. Raises `UsageError` for one that is not known, or that none exists for."""
    if architecture is None:
        return matrix.images
    existing = architectures_of(matrix)
    if architecture in existing:
        return tuple(image for image in matrix.images if architecture in image.variant.suite.architectures)
    hint = did_you_mean(architecture, existing)
    if matrix.hub and architecture in matrix.hub.elsewhere:
        raise UsageError(f"the images for {architecture} are built, and described, by others", mend=hint)
    if architecture in [one.name for one in matrix.known]:
        raise UsageError(f"no image of the matrix exists for {architecture}", mend=hint)
    raise UsageError(f'there is no architecture "{architecture[:80]}" in the matrix', mend=hint)


def example_tag(images: Sequence[Image], major: int) -> str:
    """Choose the tag for examples of a major version: `3` itself, else the newest line that is a shared tag.

    Without them it is the shortest simple tag of the first image, one that names no more than the major version if there is one (`3-alpine`).
    """
    own = [image for image in images if image.line.version[0] == major]
    shared = [tag for image in own for tag in image.shared_tags]
    for wanted in (str(major), *(image.line.name for image in own)):
        if wanted in shared:
            return wanted
    return min(own[0].tags, key=lambda tag: (not tag.startswith(f"{major}-"), not tag[0].isdigit(), len(tag)))
