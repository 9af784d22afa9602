"""A Dockerfile is cut where ./configure stands, and what stays is what it was, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.acceleration.gate.cutting import after_configure, before_configure, instructions
from orchestrator.acceleration.gate.model import UnjudgedError
from tests.unit.acceleration.gate.ways import DOCKERFILE

ROOT = Path(__file__).resolve().parents[4]
ACCELERATED = sorted(
    path
    for path in (ROOT / "examples" / "debian").rglob("Dockerfile")
    if "native-tools" in path.read_text(encoding="utf-8")
)


def test_the_examples_are_cut_after_their_configure() -> None:
    assert len(ACCELERATED) >= 4
    for path in ACCELERATED:
        text = path.read_text(encoding="utf-8")
        cut, before = after_configure(text), before_configure(text)
        assert text.startswith(cut.text)
        assert cut.text.startswith(before.text)
        assert "./configure" not in before.text
        assert cut.text.removeprefix(before.text).count("RUN ") == 1
        assert cut.text.rstrip().splitlines()[-1].startswith("\t\t--")
        assert text.removeprefix(cut.text).lstrip().startswith("RUN")
        assert "make -j" not in cut.text


def test_continued_lines_with_comments_between_are_one_instruction() -> None:
    text = "FROM a AS build\nrun --mount=type=bind,from=native-tools,target=/x \\\n# why\n\n\t./configure \\\n\t--b\nRUN make\n"
    configure = instructions(text)[1]
    assert (configure.word, configure.end) == ("RUN", 6)
    assert configure.command == "./configure --b"
    assert configure.rest == "--mount=type=bind,from=native-tools,target=/x ./configure --b"


@pytest.mark.parametrize(
    ("heading", "ending"), [("<<EOF", "EOF"), ('<<"EOF"', "EOF"), ("<<-'E.1'", "\t\tE.1"), ("3<<EOF", "EOF")]
)
def test_a_here_document_holds_no_instructions(heading: str, ending: str) -> None:
    text = f"FROM a AS build\nRUN cat {heading} > b\nRUN ./configure\nEOFX\n{ending}\nRUN make\n"
    assert [(one.word, one.rest) for one in instructions(text)] == [
        ("FROM", "a AS build"),
        ("RUN", f"cat {heading} > b"),
        ("RUN", "make"),
    ]


def test_two_here_documents_follow_one_another() -> None:
    text = "COPY <<A <<B /\na\nA\nRUN b\nB\nWORKDIR /c\n"
    assert [one.word for one in instructions(text)] == ["COPY", "WORKDIR"]


def test_a_shift_is_no_here_document() -> None:
    text = "RUN echo $((1<<2))\nRUN make\nENV A=<<B\nRUN b\n"
    assert [one.word for one in instructions(text)] == ["RUN", "RUN", "ENV", "RUN"]


def test_a_here_document_that_does_not_end_takes_the_rest() -> None:
    assert [one.word for one in instructions("RUN <<A\nRUN ./configure\n")] == ["RUN"]


@pytest.mark.parametrize(
    "step",
    [
        "RUN cd x && ./configure",
        "RUN set -e;./configure --a",
        "RUN --mount=type=tmpfs,target=/a --network=none ./configure",
    ],
)
def test_configure_is_found_wherever_its_step_runs_it(step: str) -> None:
    text = f"FROM scratch AS native-tools\nFROM a AS build\n{step}\nRUN make\n"
    assert after_configure(text).text == f"FROM scratch AS native-tools\nFROM a AS build\n{step}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (DOCKERFILE.replace("./configure", "./configured"), "no step in a stage build that runs"),
        (DOCKERFILE.replace("AS build", "AS other"), "no step in a stage build that runs"),
        (DOCKERFILE.replace("AS build", ""), "no step in a stage build that runs"),
        (DOCKERFILE.replace("scratch AS native-tools", "scratch AS others"), "no stage native-tools"),
        ("", "no step in a stage build that runs"),
        ("FROM scratch AS native-tools\nFROM a AS build\n# RUN ./configure\n", "no step"),
        ("FROM scratch AS native-tools\nFROM a AS build\nCOPY ./configure /\n", "no step"),
    ],
)
def test_what_cannot_be_judged_is_said(text: str, why: str) -> None:
    for cut in (after_configure, before_configure):
        with pytest.raises(UnjudgedError, match=why):
            cut(text)
