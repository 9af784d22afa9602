"""The questions about a suite, Debian's or Alpine's, and what their answers make of the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.lifetimes.suites import release_of
from orchestrator.matrix.document import BaseReference
from orchestrator.matrix.model import Family, Flavor, Line, Matrix, Suite
from orchestrator.new.draft import Draft
from orchestrator.new.facts import Facts, Known
from orchestrator.new.interview import Interview, Source
from orchestrator.new.names import age
from orchestrator.new.question import NONE, Question, decision, listed, plain, some_of

#: Architectures where neither the matrix nor a registry says which: those that official bases of both families have had all along.
_COMMON = ("amd64", "arm64v8", "i386", "ppc64le", "s390x")


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteAnswers:
    """What was answered about a suite. `bases` are by flavor; `dropped` is an older suite that the lines give up, None for none."""

    name: str
    family: Family
    bases: Mapping[Flavor, str]
    architectures: tuple[str, ...]
    archived: bool
    lines: tuple[str, ...]
    default: bool
    dropped: str | None
    notes: tuple[str, ...] = ()


def model_of(matrix: Matrix, name: str, family: Family) -> Suite | None:
    """Find the suite that a new one is most like: the next older one of its family, else the oldest; None where there is no other."""
    suites = sorted((one for one in matrix.suites if one.family is family), key=_age, reverse=True)
    rank = _rank(name)
    return next((one for one in suites if _age(one) < rank), suites[-1] if suites else None)


def ask_suite(
    interview: Interview, matrix: Matrix, name: str, family: Family, facts: Facts, today: date
) -> SuiteAnswers:
    """Ask everything about a suite. Raises `UsageError` as `Interview.ask` does."""
    model = model_of(matrix, name, family)
    bases = _ask_bases(interview, name, family)
    architectures = _ask_architectures(interview, matrix, bases, model, facts)
    archived, note = _ask_archived(interview, name, facts) if family is Family.DEBIAN else (False, "")
    lines = _ask_lines(interview, matrix, name, model)
    default = bool(lines) and _ask_default(interview, matrix, name, family, lines, bases)
    dropped = _ask_dropped(interview, matrix, name, default=default) if family is Family.ALPINE and lines else None
    return SuiteAnswers(
        name=name,
        family=family,
        bases=bases,
        architectures=architectures,
        archived=archived,
        lines=lines,
        default=default,
        dropped=dropped,
        notes=tuple(text for text in (note, _support(name, today)) if text),
    )


def with_suite(draft: Draft, answers: SuiteAnswers) -> Draft:
    """Add a suite as it was answered."""
    document: dict[str, Any] = {
        "family": str(answers.family),
        "bases": {str(flavor): base for flavor, base in answers.bases.items()},
        "architectures": list(answers.architectures),
    }
    if answers.archived:
        document["archived"] = True
    draft = draft.with_suite(answers.name, document)
    if answers.default:
        draft = draft.with_default(_key(answers.family), answers.name)
    variants = [f"slim-{answers.name}" if flavor is Flavor.SLIM else answers.name for flavor in answers.bases]
    for name in answers.lines:
        draft = draft.with_variants(name, variants)
    if answers.dropped is not None:
        matrix = draft.matrix
        for line in matrix.lines:
            gone = [
                one.variant.name
                for one in matrix.images
                if one.line == line and one.variant.suite.name == answers.dropped
            ]
            draft = draft.without_variants(line.name, gone)
        draft = draft.without_suite(answers.dropped)
    return draft


def _ask_bases(interview: Interview, name: str, family: Family) -> Mapping[Flavor, str]:
    why = {
        Flavor.FULL: "It is what the full image starts FROM: with a compiler and nearly all headers.",
        Flavor.SLIM: "It is what the slim image starts FROM: only what Debian itself needs.",
        Flavor.ALPINE: "It is what the image starts FROM.",
    }
    proposed = {
        Flavor.FULL: f"buildpack-deps:{name}",
        Flavor.SLIM: f"debian:{name}-slim",
        Flavor.ALPINE: f"alpine:{name.removeprefix('alpine')}",
    }
    flavors = (Flavor.ALPINE,) if family is Family.ALPINE else (Flavor.FULL, Flavor.SLIM)
    read = plain(BaseReference, "an image with a tag, such as debian:stretch-slim")
    bases = {}
    for flavor in flavors:
        optional = len(flavors) > 1
        base = interview.ask(
            Question(
                option="base" if flavor is Flavor.ALPINE else str(flavor),
                text=f"Which image does the variant {'slim-' if flavor is Flavor.SLIM else ''}{name} start from?",
                why=why[flavor] + (f' "{NONE}" leaves the variant out.' if optional else ""),
                read=lambda answer, optional=optional: "" if optional and answer.strip() == NONE else read(answer),  # type: ignore[misc]
                proposed=proposed[flavor],
                basis="the official image",
            )
        )
        if base:
            bases[flavor] = base
    if not bases:
        raise UsageError(
            f"{name} would have no variant at all", mend=f"give one of {', '.join(f'--{one}' for one in flavors)}"
        )
    return bases


def _ask_architectures(
    interview: Interview, matrix: Matrix, bases: Mapping[Flavor, str], model: Suite | None, facts: Facts
) -> tuple[str, ...]:
    known = tuple(sorted(one.name for one in matrix.known))
    proposed = model.architectures if model is not None else tuple(one for one in known if one in _COMMON)
    basis = f"those of {model.name}" if model is not None else "what most bases have"
    if "architectures" not in interview.given:
        found = facts.architectures(tuple(bases.values()), matrix.known)
        if isinstance(found.value, tuple):
            proposed, basis = tuple(sorted(found.value)), found.basis
        else:
            basis = f"{basis}; {found.basis}"
    return interview.ask(
        Question(
            option="architectures",
            text="For which architectures do these bases exist?",
            why="Images are built where one is enabled; the official-images library file names them all.",
            read=some_of(known, "architecture", least=1),
            proposed=listed(proposed),
            basis=basis,
        )
    )


def _ask_archived(interview: Interview, name: str, facts: Facts) -> tuple[bool, str]:
    """Ask whether a suite is archived; gives a sentence where nobody has looked, too."""
    found = Known(value=None, basis="") if "archived" in interview.given else facts.archived(name)
    archived = interview.ask(
        Question(
            option="archived",
            text=f"Has {name} left Debian's mirrors for the archive?",
            why="Packages of such a suite come from Debian's archive, whose signatures are too old to be checked.",
            read=decision,
            proposed="yes" if found.value is True else "no",
            basis=found.basis,
            switch=True,
        )
    )
    guessed = found.value is None and interview.answers[-1].source is Source.PROPOSAL
    note = f"nobody has looked whether {name} is still on Debian's mirrors ({found.basis}); where it is not, give --archived"
    return archived, note if guessed else ""


def _support(name: str, today: date) -> str:
    known = release_of(name)
    if known is None:
        return ""
    return f"{name} {'has been without support since' if known.over(today) else 'is supported until'} {known.end.isoformat()}"


def _ask_lines(interview: Interview, matrix: Matrix, name: str, model: Suite | None) -> tuple[str, ...]:
    lines = tuple(line.name for line in matrix.lines)
    having = tuple(line.name for line in matrix.lines if model is None or _has(matrix, line, model))
    return interview.ask(
        Question(
            option="lines",
            text=f"Which lines get {name}?",
            why="Each gets a Dockerfile per variant; old lines may not compile against the libraries of a newer suite.",
            read=some_of(lines, "line"),
            proposed=listed(having),
            basis=f"those that have {model.name}" if model is not None else "all",
        )
    )


def _ask_default(
    interview: Interview, matrix: Matrix, name: str, family: Family, lines: tuple[str, ...], bases: Mapping[Flavor, str]
) -> bool:
    now = matrix.default_alpine if family is Family.ALPINE else matrix.default_suite
    tags = "3.7-alpine and its like" if family is Family.ALPINE else "3.7, 3.7-slim, latest and their like"
    old = next((suite for suite in matrix.suites if suite.name == now), None)
    losing = (
        []
        if old is None
        else [line.name for line in matrix.lines if line.name not in lines and _has(matrix, line, old)]
    )
    flavors = [] if old is None else [flavor for flavor in old.bases if flavor not in bases]
    newest = old is None or _rank(name) > _age(old)
    if losing or flavors:
        proposed, basis = False, f"{' and '.join([*losing, *flavors])} would lose such tags, not having {name}"
    elif family is Family.ALPINE:
        proposed, basis = newest, f"it is {'newer' if newest else 'older'} than {now}, which has them now"
    else:
        proposed, basis = False, f"{now} has them now, and who uses them should have had time to try {name}"
    return interview.ask(
        Question(
            option="default",
            text=f"Do the tags without a suite lead to {name} from now on?",
            why=f"{tags} change their distribution under the feet of everybody who uses them.",
            read=decision,
            proposed="yes" if proposed else "no",
            basis=basis,
            switch=True,
        )
    )


def _ask_dropped(interview: Interview, matrix: Matrix, name: str, *, default: bool) -> str | None:
    suites = sorted((one for one in matrix.suites if one.family is Family.ALPINE), key=_age)
    staying = name if default else matrix.default_alpine
    droppable = [one.name for one in suites if one.name != staying and not _alone(matrix, one)]
    if not droppable:
        return None
    lines = [
        line.name
        for line in matrix.lines
        if _has(matrix, line, next(one for one in suites if one.name == droppable[0]))
    ]
    return interview.ask(
        Question(
            option="drop",
            text=f"Is an older Alpine dropped for it? The oldest is {droppable[0]}, on {' and '.join(lines) or 'no line'}.",
            why="The official images keep two or three releases of Alpine; tags of a dropped one are not renewed any more.",
            read=lambda answer: _one_of(droppable, answer),
            proposed=NONE,
            basis=f"dropping takes tags away; there are {', '.join(droppable)}",
        )
    )


def _one_of(droppable: Sequence[str], answer: str) -> str | None:
    word = answer.strip()
    word = f"alpine{word}" if word[:1].isdigit() else word
    found = some_of(droppable, "Alpine release to drop")(word)
    if len(found) > 1:
        raise UsageError("only one release of Alpine can be dropped at a time", mend=f"name one: {found[-1]}")
    return next(iter(found), None)


def _alone(matrix: Matrix, suite: Suite) -> bool:
    """Whether some line is built on nothing else."""
    return any(
        {image.variant.suite.name for image in matrix.images if image.line == line} == {suite.name}
        for line in matrix.lines
    )


def _has(matrix: Matrix, line: Line, suite: Suite) -> bool:
    return any(image.line == line and image.variant.suite == suite for image in matrix.images)


def _key(family: Family) -> str:
    return "default_alpine" if family is Family.ALPINE else "default_suite"


def _rank(name: str) -> tuple[int, ...]:
    if name.startswith("alpine"):
        return tuple(int(number) for number in name.removeprefix("alpine").split("."))
    return (age(name),)


def _age(suite: Suite) -> tuple[int, ...]:
    return _rank(suite.name)
