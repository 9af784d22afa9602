"""The order of proofs, what is made of which, and how long each may take."""

from __future__ import annotations

import itertools

import pytest

from orchestrator.prove.cells import alpine, debian, describe, everywhere, full, lean, python2, python3
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Kind, Outcome, Proof, ProofFailedError, Subject, Verdict
from orchestrator.prove.prover import prove
from tests.unit.prove.fakes import FakeSubject
from tests.unit.prove.images import CELLS, right

CELL = "3.7-slim-stretch-amd64"


def good(_: Subject) -> str:
    return "seen\n  this"


def bad(_: Subject) -> str:
    raise ProofFailedError("seen\nthat", output="all\nof it")


def proof(name: str, *, fails: bool = False, needs: tuple[str, ...] = (), seconds: float = 10) -> Proof:
    return Proof(
        name=f"recipe/{name}", claim="C.", link="https://x", check=bad if fails else good,
        needs=tuple(f"recipe/{one}" for one in needs), seconds=seconds,
    )  # fmt: skip


@pytest.fixture
def subject() -> FakeSubject:
    return FakeSubject(right(CELL))


def verdicts(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {one.name.partition("/")[2]: str(one.verdict) for one in outcomes}


def test_all_are_made_in_order_and_none_stops_the_others(subject: FakeSubject) -> None:
    begun: list[str] = []
    told: list[Outcome] = []
    outcomes = prove(
        subject, [proof("a"), proof("b", fails=True), proof("c")], emulated=False,
        on_proof=lambda one: begun.append(one.name), on_outcome=told.append,
    )  # fmt: skip
    assert verdicts(outcomes) == {"a": "passed", "b": "failed", "c": "passed"}
    assert begun == [one.name for one in outcomes]
    assert tuple(told) == outcomes
    assert (outcomes[0].detail, outcomes[1].detail, outcomes[1].output) == ("seen this", "seen that", "all\nof it")
    assert outcomes[0].passed
    assert not outcomes[1].passed


def test_what_needs_a_failed_one_is_not_made_and_neither_is_what_needs_that(subject: FakeSubject) -> None:
    proofs = [proof("a", fails=True), proof("b", needs=("a",)), proof("c", needs=("b",)), proof("d")]
    outcomes = prove(subject, proofs, emulated=False)
    assert verdicts(outcomes) == {"a": "failed", "b": "not made", "c": "not made", "d": "passed"}
    assert [one.detail for one in outcomes[1:3]] == ["recipe/a failed", "recipe/b failed"]
    assert (outcomes[1].seconds, outcomes[1].verdict) == (0.0, Verdict.NOT_MADE)


def test_what_was_not_asked_for_is_not_missed(subject: FakeSubject) -> None:
    assert verdicts(prove(subject, [proof("b", needs=("a",))], emulated=False)) == {"b": "passed"}


@pytest.mark.parametrize(("emulated", "limits"), [(False, [10, 60]), (True, [100, 240])])
def test_each_has_its_time(subject: FakeSubject, *, emulated: bool, limits: list[float]) -> None:
    slow = Proof(
        name="recipe/b", claim="C.", link="https://x", check=good, seconds=60, emulated_factor=4, needs=()
    )  # fmt: skip
    prove(subject, [proof("a"), slow], emulated=emulated)
    assert subject.limits == limits


def test_what_is_not_made_takes_no_time(subject: FakeSubject) -> None:
    prove(subject, [proof("a", fails=True, seconds=1), proof("b", needs=("a",), seconds=2)], emulated=False)
    assert subject.limits == [1]


def test_it_stops_when_it_is_asked_to(subject: FakeSubject) -> None:
    asked = itertools.count()
    outcomes = prove(subject, [proof("a"), proof("b"), proof("c")], emulated=False, stopped=lambda: next(asked) == 2)
    assert verdicts(outcomes) == {"a": "passed", "b": "passed"}


def test_where_a_proof_does_not_apply_it_is_not_there() -> None:
    only = Proof(name="recipe/a", claim="C.", link="https://x", check=good, applies=alpine)
    assert prove(FakeSubject(right(CELL)), [only], emulated=False) == ()
    assert len(prove(FakeSubject(right("3.7-alpine3.8-amd64")), [only], emulated=False)) == 1


def test_comparing_wants_something_to_compare_with(subject: FakeSubject) -> None:
    pairwise = Proof(name="parity/a", claim="C.", link="https://x", check=good, pairwise=True)
    against = Proof(name="recipe/a", claim="C.", link="https://x", check=good, against_inputs=True)
    assert verdicts(prove(subject, [pairwise, against], emulated=False)) == {"a": "passed"}
    assert prove(FakeSubject(right(CELL), inputs=False), [pairwise, against], emulated=False) == ()
    both = FakeSubject(right(CELL), peers=(subject,))
    assert [one.name for one in prove(both, [pairwise, against], emulated=False)] == ["parity/a", "recipe/a"]


def test_an_error_that_is_no_failed_proof_is_not_taken_for_one(subject: FakeSubject) -> None:
    def broken(_: Subject) -> str:
        raise RuntimeError("a mistake in a proof")

    with pytest.raises(RuntimeError, match="a mistake"):
        prove(subject, [Proof(name="recipe/a", claim="C.", link="https://x", check=broken)], emulated=False)


def test_the_kind_of_a_proof_is_its_folder() -> None:
    assert proof("a").kind is Kind.RECIPE


PREDICATES = {
    everywhere: 52, python3: 38, python2: 14, debian: 28, alpine: 24, full: 14, lean: 38,
}  # fmt: skip


@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda one: str(one.__name__))
def test_predicates_pick_and_say_what(predicate: object) -> None:
    (chosen,) = (one for one in PREDICATES if one is predicate)
    assert sum(chosen(cell) for cell in CELLS.values()) == PREDICATES[chosen]
    assert describe(chosen).strip(".")
    assert "\n" not in describe(chosen)


def test_a_predicate_without_words_is_described_by_its_name() -> None:
    def picky(_: object) -> bool:
        return False

    assert describe(picky) == "picky"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, ""), (1, "0"), (5, "0, 1, 2, 3, 4"), (6, "0, 1, 2, 3, 4 and 1 more"), (99, "0, 1, 2, 3, 4 and 94 more")],
)
def test_long_lists_are_cut_and_counted(count: int, shown: str) -> None:
    assert listed(str(n) for n in range(count)) == shown
