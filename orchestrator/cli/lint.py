"""`orchestrator lint`: the matrix, the templates and the rendered files."""

from __future__ import annotations

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import ExitCode


@click.command()
@common
def command(told: Common) -> int:
    """Check the matrix, the rules, the templates and the committed Dockerfiles; show what is accepted for which reason."""
    from orchestrator.render.lint import lint  # noqa: PLC0415 - --help must not wait for it

    findings = lint(told.matrix())
    if told.json:
        emit_json(
            [
                {"level": str(one.level), "place": one.place, "message": one.message, "mend": one.mend}
                for one in findings
            ]
        )
    else:
        for one in findings:
            emit(f"{one.level}: {one.place}: {one.message}" + (f"\n  mend: {one.mend}" if one.mend else ""))
    return int(ExitCode.INVALID if any(one.level == "error" for one in findings) else ExitCode.DONE)
