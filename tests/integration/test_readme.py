"""Descriptions of a real repository of git: which commits tags lead to, and where the matrix lies in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
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


def test_make_describe_writes_all_of_a_family_whatever_its_name(tmp_path: Path) -> None:
    """A project of its own, with make's file from here and the command that is tested here."""
    for name in ("Makefile", "pyproject.toml", "dockerfile-templates", ".ci"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    (binaries / "python").chmod(0o755)
    (tmp_path / ".venv" / ".complete").touch()
    os.utime(tmp_path / "pyproject.toml", (0, 0))
    os.utime(tmp_path / ".ci" / "setup", (0, 0))
    document = json.loads((ROOT / "versions.json").read_text()) | {"name": "snake"}
    (tmp_path / "versions.json").write_text(json.dumps(document))

    def describe() -> tuple[int, str, str]:
        done = subprocess.run(["make", "-C", tmp_path, "-s", "describe"], capture_output=True, text=True, check=False)  # noqa: S607
        return done.returncode, done.stdout, done.stderr

    git(tmp_path, "init", "--quiet")
    code, out, err = describe()
    assert code != 0, "the Dockerfiles are new, and no commit can be named"
    assert "22 Dockerfiles, 22 of them changed" in out
    assert "was never committed (nor were 21 more)" in err
    assert not (tmp_path / "descriptions").exists()
    git(tmp_path, "add", "versions.json", "2.7", "3.4", "3.5", "3.6", "3.7")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    code, out, err = describe()
    assert (code, err) == (0, "")
    assert out.endswith("wrote descriptions/library/snake: 22 images\n")
    head = git(tmp_path, "rev-parse", "HEAD")
    for file in ("snake/README.md", "arm64v8/snake/README.md", "library/snake"):
        assert head in (tmp_path / "descriptions" / file).read_text()
