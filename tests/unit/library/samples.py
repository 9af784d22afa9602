"""Library files for tests, put together from lines."""

from __future__ import annotations

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"

HEAD = """\
Maintainers: Ada One <ada@example.org> (@ada),
             Bo Two (@bo)
GitRepo: https://example.org/images.git
"""

PLAIN = f"""\
# made by hand

{HEAD}
Tags: 2.1-stretch, stretch
SharedTags: 2.1, latest
Architectures: amd64, arm64v8
GitCommit: {COMMIT}
Directory: 2.1/stretch

Tags: 2.1-slim
Architectures: amd64
GitCommit: {OTHER}
Directory: 2.1/stretch/slim
"""

#: Everything that the grammar has.
FULL = f"""\
# one
# two

Maintainers: Ada One <ada@example.org> (@ada),
             Bo Two (@bo)
Architectures: amd64, arm64v8
GitRepo: https://example.org/images.git
GitFetch: refs/heads/dist
arm64v8-GitFetch: refs/heads/dist-arm64v8
Builder: buildkit

Tags: 2.1-stretch, stretch
SharedTags: 2.1, latest
GitCommit: {COMMIT}
Directory: 2.1/stretch
arm64v8-GitCommit: {OTHER}

Tags: 2.1-core-1803
SharedTags: 2.1-core, 2.1
Architectures: windows-amd64
GitRepo: https://example.org/windows.git
GitFetch: refs/tags/v2.1
GitCommit: {OTHER}
Directory: 2.1/windows
File: Dockerfile.1803
Constraints: core-1803
Builder: classic

Tags: 2.1-core-1809
SharedTags: 2.1-core, 2.1
Architectures: windows-amd64
GitCommit: {OTHER}
Directory: 2.1/windows
File: Dockerfile.1809
Constraints: core-1809, !aufs
Builder: classic

Maintainers: Cy Three (@cy)
Tags: 2.1-root
GitCommit: {OTHER}
amd64-Directory: x86_64
arm64v8-Directory: aarch64
"""
