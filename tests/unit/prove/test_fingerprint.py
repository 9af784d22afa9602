"""The fingerprint changes when, and only when, what is proven may have changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.prove import fingerprint as module
from orchestrator.prove.fingerprint import fingerprint

PACKAGE = Path(module.__file__).parents[1]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The catalogue's files, somewhere where they can be changed."""
    for directory in ("prove", "recipe"):
        shutil.copytree(PACKAGE / directory, tmp_path / directory, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def now(directory: Path) -> str:
    fingerprint.cache_clear()
    return fingerprint(directory)


def test_it_is_that_of_the_content_wherever_it_lies(copied: Path) -> None:
    assert now(copied) == now(copied) == now(PACKAGE) == fingerprint()
    assert len(fingerprint()) == 64
    assert int(fingerprint(), 16)


@pytest.mark.parametrize(
    "name",
    [
        "prove/proofs/recipe/command.py",
        "prove/probes/tls.py",
        "prove/materials/certificates.py",
        "prove/survey/layer.py",
        "recipe/rules/modules.yaml",
    ],
)
def test_it_changes_with_what_is_proven(copied: Path, name: str) -> None:
    before = now(copied)
    path = copied / name
    path.write_bytes(path.read_bytes() + b"# more\n")
    changed = now(copied)
    moved = path.rename(path.with_name(f"other{path.suffix}"))
    renamed = now(copied)
    moved.unlink()
    assert len({before, changed, renamed, now(copied)}) == 4


def test_it_does_not_change_with_anything_else(copied: Path) -> None:
    before = now(copied)
    (copied / "prove" / "notes.txt").write_text("x", encoding="utf-8")
    (copied / "recipe" / "explained.py").write_text("x", encoding="utf-8")
    assert now(copied) == before


def test_it_is_remembered_within_a_process(copied: Path) -> None:
    before = now(copied)
    (copied / "prove" / "probes" / "tls.py").unlink()
    assert fingerprint(copied) == before
