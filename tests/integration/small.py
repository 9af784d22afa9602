"""The command with small images and two quick proofs, as a process of its own: everything else about it is real.

Usage: python -m tests.integration.small COMMAND ... (the same words as `orchestrator`). CATALOGUE in the environment is the fingerprint of the
proofs: with another one, all that is proven has to be proven again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from orchestrator.cli.group import run
from orchestrator.pipeline import preparing, remembering, workers
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.architecture import platform

ROOT = Path(__file__).resolve().parents[2]

TEMPLATE = """\
FROM debian:bullseye-slim
RUN : {{ token }} && echo {{ image.id }} > /small{{ more }}
CMD ["cat", "/small"]
"""


def small_matrix(directory: Path, token: str, *, more: str = "", lines: int = 2) -> Path:
    """Write a matrix of slim images that take a second to build; `token` keeps it from the cache of other tests, `more` follows in its step."""
    document = json.loads((ROOT / "examples" / "debian" / "versions.json").read_text(encoding="utf-8"))
    names = list(document["lines"])[:lines]
    # A name of their own: other tests compare what is tagged as python.
    document["name"] = "small"
    document["lines"] = {name: {**document["lines"][name], "variants": ["slim-bullseye"]} for name in names}
    directory.mkdir(parents=True, exist_ok=True)
    templates = directory / "dockerfile-templates"
    templates.mkdir(exist_ok=True)
    text = TEMPLATE.replace("{{ token }}", token).replace("{{ more }}", more)
    (templates / "slim.Dockerfile.j2").write_text(text, encoding="utf-8")
    (directory / "orchestrator.yaml").write_text("bases: bootstrap\n", encoding="utf-8")
    path = directory / "versions.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _says(subject: Subject) -> str:
    said = subject.run().output.strip()
    if said != subject.cell.image.id:
        raise ProofFailedError(f"it says {said}")
    return said


def _alike(subject: Subject) -> str:
    return f"compared with {', '.join(sorted(peer.cell.id for peer in subject.peers))}"


PROOFS = (
    platform.PROOF,
    Proof(name="behaviour/small", claim="It says what it is.", link="", check=_says, seconds=30.0, live=True),
    Proof(name="parity/small", claim="There are others.", link="", check=_alike, pairwise=True),
)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    setattr(workers, "CATALOGUE", PROOFS)  # noqa: B010 - it is imported there
    if (catalogue := os.environ.get("CATALOGUE")) is not None:
        for place in (preparing, remembering):
            setattr(place, "fingerprint", lambda: catalogue)  # noqa: B010 - same
    sys.exit(run(sys.argv[1:]))
