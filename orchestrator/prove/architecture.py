"""Proofs that an image is for the architecture it is tagged with: what its config says, what its files are, what runs."""

from __future__ import annotations

from orchestrator.prove.elf import EXPECTED, read_header
from orchestrator.prove.interpreter import MODULES
from orchestrator.prove.model import Proof, ProofFailedError, Subject

#: What `uname -m` says, by the architecture part of a platform. A 32-bit ARM program on a 64-bit kernel sees armv8l.
_MACHINES = {
    "amd64": {"x86_64"},
    "arm64": {"aarch64"},
    "arm": {"armv5tel", "armv6l", "armv7l", "armv8l"},
    "386": {"i386", "i486", "i586", "i686", "x86_64"},
    "ppc64le": {"ppc64le"},
    "s390x": {"s390x"},
}


def _platform(subject: Subject) -> str:
    wanted = subject.cell.architecture.platform
    config = subject.config
    seen = (str(config.get("Os", "")), str(config.get("Architecture", "")), str(config.get("Variant", "") or ""))
    # An absent variant on arm64 means v8, the only one there is: https://github.com/containerd/platforms/blob/main/database.go
    normal = (*seen[:2], seen[2] or ("v8" if seen[1] == "arm64" else ""))
    expected = (wanted.os, wanted.architecture, wanted.variant or "")
    if normal != expected:
        raise ProofFailedError(f"the config says {'/'.join(filter(None, seen))}, expected {wanted}")
    return str(wanted)


def _interpreter(subject: Subject) -> str:
    path = f"/usr/local/bin/python{subject.cell.image.line.name}"
    header = read_header(subject.file(path)[:64])
    expected = EXPECTED.get(subject.cell.architecture.platform.architecture)
    if header is None:
        raise ProofFailedError(f"{path} is not an ELF file")
    if header != expected:
        raise ProofFailedError(f"{path} is for {header}, expected {expected}")
    return str(header)


def _machine(subject: Subject) -> str:
    seen = str(subject.probe("interpreter", *MODULES)["machine"])
    expected = _MACHINES.get(subject.cell.architecture.platform.architecture, set())
    if seen not in expected:
        raise ProofFailedError(f"uname -m says {seen}, expected {' or '.join(sorted(expected))}")
    return seen


PROOFS = (
    Proof(
        name="platform",
        claim="The image's config names the platform that it is built for.",
        link="https://github.com/opencontainers/image-spec/blob/main/config.md",
        check=_platform,
    ),
    Proof(
        name="interpreter-elf",
        claim="The interpreter's ELF header, read without running it, is for that platform.",
        link="https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html",
        check=_interpreter,
    ),
    Proof(
        name="machine",
        claim="A program inside sees the machine of that platform.",
        link="https://man7.org/linux/man-pages/man2/uname.2.html",
        check=_machine,
    ),
)
