"""`orchestrator completion`: the script with which a shell completes commands, options and real values."""

from __future__ import annotations

import click

from orchestrator.cli.options import Common, common, emit, emit_json


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Write it where the shell of this user finds it.")
@common
def command(told: Common, shell: str, *, install: bool) -> None:
    """Print the completion script of SHELL, or install it.

    What it offers are real values: cells and images of the matrix (of the one that --matrix names, too), proofs, words of a recipe, runs of
    the ledger. With --json, the document is {"shell", "script", "installed"}, the last one a path or null.

    Examples: eval "$(orchestrator completion bash)"; orchestrator completion fish --install
    """
    import os  # noqa: PLC0415 - only here

    from orchestrator.completion.scripts import Shell, place, script  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.errors import EnvironmentFailedError  # noqa: PLC0415
    from orchestrator.system.files import write_atomically  # noqa: PLC0415

    wanted = Shell(shell)
    there = place(wanted, os.environ)
    if install:
        try:
            write_atomically(there.path, script(wanted).encode())
        except OSError as error:
            raise EnvironmentFailedError(
                f"{there.path} cannot be written: {error.strerror or error}",
                mend=f"orchestrator completion {shell} > FILE, and have the shell read it",
            ) from error
    if told.json:
        emit_json({"shell": shell, "script": script(wanted), "installed": str(there.path) if install else None})
    elif install:
        emit(f"wrote {there.path}" + (f"\n{there.needs}" if there.needs else "") + "\nopen a new shell to use it")
    else:
        emit(script(wanted).rstrip("\n"))
