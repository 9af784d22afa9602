"""`orchestrator new` for real: with somebody at a terminal, with git, with a Debian mirror, with an emulator."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.matrix.load import load_matrix
from tests.unit.conftest import ROOT

SHA256 = "6fb89a7124201c61125c0ab4cf7f6894df339a40c02833bfd28ab4d7691fafb4"
COMMAND = (sys.executable, "-m", "orchestrator")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project of its own, in git, all of it committed."""
    shutil.copy(ROOT / "versions.json", tmp_path)
    run(tmp_path, "render")
    for words in (
        ("init", "--quiet"),
        ("config", "user.name", "Somebody"),
        ("config", "user.email", "somebody@example.org"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "As it was"),
    ):
        git(tmp_path, *words)
    return tmp_path


def environment(tree: Path) -> dict[str, str]:
    return {
        **os.environ,
        "XDG_STATE_HOME": str(tree.parent / "state"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
        "TERM": "xterm",
    }


def run(tree: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=tree,
        env=environment(tree),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done


def git(tree: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=tree, capture_output=True, text=True, check=True).stdout  # noqa: S607 - as everybody starts it


def document(tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / "versions.json").read_text())
    return found


@dataclass
class Typist:
    """Reads what a command writes to its terminal, and types."""

    terminal: int
    process: subprocess.Popen[bytes]
    seen: str = ""
    _at: int = field(default=0, init=False)

    def expect(self, text: str, *, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.seen[self._at :]:
            assert time.monotonic() < deadline, f"{text!r} did not come:\n{self.seen[self._at :]}"
            if select.select([self.terminal], [], [], 0.5)[0]:
                try:
                    piece = os.read(self.terminal, 65536)
                except OSError:  # the other side has gone
                    piece = b""
                assert piece, f"it ended before {text!r} came:\n{self.seen}"
                self.seen = _COLOURS.sub("", self.seen + piece.decode("utf-8", "replace"))
        self._at = self.seen.index(text, self._at) + len(text)

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self) -> int:
        """Read on until it ends; give its exit code."""
        while self.process.poll() is None or select.select([self.terminal], [], [], 0.1)[0]:
            if not select.select([self.terminal], [], [], 0.5)[0]:
                continue
            try:
                piece = os.read(self.terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            self.seen = _COLOURS.sub("", self.seen + piece.decode("utf-8", "replace"))
        return self.process.wait(60)


@pytest.fixture
def at_terminal(tree: Path) -> Iterator[Any]:
    """Start a command whose stdin and stderr are a terminal; its stdout goes into a file."""
    started: list[Typist] = []

    def start(*words: str) -> Typist:
        ours, theirs = pty.openpty()
        with (tree.parent / "stdout").open("wb") as out:
            process = subprocess.Popen(
                [*COMMAND, *words],
                cwd=tree,
                env=environment(tree),
                stdin=theirs,
                stdout=out,
                stderr=theirs,
                start_new_session=True,
            )
        os.close(theirs)
        started.append(Typist(ours, process))
        return started[-1]

    yield start
    for typist in started:
        if typist.process.poll() is None:
            typist.process.kill()
            typist.process.wait()
        os.close(typist.terminal)


def test_somebody_answers_at_a_terminal(tree: Path, at_terminal: Any) -> None:
    typist = at_terminal("new", "alpine", "3.9", "--json")
    typist.expect("Which image does the variant alpine3.9 start from?")
    typist.expect("--base [alpine:3.9]:")
    typist.type("\n")
    typist.expect("--architectures [amd64,arm32v6,")
    typist.type("\n")
    typist.expect("old lines may not compile")
    typist.expect("--lines [3.7,3.6,3.5,3.4,2.7]:")
    typist.type("3.7,3.9\n")
    typist.expect('there is no line "3.9" here')
    typist.expect("--lines")
    typist.type("3.7, 3.6\n")
    typist.expect("3.5 and 3.4 and 2.7 would lose such tags")
    typist.type("maybe\n")
    typist.expect("neither yes nor no")
    typist.type("no\n")
    typist.expect("--drop [none]:")
    typist.type("\n")
    typist.expect("Alpine 3.9 would create 2 images, 4 cells")
    typist.expect("LibreSSL is the TLS library of Alpine 3.5 to 3.8")
    typist.expect("Write this? [Y/n]:")
    assert not git(tree, "status", "--porcelain")
    typist.type("y\n")
    assert typist.end() == 0
    told = json.loads((tree.parent / "stdout").read_text())
    assert told["written"] == ["versions.json", "3.7/alpine3.9/Dockerfile", "3.6/alpine3.9/Dockerfile"]
    assert told["answers"]["lines"] == "3.7, 3.6"
    assert load_matrix(tree / "versions.json").default_alpine == "alpine3.8"
    run(tree, "render", "--check")


def test_whoever_is_interrupted_has_written_nothing(tree: Path, at_terminal: Any) -> None:
    typist = at_terminal("new", "suite", "buster")
    typist.expect("--full [buildpack-deps:buster]:")
    time.sleep(1)  # an interrupt in the instant before the read begins would be seen only after it
    typist.process.send_signal(signal.SIGINT)
    assert typist.end() == 130
    typist = at_terminal("new", "suite", "buster", "--yes", "--lines", "none")
    assert typist.end() == 0
    assert git(tree, "status", "--porcelain") == " M versions.json\n"


def test_each_addition_is_one_commit(tree: Path) -> None:
    run(
        tree, "new", "line", "3.8", "--release", "3.8.20", "--sha256", SHA256, "--no-fetch", "--yes", "--commit"
    )  # fmt: skip
    run(tree, "new", "suite", "buster", "--yes", "--commit", "--lines", "3.8,3.7")
    (tree / "notes.txt").write_text("not of it")
    git(tree, "add", "notes.txt")
    done = run(tree, "new", "alpine", "3.9", "--yes", "--commit", "--drop", "3.6", "--json")
    assert json.loads(done.stdout)["commit"] == git(tree, "rev-parse", "HEAD").strip()
    assert git(tree, "log", "--format=%s").splitlines() == ["Add Alpine 3.9", "Add buster", "Add 3.8", "As it was"]
    assert "3.7-alpine3.8 -> 3.7-alpine3.9" in git(tree, "log", "-1", "--format=%b")
    files = git(tree, "show", "--no-renames", "--name-status", "--format=", "HEAD").splitlines()
    assert "D\t3.6/alpine3.6/Dockerfile" in files
    assert "A\t3.8/alpine3.9/Dockerfile" in files
    assert git(tree, "status", "--porcelain") == "A  notes.txt\n"
    run(tree, "render", "--check")
    run(tree, "lint")
    (tree / "versions.json").write_text((tree / "versions.json").read_text() + "\n")
    refused = run(tree, "new", "alpine", "3.10", "--yes", "--commit", code=2)
    assert "not committed" in refused.stderr


def test_an_architecture_says_how_it_would_run(tree: Path) -> None:
    done = run(tree, "new", "arch", "ppc64le", "--json")
    told = json.loads(done.stdout)
    assert len(told["cells"]) == len(load_matrix(tree / "versions.json").images)
    assert "linux/ppc64le" in told["notes"][0]
    assert document(tree)["enabled_architectures"] == ["amd64", "arm64v8", "ppc64le"]


@pytest.mark.parametrize(("suite", "archived"), [("bookworm", False), ("buster", True)])
def test_the_mirror_knows_which_suites_it_has(tree: Path, suite: str, *, archived: bool) -> None:
    architectures = "amd64,arm64v8"
    run(tree, "new", "suite", suite, "--yes", "--online", "--architectures", architectures)
    assert document(tree)["suites"][suite].get("archived", False) is archived


def test_a_line_from_the_debian_pool_with_its_signature(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "debian" / "versions.json", tmp_path)
    run(tmp_path, "render")
    done = run(tmp_path, "new", "line", "3.13", "--release", "3.13.5", "--yes", "--json")
    told = json.loads(done.stdout)
    assert document(tmp_path)["lines"]["3.13"]["source"] == {
        "format": "tar.xz",
        "sha256": "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
        "pool": "pool/main/p/python3.13/python3.13_3.13.5.orig.tar.xz",
    }
    assert any(note.startswith("signed by 7169605F62C751356D054A26A821E680E5FA6305") for note in told["notes"])
    assert [one["name"] for one in told["rules"] if one["bearing"] == "stops"] == ["parser"]
    run(tmp_path, "render", "--check")
