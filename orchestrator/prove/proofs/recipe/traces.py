"""Whether anything tells of the native tools that may have stood in for emulated programs."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.traces import TRACES, traces_in


def _check(subject: Subject) -> str:
    layers = subject.survey.layers
    files = [item for layer in layers for item in layer.files.items()]
    names = [path for path, _ in files] + [path for layer in layers for path in (*layer.removed, *layer.emptied)]
    found = [f"{path} is of the build" for path in traces_in(names)]
    found += [f"{path} points at {file.target}" for path, file in files if traces_in((file.target,))]
    found += [f"{path} names {' and '.join(file.traces)}" for path, file in files if file.traces]
    found += [f"the config says {text[:120]}" for text in traces_in(subject.image.texts)]
    if found:
        found = sorted(dict.fromkeys(found))
        raise ProofFailedError(listed(found), output="\n".join(found))
    return f"none of {', '.join(TRACES)} in {len(files)} files of {len(layers)} layers, or in the config"


PROOF = Proof(
    name="recipe/traces",
    claim=(
        "In all layers, the base's included, no name, no link and no file (read as it is: nothing is decompressed) holds a path of the tools "
        "that speed up emulated builds, nor does the config or the history."
    ),
    link="https://docs.docker.com/reference/dockerfile/#run---mounttypebind",
    check=_check,
)
