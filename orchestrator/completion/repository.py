"""Words of the git repository that the shell stands in."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from orchestrator.completion.values import begun


def revisions(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """HEAD, those before it, branches and tags."""
    return begun(("HEAD", "HEAD~1", *_asked("for-each-ref", "--format=%(refname:short)")), incomplete)


def revisions_or_none(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The same, or "none"."""
    return [*revisions(ctx, parameter, incomplete), *begun(("none",), incomplete)]


def branches(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Branches of this repository."""
    return begun(_asked("for-each-ref", "--format=%(refname:short)", "refs/heads"), incomplete)


def remotes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Repositories that can be pushed to."""
    return begun(_asked("remote"), incomplete)


def _asked(*words: str) -> list[str]:
    from orchestrator.system.process import Command, run  # noqa: PLC0415 - only while completing

    return run(Command(argv=("git", *words), timeout=2.0)).text.split()
