"""A small program like those that the README has in mind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.prove.model import ProofFailedError, Ran

#: As the README calls it.
NAME = "your-daemon-or-script.py"
_DATA = "grüße.txt"

_SCRIPT = """\
# -*- coding: utf-8 -*-
import io, json, os, sys
MODULES
with io.open(os.path.join(os.path.dirname(os.path.abspath(__file__)), u"gr\\u00fc\\u00dfe.txt"), encoding="utf-8") as data:
    text = data.read()
print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "directory": os.getcwd(), "read": text, "answer": ANSWER}))
"""


def application(module: str | None = None) -> Mapping[str, bytes]:
    """The program and the file that it reads, by path; it uses `module` where one is named."""
    script = _SCRIPT.replace("MODULES", f"import {module}" if module else "").replace(
        "ANSWER", f"{module}.answer()" if module else "42"
    )
    return {NAME: script.encode(), _DATA: "Grüße, 世界\n".encode()}


def judge(ran: Ran, *, python: str, directory: str) -> None:
    """Insist on what the program has to say. Raises `ProofFailedError`."""
    try:
        said: Any = json.loads(ran.stdout) if ran.status == 0 else None
    except ValueError:
        said = None
    expected = {"python": python, "directory": directory, "read": "Grüße, 世界\n", "answer": 42}
    if said != expected:
        raise ProofFailedError(f"status {ran.status}: {ran.last_line[:300]}", output=ran.output)
