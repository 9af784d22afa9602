"""What configure found out: the variables that `sysconfig` and the installed Makefile give."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.parity.comparing import compare, neutral

#: Variables that are the processor's or its ABI's own, each with the reason; they are not compared.
_OF_THE_PROCESSOR = {
    "HAVE_GCC_ASM_FOR_X64": "x86-64 alone has this assembler",
    "HAVE_GCC_ASM_FOR_X87": "x86 alone has this floating-point unit: https://bugs.python.org/issue1580",
    "VA_LIST_IS_ARRAY": "each calling convention has its own va_list: https://gitlab.com/x86-psABIs/x86-64-ABI",
    "HAVE_USABLE_WCHAR_T": "wchar_t is signed on x86 and unsigned on Arm: https://github.com/ARM-software/abi-aa",
    "PY_UNICODE_TYPE": "Python 2 takes wchar_t where it is unsigned, else an integer of the same size",
}
#: The second word of a triplet is only what config.guess likes to say.
_VENDOR = re.compile(r"\bARCH-(?:pc|unknown)-linux")


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
    return {
        neutral(subject, str(name)): _VENDOR.sub("ARCH-linux", neutral(subject, repr(value)))
        for name, value in variables.items()
        if name not in _OF_THE_PROCESSOR
    }


PROOF = Proof(
    name="parity/configuration",
    claim="Every architecture was configured alike: `sysconfig` has the same variables, but for the processor's own.",
    link="https://docs.python.org/3/library/sysconfig.html",
    check=lambda subject: compare(subject, _describe),
    pairwise=True,
)
