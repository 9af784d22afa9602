"""The recipes in docs/ that need neither an engine nor a network, typed by a shell in a clone, in the order in which they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.system.files import write_atomically
from tests.unit.manual.blocks import blocks

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))

#: Lines that say by their exit code that they found something.
CODES: dict[str, int] = {}
#: All that is typed there needs an engine, at least.
NEEDY = {"acceleration", "publisher"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of the working tree, as it is now, in a repository with two commits."""
    root = tmp_path_factory.mktemp("clone")
    named = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git there is
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.split("\0")
    for name in filter(None, named):
        if (ROOT / name).is_file():
            write_atomically(root / name, (ROOT / name).read_bytes())
    git = ["git", "-c", "user.name=Reader", "-c", "user.email=reader@example.org"]
    for command in (
        ["init", "-q", "-b", "main"],
        ["remote", "add", "origin", "https://git.example.org/python.git"],
        ["commit", "-q", "--allow-empty", "-m", "Nothing"],
        ["add", "versions.json"],
        ["commit", "-q", "-m", "The matrix"],
        ["add", "."],
        ["commit", "-q", "-m", "All else"],
    ):
        subprocess.run([*git, *command], check=True, cwd=root)
    return root


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.stem for path in DOCUMENTS])
def test_recipes_that_need_nothing_work(document: Path, clone: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        # What asks for an engine all the same finds none.
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
    }
    ran = 0
    for line in (line for block in blocks(document) if block.needs == "" for line in block.lines):
        done = subprocess.run(
            ["bash", "-c", line],  # noqa: S607 - whichever bash there is
            check=False,
            capture_output=True,
            text=True,
            cwd=clone,
            env=environment,
            timeout=120,
        )
        assert done.returncode == CODES.get(line, 0), f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr, line
        ran += 1
    assert ran or document.stem in NEEDY
