"""The exact shape of `versions.json`. The JSON schema is generated from these types.

Every string has a pattern, because every string may end up in a Dockerfile, a tag or a path.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator.matrix.model import Family
from orchestrator.system.strict import Strict, text

ImageName = Annotated[str, *text(r"[a-z0-9]+(?:-[a-z0-9]+)*", "name of the image family, as in python:3.7", longest=40)]
LineName = Annotated[str, *text(r"[0-9]{1,3}\.[0-9]{1,3}", "a line, such as 3.7")]
Release = Annotated[
    str, *text(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:(?:a|b|rc)[0-9]{1,2})?", "a release, such as 3.7.2")
]
Alias = Annotated[str, *text(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", "another tag of a line, such as 3 or latest", longest=40)]
SuiteName = Annotated[str, *text(r"alpine[0-9]+\.[0-9]+|[a-z]+", "a suite, such as stretch or alpine3.8", longest=40)]
VariantName = Annotated[
    str, *text(r"alpine[0-9]+\.[0-9]+|(?:slim-)?[a-z]+", "a variant, such as slim-stretch or alpine3.8", longest=40)
]
ArchitectureName = Annotated[
    str, *text(r"[a-z0-9]+(?:-[a-z0-9]+)*", "an architecture's official-images name", longest=40)
]
PlatformName = Annotated[str, *text(r"linux/[a-z0-9]+(?:/v[0-9]+)?", "an OCI platform, such as linux/arm64/v8")]
BaseReference = Annotated[
    str,
    *text(
        r"(?:[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*"
        r":[a-zA-Z0-9][a-zA-Z0-9._-]*",
        "an image with a tag, such as debian:stretch-slim",
        longest=200,
    ),
]
Sha256 = Annotated[str, *text(r"[0-9a-f]{64}", "a sha256 in lower-case hex")]
Fingerprint = Annotated[str, *text(r"[0-9A-F]{40}", "the 40 upper-case hex digits of an OpenPGP fingerprint")]
PackageVersion = Annotated[str, *text(r"[0-9]+(?:\.[0-9]+){0,3}", "a released version of a Python package", longest=20)]
PackageName = Annotated[str, *text(r"[a-z0-9]+(?:-[a-z0-9]+)*", "a Python package", longest=40)]
ReleaseSite = Annotated[
    str,
    *text(
        r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-zA-Z0-9_-]+)*",
        "where releases lie, without a slash at the end",
        longest=200,
    ),
]
PoolPath = Annotated[
    str,
    *text(
        r"pool(?:/[a-z0-9][a-zA-Z0-9.+~-]*)+/[a-z0-9][a-zA-Z0-9_.+~-]*",
        "a path below a Debian mirror",
        longest=200,
    ),
]
Reason = Annotated[
    str, *text(r"[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*", "a sentence that says why", longest=400)
]


Web = Annotated[
    str,
    *text(
        r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-zA-Z0-9._~-]+)*",
        "an address, without a slash at the end",
        longest=200,
    ),
]
JobAddress = Annotated[
    str,
    *text(
        r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?(?:/(?:[a-zA-Z0-9._~-]+|\{arch\}))*",
        "the address of a build job, in which {arch} stands for the architecture, without a slash at the end",
        longest=200,
    ),
]
Maintainer = Annotated[
    str,
    *text(
        r"[^\x00-\x1f\x7f<>(),:]*[^\x00-\x20\x7f<>(),:] <[^\x00-\x20\x7f<>(),:]+@[^\x00-\x20\x7f<>(),:]+> \(@[A-Za-z0-9-]+\)",
        "a maintainer, written Name <mail@example.org> (@handle)",
        longest=200,
    ),
]


class PinDocument(Strict):
    """A wheel by version and checksum."""

    version: PackageVersion
    sha256: Sha256


class ExtraDocument(Strict):
    """A further wheel that some recipes install, by name, version and checksum."""

    name: PackageName
    version: PackageVersion
    sha256: Sha256


ArchiveFormat = Annotated[str, *text(r"tar\.xz|tgz", "the tarball's ending: tar.xz or tgz")]


class SourceDocument(Strict):
    """The upstream tarball of a release."""

    format: ArchiveFormat
    sha256: Sha256 = Field(description="the sha256 of the tarball, in lower-case hex")
    pool: PoolPath | None = Field(
        default=None,
        description="a path of the same bytes below a Debian mirror, which is asked first",
    )


class LineDocument(Strict):
    """A line of releases and the variants that it is built on."""

    release: Release = Field(description="the release that is built, such as 3.7.2")
    gpg_key: Fingerprint = Field(
        description="the key that its releases are signed by: the 40 upper-case hex digits of an OpenPGP fingerprint"
    )
    source: SourceDocument
    pip: PinDocument = Field(description="the pip that is installed, by version and checksum of its wheel")
    setuptools: PinDocument = Field(description="the same of setuptools")
    wheel: PinDocument = Field(description="the same of wheel")
    variants: Annotated[tuple[VariantName, ...], Field(min_length=1)] = Field(
        description="what the line is built on: slim-stretch, alpine3.8; an image for each"
    )
    aliases: tuple[Alias, ...] = Field(default=(), description="other names of the line in tags: 3, latest")
    extras: tuple[ExtraDocument, ...] = Field(
        default=(), description="further wheels that some recipes install, each by name, version and checksum"
    )


class BasesDocument(Strict):
    """The images that a suite's flavors start FROM; a flavor without one is not built on that suite."""

    full: BaseReference | None = Field(
        default=None, description="what the full image starts FROM: buildpack-deps:stretch"
    )
    slim: BaseReference | None = Field(default=None, description="what the slim image starts FROM: debian:stretch-slim")
    alpine: BaseReference | None = Field(default=None, description="what an Alpine image starts FROM: alpine:3.8")


