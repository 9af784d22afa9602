"""Who answers the questions: the options of the command line, a person at a terminal, or the proposals themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from orchestrator.errors import UsageError
from orchestrator.new.question import Question

T = TypeVar("T")


class Source(StrEnum):
    """Where an answer comes from."""

    OPTION = "option"
    PERSON = "person"
    PROPOSAL = "proposal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was answered, and by whom. `typed` is the option that says the same."""

    option: str
    text: str
    source: Source
    typed: str


class Person(Protocol):
    """Somebody at a terminal. Real: `new/terminal.py`."""

    def answer(self, question: Question[Any], /) -> str:
        """Ask, and give what was typed, or what was proposed where that is nothing."""

    def refused(self, trouble: UsageError, /) -> None:
        """Tell what is wrong with the answer, before it is asked again."""

    def agreed(self, text: str, /) -> bool:
        """Ask for a yes or a no before something is written."""


@dataclass(kw_only=True)
class Interview:
    """Asks one question after the other, and remembers the answers.

    `given` are those of the command line, by option; `yes` takes what is proposed for all others; `person` is asked for them else. Where nobody can
    be asked, the interview goes on with what is proposed as far as it leads, so that `complete` can name every option that is missing.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    yes: bool = False
    person: Person | None = None
    answers: list[Answer] = field(default_factory=list)
    _missing: list[tuple[str, str]] = field(default_factory=list, init=False)

    def ask(self, question: Question[T]) -> T:
        """Have a question answered. Raises `UsageError` for an option that is no answer, and where nobody answers."""
        if question.option in self.given:
            return self._take(question, self.given[question.option], Source.OPTION)
        if self.yes and question.proposed:
            return self._take(question, question.proposed, Source.PROPOSAL)
        if self.person is not None and not self.yes:
            return self._asked(question, self.person)
        self._missing.append((question.asked_by, question.typed(question.proposed) if question.proposed else ""))
        if question.proposed:
            return self._take(question, question.proposed, Source.PROPOSAL)
        raise self._lacking()

    def complete(self) -> None:
        """Raise `UsageError`, naming their options, if there were questions that nobody answered."""
        if self._missing:
            raise self._lacking()

    @property
    def repeated(self) -> str:
        """The options that give all these answers again."""
        return " ".join(answer.typed for answer in self.answers)

    def _asked(self, question: Question[T], person: Person) -> T:
        while True:
            text = person.answer(question)
            try:
                return self._take(question, text, Source.PERSON)
            except UsageError as trouble:
                person.refused(trouble)

    def _take(self, question: Question[T], text: str, source: Source) -> T:
        try:
            value = question.read(text)
        except UsageError as trouble:
            if source is Source.PERSON:
                raise
            raise UsageError(f"{question.asked_by}: {trouble.message}", mend=trouble.mend) from None
        self.answers.append(Answer(option=question.option, text=text, source=source, typed=question.typed(text)))
        return value

    def _lacking(self) -> UsageError:
        unanswerable = [option for option, proposal in self._missing if not proposal]
        proposals = " ".join(proposal for _, proposal in self._missing if proposal)
        if self.yes or not proposals:
            return UsageError(
                f"nothing can be proposed for {', '.join(unanswerable)}", mend=f"give {' and '.join(unanswerable)}"
            )
        more = f", and {' and '.join(unanswerable)}" if unanswerable else ""
        return UsageError(
            f"there is no terminal to ask on, and no answer for {', '.join(option for option, _ in self._missing)}",
            mend=f"give these options, or --yes, which stands for: {proposals}{more}",
        )
