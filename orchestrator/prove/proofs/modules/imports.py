"""Which extension modules can be imported, and which cannot."""

from __future__ import annotations

import json

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.probing import STARTS
from orchestrator.recipe.rules import load_rules


def _check(subject: Subject) -> str:
    modules = {module.text: module.loads for module in subject.recipe.modules}
    absent = sorted({rule.module for rule in load_rules().modules} - modules.keys())
    seen = subject.probe("imports_of_modules", json.dumps(sorted(modules)), json.dumps(absent))
    wrong = [
        f"{name} cannot be imported ({seen['failures'][name]})"
        for name, loads in modules.items()
        if loads and name in seen["failures"]
    ]
    wrong += [
        f"{name} can be imported, though its library is left out"
        for name, loads in modules.items()
        if not loads and name not in seen["failures"]
    ]
    wrong += [f"{name} is not expected, and found ({place})" for name, place in sorted(seen["found"].items())]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    left_out = [name for name, loads in modules.items() if not loads]
    return f"{sum(modules.values())} imported" + (f", {listed(left_out)} rightly not" if left_out else "")


PROOF = Proof(
    name="modules/imports",
    claim="Every expected extension module can be imported but those whose library is left out, and no unexpected one is found.",
    link="https://docs.python.org/3/library/index.html",
    check=_check,
    needs=(STARTS,),
    live=True,
)
