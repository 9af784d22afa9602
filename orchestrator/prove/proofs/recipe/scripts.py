"""The commands in /usr/local/bin that are scripts."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

_BIN = "/usr/local/bin"


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    line = subject.cell.image.line
    links = {link.name for link in subject.recipe.symlinks}
    wanted = ("pip", f"pip{line.version[0]}", "2to3", *(name for name in ("idle", "pydoc") if name not in links))
    wrong = [f"{name} is missing" for name in wanted if view.resolve(f"{_BIN}/{name}") is None]
    scripts = 0
    for path, file in view.below(_BIN):
        if file.kind is not FileKind.FILE or file.elf is not None:
            continue
        scripts += 1
        first = view.text(path).partition("\n")[0]
        program = first.removeprefix("#!").split()[0] if first.startswith("#!") and first[2:].strip() else ""
        if not program:
            wrong.append(f"{path} does not say what runs it")
        elif view.resolve(program) is None:
            wrong.append(f"{path} is run by {program}, which is not there")
        if file.mode & 0o111 != 0o111:
            wrong.append(f"{path} cannot be executed by everybody ({file.mode:04o})")
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{scripts} scripts"


PROOF = Proof(
    name="recipe/scripts",
    claim="The commands that Python and pip bring are in /usr/local/bin; every script there can be executed and is run by a program that exists.",
    link="https://man7.org/linux/man-pages/man2/execve.2.html",
    check=_check,
)
