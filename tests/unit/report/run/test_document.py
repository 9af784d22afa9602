from __future__ import annotations

import json
import re

from orchestrator.contents.model import Component, Contents, Ecosystem, LayerEntry
from orchestrator.matrix.model import Matrix
from orchestrator.report.run import document as described
from orchestrator.report.run.document import document
from orchestrator.report.run.gathering import gather
from orchestrator.system.places import Places
from tests.unit.report.run.conftest import AMD, ARM
from tests.unit.report.run.past import COMPILE, Past


def test_the_document_holds_the_run(nights: Past, matrix: Matrix, places: Places) -> None:
    found = json.loads(json.dumps(document(gather(nights.ledger, matrix, None, places))))
    assert (found["schema"], found["run"], found["command"], found["code"], found["verdict"]) == (
        1, 3, "nightly", 1, "some cells failed",
    )  # fmt: skip
    assert (found["started"], found["ended"]) == ("2026-11-22T03:00:00+00:00", "2026-11-22T03:30:00+00:00")
    assert found["counts"] == {"failed": 2, "never built": 41, "proven": 1}
    assert (found["failed"], found["worked_on"], len(found["cells"])) == ([AMD, ARM], 2, 44)
    assert [(span["cell"], span["stage"], span["slot"]) for span in found["spans"]] == [
        (AMD, "build", 0), (ARM, "build", 1), (ARM, "prove", 0),
    ]  # fmt: skip
    cell = next(one for one in found["cells"] if one["id"] == AMD)
    assert cell["packages"] is None
    assert cell["failure"] == {
        "class": "compile error",
        "message": COMPILE,
        "tail": ["$ docker buildx", "gcc: error: no\ufffe such <file>"],
        "since": "2026-11-21T03:01:00+00:00",
        "since_run": 2,
        "times": 2,
        "changed": ["the base moved from b1 to b2"],
        "proven": "2026-11-20T03:01:00+00:00",
        "proven_run": 1,
        "reproduce": cell["failure"]["reproduce"],
        "otherwise": cell["failure"]["otherwise"],
    }
    assert cell["trend"][0] == {
        "run": 1, "started": "2026-11-20T03:01:00+00:00", "seconds": 85.75, "size": 42000000, "emulated": False,
        "state": "proven",
    }  # fmt: skip


def test_packages_and_layers_are_in_it(nights: Past, matrix: Matrix, places: Places) -> None:
    def contents(digest: str) -> Contents:
        ssl = Component(ecosystem=Ecosystem.DEB, name="openssl", version="1.1", licences=("OpenSSL",), purl="pkg:deb/x")
        return Contents(
            digest=digest, platform="", created="", components=(ssl,), layers=(LayerEntry(digest="sha256:l", size=7),)
        )

    found = json.loads(json.dumps(document(gather(nights.ledger, matrix, None, places, contents=contents))))
    cell = next(one for one in found["cells"] if one["id"] == ARM)
    assert cell["packages"] == [
        {
            "ecosystem": "deb", "name": "openssl", "version": "1.1", "architecture": "", "licences": ["OpenSSL"],
            "source": "", "purl": "pkg:deb/x",
        }
    ]  # fmt: skip
    assert cell["layers"] == [{"digest": "sha256:l", "size": 7, "made_by": ""}]


def test_every_name_is_described(nights: Past, matrix: Matrix, places: Places) -> None:
    found = document(gather(nights.ledger, matrix, None, places))
    words = set(re.findall(r"[a-z_]+", described.__doc__ or ""))
    failed = next(one for one in found["cells"] if one["failure"])
    for part in (found, failed, failed["failure"], failed["trend"][0], failed["phases"][0], found["spans"][0]):
        assert set(part) <= words
