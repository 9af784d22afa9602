"""The questions about an architecture, and what their answers make of the matrix."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import UsageError
from orchestrator.matrix.document import PlatformName
from orchestrator.matrix.model import Matrix
from orchestrator.matrix.platforms import normalise
from orchestrator.new.draft import Draft
from orchestrator.new.interview import Interview
from orchestrator.new.question import Question, listed, plain, some_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchitectureAnswers:
    """What was answered about an architecture; `suites` are those that are to be marked as having it."""

    name: str
    platform: str
    declared: bool
    suites: tuple[str, ...]


def ask_architecture(interview: Interview, matrix: Matrix, name: str) -> ArchitectureAnswers:
    """Ask everything about an architecture. Raises `UsageError` as `Interview.ask` does."""
    declared = next((one for one in matrix.known if one.name == name), None)
    platform = str(declared.platform) if declared is not None else _ask_platform(interview, matrix, name)
    having = [suite.name for suite in matrix.suites if name in suite.architectures]
    lacking = tuple(suite.name for suite in matrix.suites if name not in suite.architectures)
    suites: tuple[str, ...] = ()
    if lacking and not having:
        suites = interview.ask(
            Question(
                option="suites",
                text=f"Which suites have bases for {name}?",
                why="No image is built for an architecture that its base does not exist for.",
                read=some_of(lacking, "suite", least=1),
                proposed=listed(lacking),
                basis="all that there are",
            )
        )
    return ArchitectureAnswers(name=name, platform=platform, declared=declared is not None, suites=suites)


def with_architecture(draft: Draft, answers: ArchitectureAnswers) -> Draft:
    """Enable an architecture as it was answered, and declare it before."""
    if not answers.declared:
        draft = draft.with_architecture(answers.name, answers.platform)
    for suite in answers.suites:
        draft = draft.with_base_for(suite, answers.name)
    return draft.enabled(answers.name)


def _ask_platform(interview: Interview, matrix: Matrix, name: str) -> str:
    taken = {normalise(str(one.platform)): one.name for one in matrix.known}
    form = plain(PlatformName, "an OCI platform, such as linux/riscv64")

    def read(answer: str) -> str:
        found = form(answer)
        if normalise(found) in taken:
            raise UsageError(
                f"{found} is the platform of {taken[normalise(found)]}",
                mend=f"did you mean: orchestrator new arch {taken[normalise(found)]}?",
            )
        return found

    proposed = f"linux/{name}" if "-" not in name else ""
    return interview.ask(
        Question(
            option="platform",
            text=f"By which OCI platform does BuildKit know {name}?",
            why="Bases are pulled, and images are built, for this platform.",
            read=read,
            proposed="" if normalise(proposed) in taken else proposed,
            basis="the same word" if proposed else "",
        )
    )
