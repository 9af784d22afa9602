"""`orchestrator bump`: bring lines to the newest release and the newest wheels."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.cli.sources import sources_of
from orchestrator.completion import additions, repository, values
from orchestrator.errors import ExitCode, UsageError, summary

if TYPE_CHECKING:
    from orchestrator.bump.model import Proposal
    from orchestrator.bump.proposing import Failed, Proposer, Standing, Wish
    from orchestrator.bump.writing import Draft
    from orchestrator.matrix.model import Matrix

_PARTS = ("release", "pip", "setuptools", "wheel", "extras")


@click.command()
@click.argument("lines", nargs=-1, metavar="[LINE]...", shell_complete=values.lines)
@click.option("--version", multiple=True, metavar="LINE", shell_complete=values.lines, help="The same as LINE.")
@click.option(
    "--to",
    metavar="RELEASE",
    shell_complete=additions.next_releases,
    help="Exactly this release of one line: 3.7.3; wheels stay.",
)
@click.option(
    "--sha256", metavar="HEX", help="What its tarball has to be; with --to and no --key, in place of a signature."
)
@click.option("--check", is_flag=True, help="Only look: exit with 1 where anything is newer.")
@click.option("--dry-run", is_flag=True, help="Fetch and verify, show what would change, write nothing.")
@click.option(
    "--partial", is_flag=True, help="Write the lines that verified, also where others did not (default: none)."
)
@click.option("--only", multiple=True, type=click.Choice(_PARTS), help="Bump nothing but this.")
@sources_of
@click.option(
    "--tags-url",
    metavar="URL",
    shell_complete=additions.tag_sources,
    help="The git repository whose tags are compared.",
)
@click.option("--commit", is_flag=True, help="Make a commit of each line.")
@click.option(
    "--branch",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    shell_complete=repository.branches,
    help="Commit on a new branch (default: bump/RELEASE); the files here stay as they are.",
)
@click.option(
    "--push",
    is_flag=False,
    flag_value="origin",
    metavar="[REMOTE]",
    shell_complete=repository.remotes,
    help="Push that branch (to: origin).",
)
@common
def command(told: Common, lines: tuple[str, ...], *, version: tuple[str, ...], **options: Any) -> int:
    """Bring lines to the newest patch release and to the newest pip, setuptools, wheel that support them.

    Without LINE, all of them. Tarballs are fetched once and their signatures verified with the key that the matrix pins for the line; wheels come
    from pip's configured index. Nothing is written unless everything verified. Then the Dockerfiles are rendered, and what changed is shown.

    --json: {"lines": [{"line", "from", "to", "source", "wheels", "seen", "end_of_life", "notes", "error"}], "written", "commits", "branch",
    "diff"}; with --check: {"newer", "lines"}.

    Examples: orchestrator bump --check; orchestrator bump 3.7 --dry-run; orchestrator bump --commit; orchestrator bump 3.7 --to 3.7.3 --branch
    """
    from orchestrator.bump.proposing import chosen_lines  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.matrix.load import parse_matrix  # noqa: PLC0415
    from orchestrator.system.files import read_text  # noqa: PLC0415

    words = (*lines, *version)
    _refuse_contradictions(words, options)
    with _matrix_of(told, options) as path:
        text = read_text(path, what="matrix")
        matrix = parse_matrix(text, path)
        _refuse_lines_as_names(matrix, options)
        chosen = chosen_lines(matrix, words)
        if options["to"] is not None and len(chosen) != 1:
            raise UsageError("--to is about one line", mend="name it: orchestrator bump 3.7 --to 3.7.3")
        proposer, wish = _proposer(told, options, path), _wish(options)
        if options["check"]:
            return _check(told, proposer.check(chosen, wish))
        return _finish(told, options, path, text, proposer.propose(chosen, wish))


def _refuse_contradictions(words: Sequence[str], options: dict[str, Any]) -> None:
    if options["sha256"] is not None and not re.fullmatch(r"[0-9a-f]{64}", options["sha256"]):
        raise UsageError(f'"{options["sha256"][:80]}" is not a sha256', mend="give 64 lower-case hex digits")
    if options["sha256"] is not None and len(words) != 1:
        raise UsageError("--sha256 is about one line", mend="name it: orchestrator bump 3.7 --to 3.7.3 --sha256 ...")
    if options["only"] and "release" not in options["only"]:
        of_release = [name for name in ("to", "sha256") if options[name] is not None]
        if of_release:
            raise UsageError(
                f"--{of_release[0]} is about the release, and --only {options['only'][0]} is not",
                mend="leave one of the two away",
            )
    if options["push"] is not None and options["branch"] is None:
        raise UsageError("--push is about a branch", mend="add --branch")
    if options["offline"] is not None and (options["source_url"] or options["tags_url"]):
        raise UsageError("--offline asks nobody else", mend="leave --source-url and --tags-url away")
    if options["check"]:
        of_writing = [name for name in ("to", "sha256", "branch", "push") if options[name] is not None]
        of_writing += [name for name in ("commit", "dry_run", "partial") if options[name]]
        if of_writing:
            raise UsageError(
                f"--check only looks for what is newest; --{of_writing[0].replace('_', '-')} says nothing to it",
                mend="leave one of the two away",
            )


def _refuse_lines_as_names(matrix: Matrix, options: dict[str, Any]) -> None:
    """Refuse `--branch 3.7`: who types that means the line, and all lines would come on a branch of that name."""
    for name in ("branch", "push"):
        word = options[name]
        if any(line.name == word for line in matrix.lines):
            raise UsageError(
                f"--{name} takes {word} for its own, not for the line",
                mend=f"name lines first: orchestrator bump {word} --{name}",
            )


def _wish(options: dict[str, Any]) -> Wish:
    from orchestrator.bump.model import Part  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.bump.proposing import Wish  # noqa: PLC0415

    given = options["only"] or (("release",) if options["to"] is not None else _PARTS)
    elsewhere = options["keys"] or options["offline"] or options["source_url"]
    return Wish(
        parts=frozenset(Part(name) for name in given),
        to=options["to"],
        sha256=options["sha256"],
        unsigned=options["to"] is not None and options["sha256"] is not None and not elsewhere,
    )


def _proposer(told: Common, options: dict[str, Any], matrix: Path) -> Proposer:
    from orchestrator.bump.finding import SourceSettings  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.bump.opening import open_proposer  # noqa: PLC0415
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    return open_proposer(
        load_settings(told.config_path),
        SourceSettings(
            site=options["source_url"],
            offline=options["offline"],
            tags=options["tags_url"],
            keys=options["keys"],
            prereleases=options["pre"],
        ),
        root=matrix.parent,
        places=Places.from_environment(),
        progress=told.progress(),
    )


@contextlib.contextmanager
def _matrix_of(told: Common, options: dict[str, Any]) -> Iterator[Path]:
    """Give the matrix that is bumped: for a branch, the one of the last commit in a worktree of its own."""
    from orchestrator.bump.branch import Branches  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.bump.commits import need_clean  # noqa: PLC0415

    home = Branches(root=told.matrix_path.absolute().parent)
    if options["branch"] is None:
        if options["commit"] and not options["dry_run"]:
            need_clean(home, [told.matrix_path.name])  # now, and not after everything was fetched
        yield told.matrix_path
        return
    if options["branch"]:
        home.check_name(options["branch"])
    home.committed(told.matrix_path)
    with home.worktree() as root:
        yield root / told.matrix_path.name


def _check(told: Common, found: Sequence[Standing | Failed]) -> int:
    from orchestrator.bump.proposing import Failed, Standing  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.bump.words import describe_failed, describe_standing, standings_table  # noqa: PLC0415

    today = datetime.now(UTC).date()
    standings = [one for one in found if isinstance(one, Standing)]
    newer = any(one.newer for one in standings)
    if told.json:
        described = [
            describe_failed(one, today) if isinstance(one, Failed) else describe_standing(one, today) for one in found
        ]
        emit_json({"newer": newer, "lines": described})
    elif standings:
        emit(standings_table(standings, today))
    failed = _told_failures(found)
    return int(failed or (ExitCode.CELLS_FAILED if newer else ExitCode.DONE))


def _finish(told: Common, options: dict[str, Any], path: Path, text: str, found: Sequence[Proposal | Failed]) -> int:
    from orchestrator.bump.delivering import Delivered, Way, deliver  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.bump.proposing import Failed  # noqa: PLC0415
    from orchestrator.bump.words import describe_bump, told_of_bump  # noqa: PLC0415
    from orchestrator.bump.writing import draft  # noqa: PLC0415

    today = datetime.now(UTC).date()
    proposals = [one for one in found if not isinstance(one, Failed)]
    held_back = len(proposals) < len(found) and not options["partial"]
    work = draft(path, text, () if held_back else proposals)
    diff = work.diff  # before anything is written: then there is none
    way = Way(dry_run=options["dry_run"], commit=options["commit"], branch=options["branch"], push=options["push"])
    if not told.json and work.steps:
        _show(work, diff)
    done = Delivered() if held_back else deliver(work, way, today, home=told.matrix_path.absolute().parent)
    if told.json:
        emit_json(describe_bump(found, done, diff, today))
    else:
        emit("\n".join(told_of_bump(() if held_back else proposals, done, today)))
    failed = _told_failures(found)
    if held_back:
        others = "; --partial writes the others" if any(not one.empty for one in proposals) else ""
        click.echo(f"orchestrator: nothing is written{others}", err=True)
    return int(failed)


def _show(work: Draft, diff: str) -> None:
    """Show the diff of the Dockerfiles, coloured on a terminal, and what the change means."""
    from orchestrator.bump.words import coloured  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.compare.compare import compare_matrices  # noqa: PLC0415
    from orchestrator.compare.text import text_of  # noqa: PLC0415
    from orchestrator.report.console import make_console  # noqa: PLC0415

    console = make_console(stderr=False)
    if console.is_terminal:
        console.print(coloured(diff), soft_wrap=True)
    else:
        emit(diff.rstrip("\n"))
    emit("")
    emit(text_of(compare_matrices(work.before, work.after)))
    emit("")


def _told_failures(found: Sequence[object]) -> ExitCode:
    """Tell which lines failed and why; gives the exit code that they sum up to."""
    from orchestrator.bump.proposing import Failed  # noqa: PLC0415 - --help must not wait for it

    failed = [one for one in found if isinstance(one, Failed)]
    for one in failed:
        click.echo(f"orchestrator: {one.line.name}: {one.error}", err=True)
    return summary(one.error.code for one in failed)
