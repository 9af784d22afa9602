"""The release, as the interpreter says it in every way, and as its files say it without being run."""

from __future__ import annotations

import re

from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.probing import STARTS


def _check(subject: Subject) -> str:
    line = subject.cell.image.line
    view = subject.survey.whole
    header = next(
        (path for path in view.contents if path.endswith("/patchlevel.h") and f"/python{line.name}" in path), ""
    )
    match = re.search(r'#define\s+PY_VERSION\s+"([^"]*)"', view.text(header))
    said = {"patchlevel.h": match[1] if match else "nothing"}
    library = next(
        (path for path in sorted(view.contents) if re.search(rf"/libpython{re.escape(line.name)}\w*\.so\.", path)), ""
    )
    if b"\0" + line.release.encode() + b"\0" not in view.contents.get(library, b""):
        raise ProofFailedError(f"{library or 'libpython'} does not hold the version {line.release}")
    seen = subject.probe("version")
    said |= {str(name): str(version) for name, version in seen["said"].items()}
    wrong = [f"{name} says {version}" for name, version in said.items() if version != line.release]
    if wrong:
        raise ProofFailedError(f"{'; '.join(wrong)}: expected {line.release}")
    names = ("python", f"python{line.version[0]}", f"python{line.name}")
    programs = {view.resolve(f"/usr/local/bin/{name}") for name in names}
    if len(programs) != 1 or seen["executable"] not in programs:
        raise ProofFailedError(f"{', '.join(names)} and sys.executable ({seen['executable']}) are not one program")
    return line.release


PROOF = Proof(
    name="interpreter/version",
    claim="The interpreter is the release that the tags promise, by all that it says and by what its files hold.",
    link="https://docs.python.org/3/library/sys.html#sys.version_info",
    check=_check,
    needs=(STARTS,),
    live=True,
)
