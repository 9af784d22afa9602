"""The README's "Run a single Python script"."""

from __future__ import annotations

from orchestrator.prove.model import Proof, Subject
from orchestrator.prove.proofs.probing import STARTS
from orchestrator.prove.proofs.readme.application import NAME, application, judge

_PLACE = "/usr/src/myapp"


def _check(subject: Subject) -> str:
    ran = subject.run(["python", NAME], files={_PLACE: application()}, directory=_PLACE)
    judge(ran, python=subject.cell.image.line.release, directory=_PLACE)
    return f"docker run -v ...:{_PLACE} -w {_PLACE} IMAGE python {NAME}"


PROOF = Proof(
    name="readme/script",
    claim="The README's example of a single script works: a volume, a working directory, and `python your-daemon-or-script.py`.",
    link="https://hub.docker.com/r/arm64v8/python/",
    check=_check,
    needs=(STARTS,),
    live=True,
)
