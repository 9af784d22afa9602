"""Where every file above the base comes from."""

from __future__ import annotations

import fnmatch
from collections.abc import Container, Iterable

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.packages import installed
from orchestrator.prove.survey.layer import FileKind
from orchestrator.prove.survey.survey import View

#: What package managers keep for themselves, and what packages make when they are configured.
GENERATED = (
    "/etc/ld.so.cache",
    "/etc/passwd*",
    "/etc/shadow*",
    "/etc/group*",
    "/etc/gshadow*",
    "/etc/alternatives/*",
    "/etc/ca-certificates.conf",
    "/etc/inputrc",
    "/etc/networks",
    "/etc/ssl/certs/ca-certificates.crt",
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
    "/var/lib/dpkg/alternatives/*",
    "/var/lib/dpkg/available*",
    "/var/lib/dpkg/diversions*",
    "/var/lib/dpkg/info/*",
    "/var/lib/dpkg/lock*",
    "/var/lib/dpkg/statoverride*",
    "/var/lib/dpkg/status*",
    "/var/lib/dpkg/triggers/*",
    "/var/lib/systemd/*",
    "/var/lib/ucf/*",
    "/var/lib/shells.state",
    "/var/log/alternatives.log",
    "/var/log/apt/*",
    "/var/log/dpkg.log",
    "/var/log/fontconfig.log",
    "/var/log/lastlog",
    "/var/log/faillog",
)


def _check(subject: Subject) -> str:
    owned = {merged(path) for package in installed(subject.survey.whole).values() for path in package.files}
    own = {path: file for path, file in subject.survey.own.items() if not path.startswith("/usr/local/")}
    view = subject.survey.whole
    strange = [
        path
        for path, file in sorted(own.items())
        if merged(path) not in owned
        and not _any(path, GENERATED)
        # Links that packages make when they are set up: to alternatives, or (certificates by their hash) to what a package owns.
        and not (file.kind is FileKind.SYMLINK and _leads_to(view, path, owned))
        and path not in subject.survey.base.files
    ]
    strange += [
        f"{path} (leads nowhere)"
        for path, file in sorted(own.items())
        if file.kind is FileKind.SYMLINK and merged(path) not in owned and view.resolve(path) is None
    ]
    if strange:
        raise ProofFailedError(f"of no package: {listed(strange)}", output="\n".join(strange))
    return f"{len(own)} files outside /usr/local, each of a package"


def _leads_to(view: View, path: str, owned: Container[str]) -> bool:
    """Tell whether a link ends at a file of a package, or at one of the base."""
    end = view.resolve(path)
    return end is not None and merged(end) in owned


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
