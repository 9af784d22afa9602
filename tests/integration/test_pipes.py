"""Whoever reads our output may stop: that is no failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "words", [("list",), ("list", "--json"), ("--help",), ("explain", "3.7-stretch"), ("lint", "--list")]
)
def test_a_reader_that_has_gone_is_no_failure(words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "orchestrator", *words],
            cwd=ROOT,
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")
