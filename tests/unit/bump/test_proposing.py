from __future__ import annotations

import threading

import pytest

from orchestrator.bump.index import Index
from orchestrator.bump.model import Part, Proposal, Unsigned, Verified
from orchestrator.bump.proposing import Failed, Proposer, Standing, Wish, address_of, chosen_lines
from orchestrator.errors import UsageError, VerificationError
from orchestrator.matrix.model import Line, Matrix
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Silent
from tests.unit.bump.fakes import FakePip, FakeReleases, FakeStock, Wheel, sha256_of, unreachable, verified

RELEASE = frozenset({Part.RELEASE})
PIP = FakePip(
    {"pip": {"24.0": Wheel(pythons=">=3.7.3")}, "setuptools": {"40.6.3": Wheel()}, "wheel": {"0.32.3": Wheel()}}
)


def proposer(releases: FakeReleases, stock: FakeStock | None = None, pip: FakePip = PIP) -> Proposer:
    return Proposer(
        releases=releases,
        index=Index(runner=pip, python="python"),
        stock=stock or FakeStock(),
        progress=Silent(),
        cancellation=Cancellation(),
    )


def one(found: tuple[Proposal | Failed, ...]) -> Proposal:
    (proposal,) = found
    assert isinstance(proposal, Proposal)
    return proposal


def failure(found: tuple[Proposal | Failed, ...]) -> Failed:
    (failed,) = found
    assert isinstance(failed, Failed)
    return failed


def test_wheels_are_chosen_for_the_release_that_is_proposed(matrix: Matrix) -> None:
    stock = FakeStock()
    proposal = one(proposer(FakeReleases({"3.7": "3.7.3"}), stock).propose(matrix.lines[:1], Wish()))
    assert isinstance(proposal.release, Verified)
    assert [pin.version for pin in proposal.pins] == ["24.0"]
    assert stock.pins == list(proposal.pins)
    assert proposal.seen == {"listing": "3.7.3", "tags": ""}
    assert one(proposer(FakeReleases({})).propose(matrix.lines[:1], Wish())).empty


def test_lines_are_answered_in_order_and_fail_by_themselves(matrix: Matrix) -> None:
    releases = FakeReleases({"3.7": "3.7.3", "3.6": unreachable(), "2.7": "2.7.16"})
    found = proposer(releases).propose(matrix.lines, Wish(parts=RELEASE))
    assert [entry.line.name for entry in found] == [line.name for line in matrix.lines]
    assert [type(entry) for entry in found] == [Proposal, Failed, Proposal, Proposal, Proposal]
    checked = proposer(releases).check(matrix.lines, Wish(parts=RELEASE))
    assert [entry.release if isinstance(entry, Standing) else entry.error.code for entry in checked] == [
        "3.7.3", 5, None, None, "2.7.16",
    ]  # fmt: skip
    assert [entry.newer for entry in checked if isinstance(entry, Standing)] == [True, False, False, True]


def test_a_checksum_without_a_signature(matrix: Matrix) -> None:
    stock, releases = FakeStock(), FakeReleases({})
    wish = Wish(parts=RELEASE, to="3.7.3", sha256="a" * 64, unsigned=True)
    proposal = one(proposer(releases, stock).propose(matrix.lines[:1], wish))
    assert isinstance(proposal.release, Unsigned)
    assert proposal.notes == ("3.7.3: no signature was checked, only the sha256 that was given",)
    (asked,) = stock.sources
    assert (asked.source.sha256, asked.source.pool) == ("a" * 64, None)
    assert asked.source.url.endswith("/3.7.3/Python-3.7.3.tar.xz")
    assert releases.asked == []
    wish = Wish(parts=RELEASE, to="3.7.2", sha256="a" * 64, unsigned=True)
    assert one(proposer(releases, stock).propose(matrix.lines[:1], wish)).empty
    for to in ("3.6.9", "3.7", "3.7.3; id"):
        wish = Wish(parts=RELEASE, to=to, sha256="a" * 64, unsigned=True)
        assert isinstance(failure(proposer(releases, stock).propose(matrix.lines[:1], wish)).error, UsageError)


def test_a_checksum_besides_a_signature_has_to_match(matrix: Matrix) -> None:
    releases = FakeReleases({"3.7": "3.7.3"})
    right = Wish(parts=RELEASE, to="3.7.3", sha256=sha256_of("3.7.3"))
    assert isinstance(one(proposer(releases).propose(matrix.lines[:1], right)).release, Verified)
    failed = failure(proposer(releases).propose(matrix.lines[:1], Wish(parts=RELEASE, sha256="a" * 64)))
    assert isinstance(failed.error, VerificationError)
    assert "a" * 64 in failed.error.message
    assert releases.asked == [("3.7", "3.7.3"), ("3.7", None)]


def test_wheels_that_cannot_be_fetched_fail_the_line(matrix: Matrix) -> None:
    releases = FakeReleases({"3.7": "3.7.3"})
    failed = failure(proposer(releases, FakeStock(unreachable("the index"))).propose(matrix.lines[:1], Wish()))
    assert "the index does not answer" in failed.error.message


def test_an_interrupt_stops_what_the_others_are_at(matrix: Matrix) -> None:
    stopped = threading.Event()
    cancellation = Cancellation()
    cancellation.on_cancel(stopped.set)

    class Interrupted(FakeReleases):
        def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
            if line.name == "3.7":
                raise KeyboardInterrupt
            assert stopped.wait(30)
            return verified(line, to or line.release)

    working = Proposer(
        releases=Interrupted({}),
        index=Index(runner=PIP),
        stock=FakeStock(),
        progress=Silent(),
        cancellation=cancellation,
    )
    with pytest.raises(KeyboardInterrupt):
        working.propose(matrix.lines, Wish(parts=RELEASE))
    assert stopped.is_set()


def test_choosing_lines(matrix: Matrix) -> None:
    assert chosen_lines(matrix, ()) == matrix.lines
    assert [line.name for line in chosen_lines(matrix, ("2.7", "3.7", "2.7"))] == ["3.7", "2.7"]
    with pytest.raises(UsageError, match=r'no line "3\.8"'):
        chosen_lines(matrix, ("3.8",))


def test_where_the_tarball_of_another_release_lies(matrix: Matrix) -> None:
    site = matrix.release_site
    assert address_of(matrix.lines[0], "3.7.10") == f"{site}/3.7.10/Python-3.7.10.tar.xz"
    assert address_of(matrix.lines[0], "3.7.3rc1") == f"{site}/3.7.3/Python-3.7.3rc1.tar.xz"
