"""`orchestrator lint`: the matrix, the rules, the templates, the rendered files, the tags; with --online what they lead to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.completion import repository, values
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.lint.fixing import Changed
    from orchestrator.lint.model import Check, Finding
    from orchestrator.lint.outside import Outside
    from orchestrator.lint.subject import Subject
    from orchestrator.matrix.model import Matrix


@click.command()
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, and show what was done.")
@click.option("--dry-run", is_flag=True, help="With --fix: write nothing, show a diff.")
@click.option("--online", is_flag=True, help="Ask servers, too: sources, links, suites, bases, wheels.")
@click.option(
    "--against",
    metavar="REV|none",
    shell_complete=repository.revisions_or_none,
    help="Compare tags with this commit (default: HEAD, where there is one).",
)
@click.option(
    "--select", multiple=True, metavar="CODE", shell_complete=values.check_codes, help="Only these checks: M101, U6, T."
)
@click.option(
    "--ignore", multiple=True, metavar="CODE", shell_complete=values.check_codes, help="Without these checks."
)
@click.option("--list", "listing", is_flag=True, help="Show all checks, with their reasons and links.")
@click.option("--explain", metavar="CODE", shell_complete=values.check_codes, help="Show one check.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@common
def command(told: Common, **options: Any) -> int:
    """Check the matrix, the rules, the templates, the committed Dockerfiles and the tags; show what is accepted for which reason.

    Ends with 3 when an error is left, with 0 when none is (notes and warnings are only shown), with 5 when there is none but --online could not
    reach what it had to check. --json is a list of {"code","level","place","message","mend","fixable","fixed"}.

    Examples: orchestrator lint; orchestrator lint --fix --dry-run; orchestrator lint --against origin/main --ignore M108; orchestrator lint --online
    """
    from orchestrator.lint.catalogue import CATALOGUE, check_of, choose  # noqa: PLC0415 - --help must not wait for it

    if options["listing"] or options["explain"]:
        return _show(told, (check_of(options["explain"].upper()),) if options["explain"] else CATALOGUE)
    if options["dry_run"] and not options["fix"]:
        raise UsageError("--dry-run shows what --fix would do", mend="add --fix")
    select, ignore = ([word.upper() for word in options[name]] for name in ("select", "ignore"))
    checks = choose(select, ignore, online=options["online"])
    if not checks:
        asking = choose(select, ignore, online=True)
        raise UsageError(
            f"{', '.join(one.code for one in asking)}: made only with --online" if asking else "no check is left",
            mend="add --online" if asking else "ignore fewer of those that are selected",
        )
    subject = _subject(told.matrix(), options["against"])
    with _outside(told, wanted=any(one.online for one in checks)) as outside:
        from orchestrator.lint.linting import lint  # noqa: PLC0415 - --help must not wait for it

        findings = lint(subject, checks, outside)
    changed: tuple[Changed, ...] = ()
    if options["fix"]:
        findings, changed = _fix(told, subject, checks, findings, dry_run=options["dry_run"])
    if told.json:
        emit_json([_described(one) for one in findings])
    else:
        _tell(findings, changed, dry_run=options["dry_run"])
    return int(_code(findings, strict=options["strict"]))


def _subject(matrix: Matrix, against: str | None) -> Subject:
    from datetime import date  # noqa: PLC0415 - --help must not wait for it

    from orchestrator.lint.before import before, committed  # noqa: PLC0415 - same
    from orchestrator.lint.subject import Subject  # noqa: PLC0415 - same

    past, why = before(matrix.path, against)
    return Subject(
        matrix=matrix,
        today=date.today(),  # noqa: DTZ011 - the day where the user is
        before=past,
        uncompared=why,
        committed=lambda path: committed(matrix.root, path),
    )


@contextlib.contextmanager
def _outside(told: Common, *, wanted: bool) -> Iterator[Outside | None]:
    if not wanted:
        yield None
        return
    import os  # noqa: PLC0415 - only where servers are asked

    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - same
    from orchestrator.inputs.provider import mirror_or_none  # noqa: PLC0415 - same
    from orchestrator.inputs.transfer import Transfer, make_client  # noqa: PLC0415 - same
    from orchestrator.lint.outside import Outside  # noqa: PLC0415 - same
    from orchestrator.registry.registries import Registries  # noqa: PLC0415 - same
    from orchestrator.system.progress import tell_retries  # noqa: PLC0415 - same
    from orchestrator.system.retrying import Patience, Retries  # noqa: PLC0415 - same

    settings, progress = load_settings(told.config_path), told.progress()
    retries = Retries(patience=Patience(seconds=30.0), on_retry=tell_retries(progress))
    plain = frozenset(settings.plain_registries)
    progress.note("asking servers for sources, links, suites, bases and wheels")
    with (
        make_client() as client,
        Registries(environment=os.environ, plain=plain, retries=retries, without_connection=2) as registries,
    ):
        yield Outside(
            transfer=Transfer(client=client),
            registries=registries,
            mirror=mirror_or_none(),
            base_registry=settings.base_registry,
            bases=settings.bases,
        )


def _fix(
    told: Common, subject: Subject, checks: Sequence[Check], findings: tuple[Finding, ...], *, dry_run: bool
) -> tuple[tuple[Finding, ...], tuple[Changed, ...]]:
    from dataclasses import replace  # noqa: PLC0415 - only with --fix

    from orchestrator.lint.fixing import changes, settled, write  # noqa: PLC0415 - same
    from orchestrator.lint.linting import lint  # noqa: PLC0415 - same

    changed = changes(findings)
    if dry_run or not changed:
        return findings, changed
    write(changed, subject.matrix.root)
    # Read anew what was written. Servers need not be asked again: no mend changes what is asked of them.
    left = lint(replace(subject, matrix=told.matrix()), [one for one in checks if not one.online])
    online = {one.code for one in checks if one.online}
    return settled(findings, (*left, *(one for one in findings if one.code in online))), changed


def _described(one: Finding) -> dict[str, object]:
    return {
        "code": one.code,
        "level": str(one.level),
        "place": one.spot.place,
        "message": one.spot.message,
        "mend": one.spot.mend,
        "fixable": one.fixable,
        "fixed": one.fixed,
    }


def _tell(findings: Sequence[Finding], changed: Sequence[Changed], *, dry_run: bool) -> None:
    for change in changed:
        emit(change.diff.rstrip("\n") if dry_run else change.done)
    for one in findings:
        if one.fixed:
            emit(f"fixed: {one.code} {one.spot.place}: {one.spot.message}")
            continue
        mend = f"\n  mend: {one.spot.mend}" if one.spot.mend else ""
        emit(f"{one.level}: {one.code} {one.spot.place}: {one.spot.message}{mend}")
    left = [one for one in findings if not one.fixed]
    if left:
        numbers = [(level, sum(one.level == level for one in left)) for level in ("error", "warning", "note")]
        counts = ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for level, number in numbers if number)
        fixable = sum(one.fixable for one in left)
        hint = f" ({fixable} of them can be mended with --fix)" if fixable and not dry_run else ""
        emit(f"{counts}{hint}; 'orchestrator lint --explain CODE' says why")


def _code(findings: Sequence[Finding], *, strict: bool) -> ExitCode:
    from orchestrator.lint.checks.upstreams import unreached  # noqa: PLC0415 - --help must not wait for it

    left = [one for one in findings if not one.fixed]
    if any(one.level == "error" for one in left):
        return ExitCode.INVALID
    if any(one.code == unreached.CHECK.code for one in left):
        return ExitCode.UNREACHABLE
    return ExitCode.INVALID if strict and any(one.level == "warning" for one in left) else ExitCode.DONE


def _show(told: Common, checks: Sequence[Check]) -> int:
    if told.json:
        emit_json(
            [
                {
                    "code": one.code,
                    "level": str(one.level),
                    "title": one.title,
                    "why": one.why,
                    "link": one.link,
                    "online": one.online,
                    "fixable": one.mends,
                }
                for one in checks
            ]
        )
        return int(ExitCode.DONE)
    for one in checks:
        marks = [str(one.level), *(["--online"] if one.online else []), *(["--fix"] if one.mends else [])]
        emit(f"{one.code} {one.title} [{', '.join(marks)}]\n     {one.why}\n     {one.link}")
    return int(ExitCode.DONE)
