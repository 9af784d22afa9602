"""Completion in the shells themselves: bash, zsh and fish on a terminal, TAB pressed, and the line read as the shell reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.system.apt import install_on_host
from orchestrator.system.progress import Silent
from tests.integration.terminal import Terminal, opened

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SHELLS = ("bash", "zsh", "fish")

#: Seconds that a TAB may take.
BAR = 0.2

#: What is typed before TAB, and the words that the shell takes the line for then.
LINES = [
    ("orchestrator expl", ["orchestrator", "explain"]),
    ("orchestrator build 3.4-alpine3.8-am", ["orchestrator", "build", "3.4-alpine3.8-amd64"]),
    ("orchestrator build --arch arm", ["orchestrator", "build", "--arch", "arm64v8"]),
    ("orchestrator list --arch=arm", ["orchestrator", "list", "--arch=arm64v8"]),
    ("orchestrator --matr", ["orchestrator", "--matrix"]),
    (
        "orchestrator --matrix examples/debian/versions.json list 3.9-sl",
        ["orchestrator", "--matrix", "examples/debian/versions.json", "list", "3.9-slim-bullseye"],
    ),
    ("orchestrator --matrix exam", ["orchestrator", "--matrix", "examples/"]),
    ("orchestrator --config=examples/farm/orch", ["orchestrator", "--config=examples/farm/orchestrator.yaml"]),
    ("orchestrator test --only recipe/env", ["orchestrator", "test", "--only", "recipe/environment"]),
    ("orchestrator explain 3.5-alpine3.8 linux", ["orchestrator", "explain", "3.5-alpine3.8", "linux-headers"]),
    ("orchestrator explain 3.5-alpine3.8 --enable-l", ["orchestrator", "explain", "3.5-alpine3.8", "--enable-loadable-sqlite-extensions"]),
    ("orchestrator test --image arm64v8/python:3.4.9-slim-s", ["orchestrator", "test", "--image", "arm64v8/python:3.4.9-slim-stretch"]),
    ("orchestrator publish --rollback 1", ["orchestrator", "publish", "--rollback", "1"]),
    ("orchestrator diff HEAD~", ["orchestrator", "diff", "HEAD~1"]),
    ("orchestrator new suite bus", ["orchestrator", "new", "suite", "buster"]),
    ("orchestrator lint --against non", ["orchestrator", "lint", "--against", "none"]),
    ("orchestrator bump 3.7 --to 3", ["orchestrator", "bump", "3.7", "--to", "3.7.3"]),
    ("orchestrator nosuch ", ["orchestrator", "nosuch"]),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _shells() -> None:
    install_on_host({"zsh": "zsh", "fish": "fish"}, progress=Silent())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user with nothing of their own but a ledger with one run."""
    home = tmp_path_factory.mktemp("home")
    (home / ".bashrc").write_text("PS1='READY> '\n")
    # zsh asks newcomers whether they want a configuration; this is one.
    (home / ".zshrc").write_text("PS1='READY> '; bindkey -e; unsetopt zle_bracketed_paste prompt_sp\n")
    (home / ".config" / "fish").mkdir(parents=True)
    (home / ".config" / "fish" / "config.fish").write_text(
        "function fish_prompt; printf 'READY> '; end\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n"
    )
    with open_ledger(home / ".local" / "state" / "orchestrator" / "ledger.sqlite") as ledger:
        _publish(ledger)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}", "SHELL": "/bin/sh"}


def _publish(ledger: Ledger) -> None:
    with ledger.run("publish"):
        pass


@contextmanager
def shell(name: str, environment: dict[str, str]) -> Iterator[Terminal]:
    argv = {"bash": ("bash", "-i"), "zsh": ("zsh", "-i"), "fish": ("fish", "-i")}[name]
    with opened(argv, environment=environment, directory=ROOT) as terminal:
        terminal.until("READY> ")
        yield terminal


@pytest.fixture(params=SHELLS, scope="module")
def prepared(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[Terminal]:
    name = request.param
    read = f"orchestrator completion {name} | source" if name == "fish" else f'eval "$(orchestrator completion {name})"'
    with shell(name, environment) as terminal:
        if name == "zsh":
            terminal.press("autoload -Uz compinit; compinit -u\n")
            terminal.until("(?s)compinit -u.*READY> ")
        terminal.press(f"{read}; printf '%s\\n' 'DO''NE'\n")
        terminal.until("(?s)DONE\n.*READY> ")
        yield terminal


@pytest.mark.parametrize(("line", "words"), LINES)
def test_tab_completes_the_line(prepared: Terminal, line: str, words: list[str]) -> None:
    assert prepared.completed(line) == words


@pytest.mark.parametrize(
    "line", ["list --arch=", "build 3.7-", "explain 3.7-stretch l", "test --only re", "report ", "--matrix "]
)
def test_a_tab_takes_no_time_to_speak_of(environment: dict[str, str], line: str) -> None:
    asked = [str(BIN / "orchestrator"), f"orchestrator {line}"]
    seconds = []
    for _ in range(6):
        started = time.monotonic()
        done = subprocess.run(
            asked,
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**environment, "_ORCHESTRATOR_COMPLETE": "bash"},
        )
        seconds.append(time.monotonic() - started)
        assert len(done.stdout.splitlines()) > 1
        assert done.stderr == ""
    # The first one may have to read the matrix.
    assert min(seconds[1:]) < BAR


def test_installed_scripts_are_found_by_their_shells(environment: dict[str, str]) -> None:
    for name in SHELLS:
        done = subprocess.run(
            [str(BIN / "orchestrator"), "completion", name, "--install"],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        told = done.stdout
        assert told.startswith(f"wrote {environment['HOME']}/"), told
        with shell(name, environment) as terminal:
            if name == "bash":
                terminal.press(f"{told.splitlines()[1].split('say: ')[1]}\n")
                terminal.until("READY> ")
            if name == "zsh":
                terminal.press(f"{told.splitlines()[1].split('say: ')[1]} -u\n")
                terminal.until("(?s)compinit -u.*READY> ")
            assert terminal.completed("orchestrator build 3.4-alpine3.8-am")[-1] == "3.4-alpine3.8-amd64"
