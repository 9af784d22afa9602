"""The files of the extension modules."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind


def _check(subject: Subject) -> str:
    library = f"/usr/local/lib/python{subject.cell.image.line.name}"
    shared = {
        path: path.rpartition("/")[2].partition(".")[0]
        for path, file in subject.survey.whole.below(library)
        if path.endswith(".so") and file.kind in {FileKind.FILE, FileKind.SYMLINK}
    }
    seen = {name for path, name in shared.items() if path.startswith(f"{library}/lib-dynload/")}
    # A library may lie in site-packages (none of the pinned wheels has one), but no module of CPython's does.
    astray = sorted(path for path in shared if not path.startswith(f"{library}/lib-dynload/"))
    expected = {module.text for module in subject.recipe.modules}
    wrong = [f"{name} is missing" for name in sorted(expected - seen)]
    wrong += [f"{name} is not expected" for name in sorted(seen - expected)]
    wrong += [f"{path} is not expected" for path in astray]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(seen)} modules"


PROOF = Proof(
    name="modules/files",
    claim="The extension modules in lib-dynload are exactly those that the recipe leads to, and there are none elsewhere.",
    link="https://github.com/docker-library/python/issues/105",
    check=_check,
)
