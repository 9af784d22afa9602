"""`orchestrator manual`: this program's manual, from the same source as --help."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import ExitCode


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["man", "markdown", "site"]),
    required=True,
    help="Man pages (man); the reference (markdown); or HTML pages with the recipes of docs/ (site).",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    required=True,
    help="Where to: a directory, which is made. What else is in it stays.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 where a file of DIR is missing or stale.")
@common
def command(told: Common, form: str, *, output: Path, check: bool) -> int:
    """Write the manual: every command with its options, both files with their keys, exit codes, proofs and checks.

    A site needs nothing from elsewhere, no script and no server. Links between its pages are checked; one that leads nowhere ends with 3.

    --json gives an object with "format", "directory", "files" (all names) and "written" (those that changed; with --check, that would).

    Examples: orchestrator manual --format site --output site; orchestrator manual --format man --output ~/.local/share/man;
    orchestrator manual --format markdown --output docs/reference --check
    """
    from orchestrator.manual.writing import Form, files, write  # noqa: PLC0415 - --help must not wait for it

    found = files(Form(form))
    if check:
        stale = [
            name for name, text in found.items() if not (one := output / name).is_file() or one.read_bytes() != text
        ]
        written = tuple(output / name for name in stale)
    else:
        written = write(found, output)
    if told.json:
        emit_json(
            {
                "format": form,
                "directory": str(output),
                "files": sorted(found),
                "written": [path.relative_to(output).as_posix() for path in written],
            }
        )
    else:
        for path in written if check else ():
            emit(f"{path} is stale")
        said = "stale" if check else "changed"
        emit(f"{len(found)} files in {output}, {len(written)} of them {said}")
    if check and written:
        click.echo(f"  mend: orchestrator manual --format {form} --output {output}", err=True)
        return int(ExitCode.INVALID)
    return int(ExitCode.DONE)
