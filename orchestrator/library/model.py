"""A library file of official-images, in the words that it uses itself.

Source: https://github.com/docker-library/official-images#library-definition-files and https://github.com/docker-library/bashbrew (manifest/)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

#: The names that bashbrew knows architectures by: https://github.com/docker-library/bashbrew/blob/master/architecture/oci-platform.go
ARCHITECTURES = (
    "amd64",
    "arm32v5",
    "arm32v6",
    "arm32v7",
    "arm64v8",
    "i386",
    "loong64",
    "mips64le",
    "ppc64le",
    "riscv64",
    "s390x",
    "windows-amd64",
)

#: `Name <mail> (@handle)` or `Name (@handle)`, as bashbrew takes it.
MAINTAINER = re.compile(r"[^\s<>(),][^<>(),]*(?: +<[^\s<>(),]+>)? +\(@[^\s<>(),]+\)")


class Key(StrEnum):
    """The fields of a file, in the order that they are written in."""

    MAINTAINERS = "Maintainers"
    TAGS = "Tags"
    SHARED_TAGS = "SharedTags"
    ARCHITECTURES = "Architectures"
    GIT_REPO = "GitRepo"
    GIT_FETCH = "GitFetch"
    GIT_COMMIT = "GitCommit"
    DIRECTORY = "Directory"
    FILE = "File"
    CONSTRAINTS = "Constraints"
    BUILDER = "Builder"


#: Fields that an architecture may have of its own: `arm64v8-GitCommit`.
SPECIAL = (Key.GIT_REPO, Key.GIT_FETCH, Key.GIT_COMMIT, Key.DIRECTORY, Key.FILE, Key.BUILDER)


class Builder(StrEnum):
    """What builds an entry. A file without the field leaves it to bashbrew, which takes the classic one."""

    BUILDKIT = "buildkit"
    CLASSIC = "classic"
    OCI_IMPORT = "oci-import"


@dataclass(frozen=True, kw_only=True, slots=True)
class Special:
    """What one architecture has in place of a field of its entry."""

    architecture: str
    key: Key
    value: str

    @property
    def name(self) -> str:
        """As the file writes it: `arm64v8-GitCommit`."""
        return f"{self.architecture}-{self.key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A paragraph: a Dockerfile in a commit of a repository, and the tags that are built from it.

    Everything is resolved: what the first paragraph says for all stands in each entry. The defaults here are bashbrew's. `directory` is relative to
    the repository, `file` to the directory; `special` is sorted. `line` is where it begins in the file that it was read from, from 1.
    """

    maintainers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    shared_tags: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ("amd64",)
    git_repo: str = ""
    git_fetch: str = "refs/heads/master"
    git_commit: str = ""
    directory: str = ""
    file: str = "Dockerfile"
    special: tuple[Special, ...] = ()
    constraints: tuple[str, ...] = ()
    builder: str = ""
    line: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """Where it is built from, for people: its directory, else those that its architectures have of their own."""
        return self.directory or ", ".join(one.value for one in self.special if one.key is Key.DIRECTORY)

    def own(self, key: Key, architecture: str) -> str:
        """What an architecture has of its own for a field; empty where it has nothing."""
        return next((one.value for one in self.special if (one.architecture, one.key) == (architecture, key)), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A whole file: comments at its head (without `#`), what its first paragraph says for all entries, and the entries."""

    comments: tuple[str, ...] = field(default=(), compare=False)
    shared: Entry
    entries: tuple[Entry, ...]
