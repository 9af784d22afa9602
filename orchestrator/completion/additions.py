"""What can be said where the matrix grows or its lines move: what it does not have yet, and what it has that may serve again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from orchestrator.completion.values import Completer, begun, settings_of, vocabulary_of
from orchestrator.completion.vocabulary import Vocabulary

_SUITES = Path(__file__).resolve().parents[1] / "lifetimes" / "suites.yaml"
_RELEASE = re.compile(r"(\d+\.\d+)\.(\d+)")


def known(pick: Callable[[Vocabulary], Iterable[str]], *more: str) -> Completer:
    """Complete words that the matrix has somewhere, and some more."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return begun((*pick(vocabulary_of(ctx)), *more), incomplete)

    return complete


def listed(pick: Callable[[Vocabulary], Iterable[str]]) -> Completer:
    """Complete the last word of a list with commas; what stands before it is not offered again."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, word = incomplete.rpartition(",")
        given = before.split(",")
        words = [one for one in (*pick(vocabulary_of(ctx)), *(() if before else ("none",))) if one not in given]
        return [CompletionItem(f"{before}{comma}{one}") for one in words if one.startswith(word)]

    return complete


def next_releases(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The patch release that follows that of each line which was named: 3.7.3."""
    found = [(_RELEASE.match(one), one) for one in vocabulary_of(ctx).releases]
    named = ctx.params.get("lines") or ctx.params.get("version") or ()
    return begun(
        (f"{match[1]}.{int(match[2]) + 1}" for match, _ in found if match and (not named or match[1] in named)),
        incomplete,
    )


def next_lines(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The line that follows the newest one."""
    newest = max(tuple(map(int, one.split("."))) for one in vocabulary_of(ctx).lines)
    return begun((f"{newest[0]}.{newest[1] + 1}",), incomplete)


def first_releases(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The first release of the line that was named."""
    return begun((f"{ctx.params['name']}.0",), incomplete)


def new_suites(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Debian's suites that the matrix does not have, newest first."""
    return begun(_unused(ctx, alpine=False), incomplete)


def new_alpines(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Alpine's releases that the matrix does not have, newest first."""
    return begun((one.removeprefix("alpine") for one in _unused(ctx, alpine=True)), incomplete)


def old_alpines(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Alpine's releases that the matrix has."""
    suites = vocabulary_of(ctx).suites
    found = [one.removeprefix("alpine") for one in suites if one.startswith("alpine")]
    return begun((*found, "none"), incomplete)


def new_architectures(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Architectures that the matrix knows, and does not build for."""
    words = vocabulary_of(ctx)
    return begun((one for one in words.known if one not in words.architectures), incomplete)


def base(pattern: str) -> Completer:
    """Complete the image that the suite which was named usually starts from; `{}` in the pattern is its name."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return begun((pattern.format(ctx.params["name"].removeprefix("alpine")), "none"), incomplete)

    return complete


def sources(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Where releases lie, by the config and by the matrix."""
    own = settings_of(ctx).bump.source_url
    return begun((*([own] if own else []), *vocabulary_of(ctx).sites), incomplete)


def tag_sources(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The repository of the config whose tags are compared."""
    own = settings_of(ctx).bump.tags_url
    return begun((own,) if own else (), incomplete)


def _unused(ctx: click.Context, *, alpine: bool) -> list[str]:
    # The file is larger than what a TAB has time to have read as YAML; each suite is a line of it.
    names = re.findall(r"^- \{name: ([a-z0-9.]+),", _SUITES.read_text(encoding="utf-8"), re.MULTILINE)
    taken = vocabulary_of(ctx).suites
    return [one for one in reversed(names) if one.startswith("alpine") == alpine and one not in taken]
