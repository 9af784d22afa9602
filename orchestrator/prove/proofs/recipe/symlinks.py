"""The short names in /usr/local/bin, and that no link below /usr/local leads nowhere."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    wrong = []
    for link in subject.recipe.symlinks:
        found = view.files.get(f"/usr/local/bin/{link.name}")
        if found is None or found.kind is not FileKind.SYMLINK:
            wrong.append(f"{link.name} is {'not there' if found is None else 'no symlink'}")
        elif found.target != link.text:
            wrong.append(f"{link.name} points at {found.target}, expected {link.text}")
    links = {path: file for path, file in view.below("/usr/local") if file.kind is FileKind.SYMLINK}
    wrong += [f"{path} leads nowhere ({file.target})" for path, file in links.items() if view.resolve(path) is None]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(links)} links below /usr/local"


PROOF = Proof(
    name="recipe/symlinks",
    claim="The recipe's links are in /usr/local/bin with its targets, and every link below /usr/local leads somewhere.",
    link="https://peps.python.org/pep-0394/",
    check=_check,
)
