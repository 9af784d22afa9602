"""What the commands of `orchestrator new` have in common: their options, whom they ask, and how they end."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.options import Common, emit, emit_json
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.config.settings import Settings
    from orchestrator.new.addition import Addition
    from orchestrator.new.facts import Facts
    from orchestrator.new.interview import Interview
    from orchestrator.new.terminal import Terminal
    from orchestrator.new.upstream import Upstream
    from orchestrator.system.git import Git

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What is wanted besides the answers."""

    yes: bool
    dry_run: bool
    render: bool
    show: bool
    commit: bool
    online: bool


def wishes_of(command: F) -> F:
    """Add the options of every addition; the command gets them as `wishes`, after its `Common`."""

    @functools.wraps(command)
    def wrapper(
        told: Common,
        *args: Any,
        yes: bool,
        dry_run: bool,
        no_render: bool,
        show: bool,
        commit: bool,
        online: bool,
        **kwargs: Any,
    ) -> Any:
        wishes = Wishes(
            yes=yes, dry_run=dry_run, render=not no_render, show=show, commit=commit and not dry_run, online=online
        )
        if commit and no_render:
            raise UsageError(
                "--commit and --no-render exclude each other", mend="a commit is to be whole: leave out one"
            )
        return command(told, wishes, *args, **kwargs)

    wrapped: Any = wrapper
    for option in (
        click.option("--online", is_flag=True, help="Ask registries, the Debian mirror and pip's index for facts."),
        click.option("--commit", is_flag=True, help="Commit what is written, and nothing else."),
        click.option("--show", is_flag=True, help="Print the new Dockerfiles, too."),
        click.option("--no-render", is_flag=True, help="Write the matrix only."),
        click.option("--dry-run", is_flag=True, help="Show what would be created, write nothing."),
        click.option("--yes", is_flag=True, help="Take what is proposed wherever no option answers."),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def conclude(
    told: Common, wishes: Wishes, addition: Addition, interview: Interview, model: str, git: Git | None
) -> int:
    """Show it, have it agreed to, write it, commit it. `model` is what its rules were compared with; gives the exit code."""
    from orchestrator.errors import ExitCode  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.new.addition import apply  # noqa: PLC0415
    from orchestrator.new.committing import commit  # noqa: PLC0415

    if not _agreed(told, wishes, addition, interview, model):
        click.echo(f"orchestrator: nothing is written; the same answers again: {interview.repeated}", err=True)
        return int(ExitCode.DONE)
    made: str | None = None
    if not wishes.dry_run:
        apply(addition, render=wishes.render)
        if git is not None:
            made = commit(git, addition, rendered=wishes.render)
    _tell(told, wishes, addition, made)
    return int(ExitCode.DONE)


def _agreed(told: Common, wishes: Wishes, addition: Addition, interview: Interview, model: str) -> bool:
    """Show what it means; who was asked is asked whether that is what was meant."""
    from orchestrator.new.showing import text_of  # noqa: PLC0415 - see above

    person = None if wishes.dry_run else interview.person
    shown = text_of(addition, model, render=wishes.render, written=not wishes.dry_run and person is None)
    if wishes.show:
        shown += "".join(f"\n\n# {one.shown}\n{one.text.rstrip()}" for one in addition.dockerfiles)
    if not told.json:
        emit(shown)
    elif person is not None:
        click.echo(shown, err=True)
    return person is None or person.agreed("Write this?")


def _tell(told: Common, wishes: Wishes, addition: Addition, commit: str | None) -> None:
    from orchestrator.new.showing import document_of, next_steps  # noqa: PLC0415 - see above

    if told.json:
        document = document_of(addition, render=wishes.render, dry_run=wishes.dry_run, commit=commit)
        if wishes.show:
            document["dockerfiles"] = {one.shown: one.text for one in addition.dockerfiles}
        emit_json(document)
        return
    if wishes.dry_run:
        emit("nothing is written (--dry-run)")
        return
    if commit is not None:
        emit(f"commit: {commit}")
    emit("go on with:")
    for step in next_steps(addition, render=wishes.render, committed=commit is not None):
        emit(f"  {step}")


def interview_of(told: Common, wishes: Wishes, options: dict[str, Any]) -> Interview:
    """Make the interview: options that were given are answers, for the rest there is a person, or nobody."""
    from orchestrator.new.interview import Interview  # noqa: PLC0415 - see above

    given = {
        name: value if isinstance(value, str) else "yes" if value else "no"
        for name, value in options.items()
        if value is not None
    }
    return Interview(given=given, yes=wishes.yes, person=None if wishes.yes else _person(told))


def _person(told: Common) -> Terminal | None:
    """Somebody to ask, where both what is asked and what is typed are at a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from orchestrator.new.terminal import Terminal  # noqa: PLC0415 - see above

    return Terminal(console=told.stderr())


def repository(told: Common, wishes: Wishes) -> Git | None:
    """The repository to commit to, looked at before anything is asked; None where nothing is to be committed."""
    if not wishes.commit:
        return None
    from orchestrator.new.committing import check_clean  # noqa: PLC0415 - see above
    from orchestrator.system.git import Git  # noqa: PLC0415

    git = Git(root=told.matrix_path.absolute().parent)
    check_clean(git, told.matrix_path.name)
    return git


def _settings(told: Common) -> Settings:
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - see above

    return load_settings(told.config_path)


@contextmanager
def facts_of(told: Common, wishes: Wishes) -> Iterator[Facts]:
    """Give who knows about bases and suites; without --online, nobody is asked."""
    from orchestrator.new.facts import Offline, Online  # noqa: PLC0415 - see above
    from orchestrator.system.places import Places  # noqa: PLC0415

    settings = _settings(told)
    if not wishes.online:
        yield Offline(settings=settings)
        return
    import os  # noqa: PLC0415

    from orchestrator.registry.registries import Registries  # noqa: PLC0415

    plain = frozenset(settings.plain_registries)
    with Registries(environment=os.environ, plain=plain, without_connection=2) as registries:
        yield Online(settings=settings, places=Places.from_environment(), registries=registries)


def upstream_of(told: Common, options: dict[str, Any]) -> Upstream:
    """Give where a release and its wheels come from, as the options of `new line` say."""
    from orchestrator.bump.finding import SourceSettings  # noqa: PLC0415 - see above
    from orchestrator.bump.opening import open_outside  # noqa: PLC0415
    from orchestrator.new.upstream import Reached  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    outside = open_outside(
        _settings(told),
        SourceSettings(
            site=options["source_url"],
            offline=options["offline"],
            keys=options["keys"],
            prereleases=options["pre"],
        ),
        root=told.matrix_path.absolute().parent,
        places=Places.from_environment(),
        progress=told.progress(),
    )
    return Reached(
        finder=outside.finder,
        inputs=outside.stock,
        index=outside.index,
        sha256=options["sha256"],
        format=options["ending"],
        fetch=not options["no_fetch"],
        offline=options["offline"],
    )


def check_source(options: dict[str, Any]) -> None:
    """See that the options about a tarball go together. Raises `UsageError`."""
    import re  # noqa: PLC0415 - see above

    sha256 = options["sha256"]
    if sha256 is None and options["no_fetch"]:
        raise UsageError(
            "--no-fetch needs --sha256: without either nothing would be verified",
            mend="give --sha256 from the release page",
        )
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UsageError(f'"{sha256[:80]}" is not a sha256', mend="give 64 lower-case hex digits")
    if sha256 is not None and options["release"] is None:
        raise UsageError("a checksum belongs to one release", mend="give --release, too")


def extras_of(words: tuple[str, ...]) -> dict[str, str]:
    """Read `--extra NAME=VERSION` (also with `==`). Raises `UsageError`."""
    found = {}
    for word in words:
        name, equals, version = word.partition("=")
        if not equals or not name:
            raise UsageError(f'--extra "{word[:80]}" has no version', mend="write --extra virtualenv=16.2.0")
        found[name] = version.removeprefix("=")
    return found
