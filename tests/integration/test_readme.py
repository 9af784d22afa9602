"""Descriptions of a real repository of git: which commits tags lead to, and where the matrix lies in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.integration.command_line import CommandLine

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "debian"


def git(top: Path, *words: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", top, *who, *words], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S607


def test_tags_lead_to_the_commit_that_changed_their_dockerfile_last(orchestrator: CommandLine, tmp_path: Path) -> None:
    matrix = tmp_path / "images" / "versions.json"
    shutil.copytree(EXAMPLE, matrix.parent)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "git@git.example.org:own/images.git")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    first = git(tmp_path, "rev-parse", "HEAD")
    changed = matrix.parent / "3.9" / "bullseye" / "slim" / "Dockerfile"
    changed.write_text(f"{changed.read_text()}\n# changed\n")
    git(tmp_path, "commit", "--quiet", "--all", "--message", "one")
    second = git(tmp_path, "rev-parse", "HEAD")

    ended = orchestrator("readme", "--arch", "amd64", "--matrix", str(matrix), "--json")
    assert ended.code == 0, ended.err
    text = ended.document["text"]
    found = re.findall(r"\(https://git\.example\.org/own/images/blob/([0-9a-f]+)/images/(\S+)/Dockerfile\)", text)
    assert {(directory, commit) for commit, directory in found} == {
        ("3.9/bullseye", first),
        ("3.9/bullseye/slim", second),
        ("2.7/bullseye", first),
        ("2.7/bullseye/slim", first),
    }
