"""The standard library and the headers, byte for byte."""

from __future__ import annotations

import re

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

#: What `make install` makes of its own, or what other proofs look at.
_OTHERS = re.compile(
    r"(?:site-packages|lib-dynload|config[^/]*)/|(?:.*/)?(?:tests?|__pycache__)/|LICENSE\.txt$|_sysconfigdata[^/]*\.py$|.*\.py[co]$"
    r"|lib2to3/(?:Pattern)?Grammar[^/]*\.pickle$"
)
#: Modules of other systems, and tests: not installed, or removed by the recipe.
_NOT_INSTALLED = re.compile(r"(?:.*/)?(?:tests?|idle_test|_bundled)/|msilib/|plat-(?!linux)[^/]*/|site-packages/")


def _check(subject: Subject) -> str:
    upstream = subject.upstream
    if upstream is None:
        raise ProofFailedError("the source tarball is not at hand")
    library = f"/usr/local/lib/python{subject.cell.image.line.name}/"
    view = subject.survey.whole
    seen = {
        path.removeprefix(library): file for path, file in view.below(library) if file.kind is not FileKind.DIRECTORY
    }
    own = {path: file for path, file in seen.items() if not _OTHERS.match(path)}
    wrong = [
        f"{path} differs from upstream's"
        for path, file in own.items()
        if _differs(file.sha256, upstream.library.get(path))
    ]
    wrong += [f"{path} is not upstream's" for path in own if path not in upstream.library]
    wrong += [
        f"{path} is missing"
        for path in sorted(upstream.library)
        if path.endswith(".py") and path not in seen and not _NOT_INSTALLED.match(path)
    ]
    headers = {
        path.split("/", 5)[5]: file for path, file in view.below("/usr/local/include") if file.kind is FileKind.FILE
    }
    wrong += [
        f"the header {path} differs from upstream's"
        for path, file in headers.items()
        if path != "pyconfig.h" and file.sha256 != upstream.headers.get(path)
    ]
    if "Python.h" not in headers or "pyconfig.h" not in headers:
        wrong.append("the headers are missing")
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(own)} files of the standard library and {len(headers)} headers"


def _differs(seen: str, upstream: str | None) -> bool:
    return upstream is not None and seen != upstream


PROOF = Proof(
    name="recipe/upstream",
    claim="Every Python file of the standard library and every header is byte for byte the source tarball's; none is missing, none was added.",
    link="https://reproducible-builds.org/docs/definition/",
    check=_check,
    against_inputs=True,
)
