"""What configure found out: the variables that `sysconfig` and the installed Makefile give."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.parity.comparing import compare, neutral


def _describe(subject: Subject) -> Mapping[str, str]:
    view = subject.survey.whole
    path = next((path for path in sorted(view.contents) if "/_sysconfigdata" in path), None)
    if path is None:
        raise ProofFailedError("there is no _sysconfigdata*.py")
    try:
        tree = ast.parse(view.text(path))
        assigned = next(node for node in tree.body if isinstance(node, ast.Assign))
        variables = ast.literal_eval(assigned.value)
    except (SyntaxError, ValueError, StopIteration):
        raise ProofFailedError(f"{path} does not assign a dictionary of plain values") from None
    return {neutral(subject, str(name)): neutral(subject, repr(value)) for name, value in variables.items()}


PROOF = Proof(
    name="parity/configuration",
    claim="Every architecture was configured alike: `sysconfig` has the same variables, but for the architecture's own words.",
    link="https://docs.python.org/3/library/sysconfig.html",
    check=lambda subject: compare(subject, _describe),
    pairwise=True,
)
