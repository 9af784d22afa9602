"""Edits of the real matrix, as a maintainer makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orchestrator.compare.compare import compare_matrices
from orchestrator.compare.model import Change, Comparison, Topic
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Matrix
from tests.unit.conftest import ROOT

VERSIONS = ROOT / "versions.json"
Edit = Callable[[Any], None]


def edited(*edits: Edit) -> Matrix:
    return parse_matrix(text_of_edited(*edits), VERSIONS)


def text_of_edited(*edits: Edit) -> str:
    document = json.loads(VERSIONS.read_text(encoding="utf-8"))
    for edit in edits:
        edit(document)
    return json.dumps(document, indent=2)


def compared(*edits: Edit) -> Comparison:
    return compare_matrices(edited(), edited(*edits))


def about(comparison: Comparison, *topics: Topic) -> list[Change]:
    return [change for change in comparison.changes if change.topic in topics]


def values(comparison: Comparison, *topics: Topic) -> dict[str, tuple[str | None, str | None]]:
    """Subjects with their values, where each subject is there once."""
    found = about(comparison, *topics)
    named = {change.subject: (change.before, change.after) for change in found}
    assert len(named) == len(found)
    return named


def release(document: Any) -> None:
    line = document["lines"]["3.7"]
    line["release"], line["source"]["sha256"] = "3.7.3", "a" * 64


def pip(document: Any) -> None:
    for line in document["lines"].values():
        line["pip"] = {"version": "19.0", "sha256": "b" * 64}


def new_line(document: Any) -> None:
    document["lines"]["3.8"] = {
        **document["lines"]["3.7"],
        "release": "3.8.0",
        "source": {"format": "tar.xz", "sha256": "c" * 64},
    }
    document["lines"]["3.7"]["aliases"] = []


def new_alpine(document: Any) -> None:
    """Alpine 3.9 comes and is the default; 3.6 goes."""
    document["suites"]["alpine3.9"] = {
        "family": "alpine",
        "bases": {"alpine": "alpine:3.9"},
        "architectures": ["amd64", "arm32v6", "arm64v8"],
    }
    del document["suites"]["alpine3.6"]
    document["default_alpine"] = "alpine3.9"
    for line in document["lines"].values():
        line["variants"] = [*(one for one in line["variants"] if one != "alpine3.6"), "alpine3.9"]


def new_suite(document: Any) -> None:
    """All Debian images move from stretch to buster."""
    document["suites"]["buster"] = {
        **document["suites"].pop("stretch"),
        "bases": {"full": "buildpack-deps:buster", "slim": "debian:buster-slim"},
        "archived": False,
    }
    document["default_suite"] = "buster"
    for line in document["lines"].values():
        line["variants"] = [one.replace("stretch", "buster") for one in line["variants"]]


def without_variant(document: Any) -> None:
    document["lines"]["3.5"]["variants"].remove("alpine3.7")


def other_base(document: Any) -> None:
    document["suites"]["stretch"]["bases"]["slim"] = "registry.example.org/debian:stretch-20190101-slim"


def another_architecture(document: Any) -> None:
    document["enabled_architectures"].append("arm32v7")


def from_the_mirrors(document: Any) -> None:
    document["suites"]["stretch"]["archived"] = False


def other_hub(document: Any) -> None:
    document["hub"]["maintainers"] = ["Somebody | `Else` <s@example.org> (@somebody)"]
    document["best_effort_architectures"] = {"arm64v8": "@team: <b>no</b> machine | yet, see #1"}


def other_extras(document: Any) -> None:
    document["lines"]["2.7"]["extras"][0]["version"] = "16.3.0"


EDITS: tuple[Edit, ...] = (
    release,
    pip,
    new_line,
    new_alpine,
    without_variant,
    other_base,
    another_architecture,
    from_the_mirrors,
    other_hub,
    other_extras,
    # Last: others change the suite that it replaces.
    new_suite,
)
