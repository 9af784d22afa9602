"""The questions about a line, and what their answers make of the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.lifetimes.lines import Lifetime
from orchestrator.matrix.document import Alias, Fingerprint, PackageVersion, Release
from orchestrator.matrix.model import Image, Line, Matrix, Pin, Variant
from orchestrator.new.draft import Draft
from orchestrator.new.interview import Interview
from orchestrator.new.question import Question, listed, plain, some_of, words
from orchestrator.new.upstream import Upstream, at_release, check_release, like, remark
from orchestrator.recipe.conditions import applies
from orchestrator.recipe.rules import Rules

_TOOLS = ("pip", "setuptools", "wheel")
_WHY_TOOL: Mapping[str, str] = {
    "pip": "It is installed in every image, and PYTHON_PIP_VERSION names it.",
    "setuptools": "It is installed beside pip, for packages that are built from source.",
    "wheel": "It is installed beside pip, so that what is built from source is kept as a wheel.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LineAnswers:
    """What was answered about a line; pins are versions by name, `extras` those that the rules want besides."""

    name: str
    release: str
    gpg_key: str
    aliases: tuple[str, ...]
    variants: tuple[str, ...]
    tools: Mapping[str, str]
    extras: Mapping[str, str]
    notes: tuple[str, ...]


def model_of(matrix: Matrix, name: str) -> Line:
    """Find the line that a new one is most like: the next older one, else the oldest there is."""
    version = _version(name)
    return next((line for line in matrix.lines if line.version < version), matrix.lines[-1])


def ask_line(
    interview: Interview,
    matrix: Matrix,
    name: str,
    upstream: Upstream,
    lifetime: Lifetime | None,
    rules: Rules,
    today: date,
) -> LineAnswers:
    """Ask everything about a line. Raises `UsageError` as `Interview.ask` does."""
    model = model_of(matrix, name)
    release = _ask_release(interview, like(model, name), upstream, lifetime)
    key = _ask_key(interview, name, lifetime)
    aliases = _ask_aliases(interview, matrix, name)
    variants = _ask_variants(interview, matrix, model)
    tools = {
        tool: interview.ask(_pin_question(tool, _WHY_TOOL[tool], getattr(model, tool).version, f"that of {model.name}"))
        for tool in _TOOLS
    }
    extras = {
        extra: interview.ask(_extra_question(matrix, extra, why))
        for extra, why in _extras(matrix, name, model, variants, rules).items()
    }
    notes = [*remark(release)]
    if lifetime is not None:
        notes.append(f"{lifetime.told(today)} ({lifetime.link})")
        if lifetime.keys and key not in lifetime.keys:
            notes.append(f"upstream signs {name} with {' or '.join(lifetime.keys)}, not with the key that was given")
    return LineAnswers(
        name=name,
        release=release,
        gpg_key=key,
        aliases=aliases,
        variants=variants,
        tools=tools,
        extras=extras,
        notes=tuple(notes),
    )


def with_line(draft: Draft, answers: LineAnswers, upstream: Upstream) -> tuple[Draft, tuple[str, ...]]:
    """Add a line as it was answered; gives what is to be told of it, too. What is fetched for it is verified first.

    Raises `UnreachableError` and `VerificationError` for the tarball or a wheel.
    """
    matrix = draft.matrix
    line = at_release(like(model_of(matrix, answers.name), answers.name), answers.release)
    line = replace(line, gpg_key=answers.gpg_key)
    pins = {
        name: _pin(matrix, name, version, line, upstream)
        for name, version in {**answers.tools, **answers.extras}.items()
    }
    tarball = upstream.tarball(line)
    for other in matrix.lines:
        for alias in answers.aliases:
            if alias in other.aliases:
                draft = draft.without_alias(other.name, alias)
    source = {"format": tarball.format, "sha256": tarball.sha256}
    if tarball.pool is not None:
        source["pool"] = tarball.pool
    document: dict[str, Any] = {
        "release": answers.release,
        "aliases": list(answers.aliases),
        "gpg_key": answers.gpg_key,
        "source": source,
        **{name: {"version": pins[name].version, "sha256": pins[name].sha256} for name in _TOOLS},
    }
    if answers.extras:
        document["extras"] = [
            {"name": name, "version": pins[name].version, "sha256": pins[name].sha256} for name in answers.extras
        ]
    document["variants"] = list(answers.variants)
    return draft.with_line(answers.name, document), tarball.notes


def _ask_release(interview: Interview, line: Line, upstream: Upstream, lifetime: Lifetime | None) -> str:
    proposed, basis = "", ""
    if "release" not in interview.given:
        newest = upstream.newest(line)
        proposed, basis = newest.release, newest.basis
        if not proposed and lifetime is not None and lifetime.last is not None:
            proposed, basis = lifetime.last, f"its last one, as {lifetime.link} has it; {newest.basis}"
    release = plain(Release, f"a release, such as {line.name}.0")
    return interview.ask(
        Question(
            option="release",
            text=f"Which release of {line.name}?",
            why="Its tarball is what gets compiled, and the number is the first tag of every image.",
            read=lambda answer: check_release(line.name, release(answer)),
            proposed=proposed,
            basis=basis,
        )
    )


def _ask_key(interview: Interview, name: str, lifetime: Lifetime | None) -> str:
    keys = () if lifetime is None else lifetime.keys
    fingerprint = plain(Fingerprint, "the 40 hex digits of a fingerprint")
    return interview.ask(
        Question(
            option="gpg-key",
            text=f"Which OpenPGP key signs {name}?",
            why="No release of the line is taken unless this key has signed it, and GPG_KEY tells it to users.",
            read=lambda answer: fingerprint(answer.replace(" ", "").upper().removeprefix("0X")),
            proposed=next(iter(keys), ""),
            basis=f"the release manager's, from {lifetime.link}" if keys and lifetime is not None else "",
        )
    )


def _ask_aliases(interview: Interview, matrix: Matrix, name: str) -> tuple[str, ...]:
    owners = {alias: line for line in matrix.lines for alias in line.aliases}
    proposed = [alias for alias in (name.partition(".")[0], "latest") if _is_newest(matrix, name, alias)]
    taken = [f"{alias} from {owners[alias].name}" for alias in proposed if alias in owners]
    basis = f"{name} is the newest, and takes {' and '.join(taken)}" if taken else ""
    return interview.ask(
        Question(
            option="aliases",
            text=f"By which other names is {name} to be had?",
            why="Each is a tag of its own (python:3, python:latest) and leads to one line only: who has it now, gives it up.",
            read=lambda answer: _aliases(answer, matrix, name),
            proposed=listed(proposed),
            basis=basis or f"{name} is not the newest line",
        )
    )


def _ask_variants(interview: Interview, matrix: Matrix, model: Line) -> tuple[str, ...]:
    built = tuple(image.variant.name for image in matrix.images if image.line == model)
    order = (*built, *(one for one in _offered(matrix) if one not in built))
    return interview.ask(
        Question(
            option="variants",
            text="On which variants is it built?",
            why="Each is a Dockerfile, and a build on every architecture that its base exists for.",
            read=some_of(order, "variant", least=1),
            proposed=listed(built),
            basis=f"those of {model.name}; there are {', '.join(order)}",
        )
    )


def _pin_question(name: str, why: str, version: str, basis: str, *, prefix: str = "") -> Question[str]:
    return Question(
        prefix=prefix,
        option=name,
        text=f"Which {name}?",
        why=why,
        read=plain(PackageVersion, f"a version of {name}, such as {version or '1.0'}"),
        proposed=version,
        basis=basis,
    )


def _extra_question(matrix: Matrix, name: str, why: str) -> Question[str]:
    known = next(((line.name, pin.version) for line in matrix.lines for pin in line.extras if pin.name == name), None)
    return _pin_question(
        name, why, known[1] if known else "", f"that of {known[0]}" if known else "", prefix=f"--extra {name}="
    )


def _extras(matrix: Matrix, name: str, model: Line, variants: Sequence[str], rules: Rules) -> Mapping[str, str]:
    """Find the further wheels that the rules install into some image of the line, each with its reason."""
    line = like(model, name)
    images = [
        Image(line=line, variant=variant, tags=(), shared_tags=())
        for offered, variant in _offered(matrix).items()
        if offered in variants
    ]
    return {
        rule.name: rule.why
        for rule in rules.result.wheels
        if any(applies(image, rule.when, rule.unless) for image in images)
    }


def _offered(matrix: Matrix) -> Mapping[str, Variant]:
    variants = [Variant(suite=suite, flavor=flavor) for suite in matrix.suites for flavor in suite.bases]
    return {variant.name: variant for variant in variants}


def _aliases(answer: str, matrix: Matrix, name: str) -> tuple[str, ...]:
    read = plain(Alias, "a tag, such as 3 or latest")
    found = tuple(read(word) for word in words(answer))
    for alias in found:
        owner = next((line.name for line in matrix.lines if alias in {line.name, line.release}), None)
        if owner is not None or alias.startswith(f"{name}.") or alias == name:
            raise UsageError(f'"{alias}" is the name of {owner or name} itself', mend="leave it out")
    return found


def _is_newest(matrix: Matrix, name: str, alias: str) -> bool:
    version = _version(name)
    rivals = [line.version for line in matrix.lines if alias == "latest" or line.version[0] == version[0]]
    return all(version > rival for rival in rivals)


def _pin(matrix: Matrix, name: str, version: str, line: Line, upstream: Upstream) -> Pin:
    """Take the checksum that the matrix has for that version, else ask for it."""
    known = (pin for other in matrix.lines for pin in (other.pip, other.setuptools, other.wheel, *other.extras))
    found = next((pin for pin in known if (pin.name, pin.version) == (name, version)), None)
    return found or upstream.pin(name, version, line)


def _version(name: str) -> tuple[int, int]:
    major, minor = name.split(".")
    return int(major), int(minor)
