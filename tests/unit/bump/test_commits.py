from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from orchestrator.bump.branch import name_of
from orchestrator.bump.commits import message_of, subject_of
from orchestrator.bump.model import Proposal
from orchestrator.matrix.model import Matrix, Pin
from tests.unit.bump.fakes import sha256_of, verified

PIP = Pin(name="pip", version="19.0.3", sha256="a" * 64)
WHEEL = Pin(name="wheel", version="0.33.1", sha256="b" * 64)
TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("release", "pins", "subject", "branch"),
    [
        ("3.7.3", (), "Update 3.7 to 3.7.3", "bump/3.7.3"),
        ("3.7.3", (PIP, WHEEL), "Update 3.7 to 3.7.3, pip 19.0.3, wheel 0.33.1", "bump/3.7.3"),
        (None, (PIP,), "Update pip of 3.7 to 19.0.3", "bump/3.7-pip-19.0.3"),
        (None, (PIP, WHEEL), "Update pip of 3.7 to 19.0.3, wheel to 0.33.1", "bump/3.7-pip-19.0.3-wheel-0.33.1"),
    ],
)
def test_what_a_bump_is_called(
    matrix: Matrix, release: str | None, pins: tuple[Pin, ...], subject: str, branch: str
) -> None:
    line = matrix.lines[0]
    proposal = Proposal(line=line, release=verified(line, release) if release else None, pins=pins)
    assert subject_of(proposal) == subject
    assert name_of([proposal, Proposal(line=matrix.lines[1])]) == branch


def test_the_message_tells_what_vouches_for_it(matrix: Matrix) -> None:
    line = matrix.lines[0]
    release = verified(line, "3.7.3", notes=("something that only matters today",))
    signature = dataclasses.replace(release.signature, note="the key has expired since")
    proposal = Proposal(line=line, release=dataclasses.replace(release, signature=signature), pins=(PIP,))
    assert (
        message_of(proposal, TODAY)
        == f"""\
Update 3.7 to 3.7.3, pip 19.0.3

Source: https://example.org/3.7.3/Python-3.7.3.tar.xz
sha256: {sha256_of("3.7.3")}
Signed: 2019-03-25 20:00 UTC by {line.gpg_key}; the key has expired since
Newest: listing 3.7.3

pip 19.0.3: sha256 {"a" * 64}

3.7 has been at its end since 2023-06-27; 3.7.17 is its last release.
"""
    )


def test_of_a_directory_here_the_file_is_named(matrix: Matrix) -> None:
    line = matrix.lines[0]
    release = dataclasses.replace(verified(line, "3.7.3"), origin="/home/somebody/files/Python-3.7.3.tar.xz")
    assert "Source: Python-3.7.3.tar.xz\n" in message_of(Proposal(line=line, release=release), TODAY)


def test_of_a_pool_no_mirror_is_named(matrix: Matrix) -> None:
    line = matrix.lines[0]
    pool = "pool/main/p/python3.7/python3.7_3.7.3.orig.tar.xz"
    said = message_of(Proposal(line=line, release=verified(line, "3.7.3", pool=pool)), date(2020, 1, 1))
    assert f"Source: {pool}\n" in said
    assert "://" not in said
    assert "its end" not in said
