from __future__ import annotations

import shlex

import pytest

from orchestrator.errors import UsageError
from orchestrator.new.interview import Interview, Source
from orchestrator.new.question import Question, decision, listed, some_of, words
from tests.unit.new.fakes import Scripted


def number(answer: str) -> int:
    if not answer.isdigit():
        raise UsageError(f'"{answer}" is no number', mend="give digits")
    return int(answer)


def question(option: str = "number", proposed: str = "7") -> Question[int]:
    return Question(option=option, text="Which?", why="It is counted.", read=number, proposed=proposed)


SWITCH = Question(option="default", text="Is it?", why="Tags move.", read=decision, proposed="no", switch=True)


def test_options_answer_first_and_proposals_last() -> None:
    person = Scripted({"other": ["9"]})
    interview = Interview(given={"number": "3"}, person=person)
    assert (interview.ask(question()), interview.ask(question("other"))) == (3, 9)
    assert [one.option for one in person.asked] == ["other"]
    assert Interview(yes=True, person=person).ask(question()) == 7
    assert [answer.source for answer in interview.answers] == [Source.OPTION, Source.PERSON]
    interview.complete()


def test_a_person_is_asked_again_and_told_why() -> None:
    person = Scripted({"number": ["x", "", "12"]})
    assert Interview(person=person).ask(question()) == 12
    assert person.refusals == ['"x" is no number', '"" is no number']


def test_an_option_that_is_no_answer_is_named() -> None:
    with pytest.raises(UsageError, match="--number:") as refused:
        Interview(given={"number": "x"}, person=Scripted()).ask(question())
    assert refused.value.mend == "give digits"


def test_without_anybody_to_ask_every_option_that_is_missing_is_named() -> None:
    interview = Interview()
    assert interview.ask(question()) == 7
    assert interview.ask(SWITCH) is False
    with pytest.raises(UsageError, match="no terminal to ask on, and no answer for --number, --default") as refused:
        interview.complete()
    assert refused.value.mend == "give these options, or --yes, which stands for: --number 7 --no-default"
    with pytest.raises(UsageError, match="--number, --default, --release") as refused:
        interview.ask(question("release", proposed=""))
    assert refused.value.mend.endswith("--no-default, and --release")


def test_yes_does_not_answer_what_nothing_is_proposed_for() -> None:
    with pytest.raises(UsageError, match="nothing can be proposed for --number") as refused:
        Interview(yes=True, person=Scripted()).ask(question(proposed=""))
    assert refused.value.mend == "give --number"


def test_the_same_answers_can_be_given_again() -> None:
    interview = Interview(given={"number": "3", "default": "y"})
    interview.ask(question())
    interview.ask(SWITCH)
    extra = Question(option="virtualenv", text="?", why="?", read=str, proposed="16.2", prefix="--extra virtualenv=")
    interview.ask(extra)
    assert interview.repeated == "--number 3 --default --extra virtualenv=16.2"
    assert shlex.split(extra.typed("a b")) == ["--extra", "virtualenv=a b"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [("a,b", ("a", "b")), ("b, a", ("a", "b")), ("b b", ("b",)), ("none", ()), ("", ())],
)
def test_words(answer: str, found: tuple[str, ...]) -> None:
    assert some_of(("a", "b", "c"), "letter")(answer) == found
    assert words(listed(found)) == found


def test_words_that_are_not_allowed() -> None:
    with pytest.raises(UsageError) as refused:
        some_of(("stretch", "buster"), "variant")("stretch,bustre")
    assert (refused.value.message, refused.value.mend) == (
        'there is no variant "bustre" here',
        'did you mean "buster"?',
    )
    with pytest.raises(UsageError, match="at least 1 variant"):
        some_of(("stretch",), "variant", least=1)("none")


@pytest.mark.parametrize(("answer", "found"), [("yes", True), ("Y", True), ("no", False), ("n", False)])
def test_decisions(answer: str, *, found: bool) -> None:
    assert decision(answer) is found


def test_what_is_no_decision() -> None:
    with pytest.raises(UsageError, match="neither yes nor no"):
        decision("perhaps")
