"""Where every file above the base comes from."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.packages import installed
from orchestrator.prove.survey.layer import FileKind

#: What package managers keep for themselves, and what packages make when they are configured.
_GENERATED = (
    "/etc/ld.so.cache",
    "/etc/passwd*",
    "/etc/shadow*",
    "/etc/group*",
    "/etc/gshadow*",
    "/etc/alternatives/*",
    "/etc/ca-certificates.conf",
    "/etc/inputrc",
    "/etc/networks",
    "/etc/ssl/certs/*",
    "/etc/apk/*",
    "/lib/apk/*",
    "/usr/share/fonts/*/.uuid",
    "/usr/share/info/dir*",
    "/var/cache/debconf/*",
    "/var/cache/fontconfig/*",
    "/var/cache/ldconfig/*",
    "/var/cache/man/*",
    "/var/cache/misc/*",
    "/var/lib/apt/*",
    "/var/cache/apt/archives/lock",
    "/var/lib/dpkg/*",
    "/var/lib/systemd/*",
    "/var/lib/ucf/*",
    "/var/lib/shells.state",
    "/var/log/*",
    # The archived suite's sources are rewritten, which the recipe says: dockerfile-templates/archived.j2
    "/etc/apt/sources.list",
)


def _check(subject: Subject) -> str:
    owned = {merged(path) for package in installed(subject.survey.whole).values() for path in package.files}
    own = {path: file for path, file in subject.survey.own.items() if not path.startswith("/usr/local/")}
    strange = [
        path
        for path, file in sorted(own.items())
        if merged(path) not in owned
        and not _any(path, _GENERATED)
        and not (file.kind is FileKind.SYMLINK and file.target.startswith("/etc/alternatives/"))
    ]
    if strange:
        raise ProofFailedError(f"of no package: {listed(strange)}", output="\n".join(strange))
    return f"{len(own)} files outside /usr/local, each of a package"


def _any(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def merged(path: str) -> str:
    """Give a path one name whether or not /bin, /sbin and /lib are links into /usr (https://wiki.debian.org/UsrMerge)."""
    return path.removeprefix("/usr") if path.startswith(("/usr/bin/", "/usr/sbin/", "/usr/lib")) else path


PROOF = Proof(
    name="recipe/files",
    claim="Every file above the base is below /usr/local, belongs to an installed package, or is known to be made by one.",
    link="https://wiki.debian.org/FilesystemHierarchyStandard",
    check=_check,
)
