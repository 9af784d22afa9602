"""Which bases can be made from a Debian mirror, and what goes into each. Data with reasons; nothing here runs anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestrator.bases.model import Wanted
from orchestrator.errors import EnvironmentFailedError, UnreachableError
from orchestrator.matrix.model import Cell, Family, Platform


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A sort of base: its packages beyond Debian's minimal system, and dpkg's settings.

    `limit` is in seconds for a native bootstrap; `expected` about what it takes natively and emulated on two cores.
    """

    name: str
    packages: tuple[str, ...]
    dpkg_options: tuple[str, ...]
    limit: float
    expected: tuple[float, float]


#: dpkg's fsync after each file costs minutes and protects nothing in an image. Debian's own images are set so, too.
_FAST = ("force-unsafe-io",)
#: What the `-slim` images leave out. Licences stay: distributing without them is not allowed.
_SLIM = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/groff/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/linda/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "path-exclude=/usr/share/man/*",
)

#: Why each group of packages is in `buildpack-deps` (https://github.com/docker-library/buildpack-deps): users compile their own
#: packages' extension modules in the full images and count on these.
BUILDPACK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "download over TLS, and check signatures": (
            "ca-certificates", "curl", "dirmngr", "gnupg", "netbase", "tzdata", "wget",
        ),
        "fetch sources from version control": ("git", "mercurial", "openssh-client", "subversion"),
        "look at processes and files": ("file", "procps"),
        "compile and link": (
            "autoconf", "automake", "dpkg-dev", "g++", "gcc", "libc6-dev", "libtool", "make", "patch",
        ),
        "unpack archives": ("bzip2", "unzip", "xz-utils"),
        "compression libraries": ("libbz2-dev", "liblzma-dev", "zlib1g-dev"),
        "databases": (
            "default-libmysqlclient-dev", "libdb-dev", "libgdbm-dev", "libmaxminddb-dev", "libpq-dev", "libsqlite3-dev",
        ),
        "network and cryptography": ("libcurl4-openssl-dev", "libevent-dev", "libkrb5-dev", "libssl-dev"),
        "images": (
            "imagemagick", "libjpeg-dev", "libmagickcore-dev", "libmagickwand-dev", "libpng-dev", "libwebp-dev",
        ),
        # libxslt1-dev is what provides the virtual package libxslt-dev that buildpack-deps names.
        "documents": ("libxml2-dev", "libxslt1-dev", "libyaml-dev"),
        "language run times": ("libffi-dev", "libglib2.0-dev", "libgmp-dev"),
        "terminals": ("libncurses5-dev", "libncursesw5-dev", "libreadline-dev"),
    }
)  # fmt: skip

SLIM = Kind(
    name="debian-slim",
    packages=(),
    dpkg_options=(*_FAST, *_SLIM),
    limit=600.0,
    expected=(25.0, 85.0),
)
DEBIAN = Kind(name="debian", packages=(), dpkg_options=_FAST, limit=600.0, expected=(25.0, 85.0))
BUILDPACK_DEPS = Kind(
    name="buildpack-deps",
    packages=tuple(sorted(package for group in BUILDPACK.values() for package in group)),
    dpkg_options=_FAST,
    limit=1800.0,
    expected=(100.0, 600.0),
)

#: OCI architecture and variant to Debian's name (Debian's wiki, SupportedArchitectures).
_DEBIAN_NAMES = {
    ("amd64", None): "amd64",
    ("arm", "v5"): "armel",
    ("arm", "v7"): "armhf",
    ("arm64", None): "arm64",
    ("arm64", "v8"): "arm64",
    ("386", None): "i386",
    ("mips64le", None): "mips64el",
    ("ppc64le", None): "ppc64el",
    ("riscv64", None): "riscv64",
    ("s390x", None): "s390x",
}


def wanted_bases(cells: Iterable[Cell]) -> tuple[Wanted, ...]:
    """List the Debian bases that the cells start FROM, each once, in the order of the cells."""
    found: dict[tuple[str, str], Wanted] = {}
    for cell in cells:
        variant = cell.image.variant
        if variant.suite.family is Family.DEBIAN:
            wanted = Wanted(reference=variant.base, suite=variant.suite, architecture=cell.architecture)
            found.setdefault((wanted.reference, wanted.architecture.name), wanted)
    return tuple(found.values())


def kind_of(wanted: Wanted) -> Kind:
    """Tell how a base is made. Raises where it cannot be made from a mirror."""
    suite = wanted.suite
    name, _, tag = wanted.reference.rpartition("/")[2].partition(":")
    kinds = {
        ("debian", f"{suite.name}-slim"): SLIM,
        ("debian", suite.name): DEBIAN,
        ("buildpack-deps", suite.name): BUILDPACK_DEPS,
    }
    if suite.archived:
        raise UnreachableError(
            f"{wanted.reference}: Debian {suite.name} has left the mirrors, so it cannot be bootstrapped from the one of this host",
            mend="build where a registry serves this image; or, without one, choose a suite that the mirror has: "
            "--matrix examples/debian/versions.json",
        )
    kind = kinds.get((name, tag))
    if suite.family is not Family.DEBIAN or kind is None:
        possible = ", ".join(f"{repository}:{possible}" for repository, possible in kinds)
        raise EnvironmentFailedError(
            f"{wanted.reference} cannot be bootstrapped from a Debian mirror",
            mend=f"build where a registry serves it, or start from one of {possible}"
            if suite.family is Family.DEBIAN
            else "build where a registry serves it, or choose a variant on Debian",
        )
    return kind


def debian_architecture(platform: Platform) -> str:
    """Give Debian's name of a platform. Raises `EnvironmentFailedError` for one that Debian does not have."""
    try:
        return _DEBIAN_NAMES[platform.architecture, platform.variant]
    except KeyError:
        raise EnvironmentFailedError(
            f"Debian has no architecture for {platform}", mend="leave it out with --arch, or fix it in the matrix"
        ) from None