class SuiteDocument(Strict):
    """A release of a distribution."""

    family: Family
    bases: BasesDocument
    architectures: Annotated[tuple[ArchitectureName, ...], Field(min_length=1)] = Field(
        description="the architectures that its bases exist for upstream, built here or not"
    )
    archived: bool = Field(
        default=False,
        description="whether it has left the mirrors for the distribution's archive",
    )


class HubDocument(Strict):
    """What the descriptions of the images and the official-images library file tell besides the images themselves."""

    repository: Web = Field(description="where the Dockerfiles are: https://github.com/docker-library/python")
    maintainers: tuple[Maintainer, ...] = Field(
        default=(), description="who answers for the images, as the library file names them"
    )
    build_job: JobAddress | None = Field(
        default=None,
        description="the job that builds an architecture's images, with {arch} in it; without it, no badge is shown",
    )
    elsewhere: dict[ArchitectureName, ArchitectureName] = Field(
        default={},
        description="architectures that others build the image for, each with the namespace where it is (windows-amd64: winamd64)",
    )


class MatrixDocument(Strict):
    """The whole file."""

    name: ImageName
    release_site: ReleaseSite
    default_suite: SuiteName = Field(description="the suite of tags that name none: 3.7, 3.7-slim")
    enabled_architectures: Annotated[tuple[ArchitectureName, ...], Field(min_length=1)] = Field(
        description="the architectures that are built, as far as a suite's bases exist for them"
    )
    architectures: dict[ArchitectureName, PlatformName] = Field(
        description="the architectures by their official-images names, each with its OCI platform: arm64v8 is linux/arm64/v8"
    )
    suites: dict[SuiteName, SuiteDocument] = Field(
        description="releases of distributions by name, with the images that variants on them start FROM"
    )
    lines: dict[LineName, LineDocument] = Field(description="lines of releases by name, with what is built of each")
    default_alpine: SuiteName | None = Field(default=None, description="the suite of tags that end in -alpine")
    best_effort_architectures: dict[ArchitectureName, Reason] = Field(
        default={}, description="architectures that an index may be published without, each with the reason"
    )
    hub: HubDocument | None = Field(
        default=None, description="what 'orchestrator readme' and 'orchestrator library' tell besides the images"
    )
