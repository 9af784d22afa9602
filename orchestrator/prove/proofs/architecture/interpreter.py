"""The ELF headers of the interpreter and its library, read without running either."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.elf import expected_header


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    expected = expected_header(subject.cell.architecture.platform)
    name = subject.cell.image.line.name
    libraries = [path for path, _ in view.below("/usr/local/lib") if path.startswith(f"/usr/local/lib/libpython{name}")]
    if not any(".so" in path for path in libraries):
        raise ProofFailedError(f"there is no /usr/local/lib/libpython{name}*.so*")
    for path in (f"/usr/local/bin/python{name}", *(path for path in libraries if ".so" in path)):
        found = view.files.get(view.resolve(path) or "")
        if found is None:
            raise ProofFailedError(f"there is no {path}, or it leads nowhere")
        if found.elf is None:
            raise ProofFailedError(f"{path} is not an ELF file")
        if found.elf != expected:
            raise ProofFailedError(f"{path} is for {found.elf}, expected {expected or 'an architecture that is known'}")
    return str(expected)


PROOF = Proof(
    name="architecture/interpreter",
    claim="The ELF headers of the interpreter and of libpython, read without running them, are for that platform.",
    link="https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html",
    check=_check,
)
