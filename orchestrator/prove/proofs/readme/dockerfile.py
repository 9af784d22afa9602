"""The README's "Create a Dockerfile in your Python app project"."""

from __future__ import annotations

from orchestrator.prove.materials.distributions import pure
from orchestrator.prove.model import Proof, Subject
from orchestrator.prove.proofs.probing import STARTS
from orchestrator.prove.proofs.readme.application import NAME, application, judge

_PLACE = "/usr/src/app"
#: The README's, but for the mount: there is no network, so what the index would give comes with the build context.
_DOCKERFILE = f"""\
FROM {{image}}

WORKDIR {_PLACE}

COPY requirements.txt ./
RUN --mount=type=bind,source=index,target=/dev/index pip install --no-cache-dir -r requirements.txt

COPY . .

CMD [ "python", "./{NAME}" ]
"""


def _check(subject: Subject) -> str:
    package = pure("proof-wheel", wheel=True)
    files = {
        "requirements.txt": f"--no-index\n--find-links /dev/index\n{package.name}\n".encode(),
        f"index/{package.file}": package.content,
        **application(package.module),
    }
    with subject.build(_DOCKERFILE, files) as image:
        ran = subject.run(image=image)
    judge(ran, python=subject.cell.image.line.release, directory=_PLACE)
    return "FROM IMAGE, pip install -r requirements.txt, and its CMD"


PROOF = Proof(
    name="readme/dockerfile",
    claim="The README's example of a Dockerfile builds on the image, requirements.txt included, and the result runs.",
    link="https://hub.docker.com/r/arm64v8/python/",
    check=_check,
    seconds=60,
    needs=(STARTS, "pip/version"),
    live=True,
)
