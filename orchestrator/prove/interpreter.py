"""Proofs that the interpreter inside is the release it is tagged with, and that it works."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject

#: Extension modules that every cell has to have; each needs a library that a base image may lack at run time.
MODULES = ("ssl", "sqlite3", "ctypes", "bz2", "zlib", "readline", "curses")


def _version(subject: Subject) -> str:
    seen = str(subject.probe("interpreter", *MODULES)["version"])
    expected = subject.cell.image.line.release
    if seen != expected:
        raise ProofFailedError(f"sys.version_info says {seen}, expected {expected}")
    return seen


def _imports(subject: Subject) -> str:
    seen = subject.probe("interpreter", *MODULES)["modules"]
    broken = [f"{name} ({seen.get(name, 'not tried')})" for name in MODULES if seen.get(name) != ""]
    if broken:
        raise ProofFailedError(f"cannot import {', '.join(broken)}")
    return ", ".join(MODULES)


def _pip(subject: Subject) -> str:
    seen = str(subject.probe("interpreter", *MODULES)["pip"])
    line = subject.cell.image.line
    if not seen.startswith(f"pip {line.pip.version} ") or f"python {line.name}" not in seen:
        raise ProofFailedError(f"pip --version says {seen!r}, expected pip {line.pip.version} on python {line.name}")
    return f"pip {line.pip.version}"


PROOFS = (
    Proof(
        name="version",
        claim="The interpreter is the release that the tags promise.",
        link="https://docs.python.org/3/library/sys.html#sys.version_info",
        check=_version,
    ),
    Proof(
        name="imports",
        claim="The extension modules that need libraries of the distribution can be imported.",
        link="https://docs.python.org/3/library/index.html",
        check=_imports,
    ),
    Proof(
        name="pip",
        claim="pip works, at the pinned version, for this interpreter.",
        link="https://pip.pypa.io/en/stable/cli/pip/",
        check=_pip,
    ),
)
