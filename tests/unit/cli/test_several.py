"""Commands that share a process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.__main__ import main
from orchestrator.cli.several import split


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Those of the tests' own process come back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_words_are_taken_apart() -> None:
    assert split(["render", "+", "readme", "--all", "+", "library"]) == (("render",), ("readme", "--all"), ("library",))
    assert split([]) == ((),)


def test_the_first_that_fails_is_the_last_and_gives_the_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listing = ("list", "--version", "3.7", "--variant", "slim", "--arch", "amd64")
    with pytest.raises(SystemExit) as ended:
        main((listing, ("list", "--matrix", str(tmp_path / "none.json")), listing))
    assert ended.value.code == 3
    assert capsys.readouterr().out.count("3.7-slim-stretch-amd64") == 1
    with pytest.raises(SystemExit) as ended:
        main((listing, listing))
    assert ended.value.code == 0
    assert capsys.readouterr().out.count("3.7-slim-stretch-amd64") == 2
