"""Options that many commands share, and what they mean to a command."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.completion import values
from orchestrator.completion.values import ids as complete_ids
from orchestrator.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.config.settings import Settings
    from orchestrator.matrix.model import Cell, Matrix
    from orchestrator.system.progress import Progress

__all__ = [
    "Common", "accelerated", "acceleration", "choosing", "chosen_cells", "common", "complete_ids", "emit", "emit_json", "selection",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """What every command is told: which matrix, which config, and how to speak."""

    matrix_path: Path
    config_path: Path | None
    json: bool
    debug: bool

    def matrix(self) -> Matrix:
        """Load the matrix. Raises `InvalidFileError`."""
        from orchestrator.matrix.load import load_matrix  # noqa: PLC0415 - --help must not wait for it

        return load_matrix(self.matrix_path)

    def progress(self, console: Console | None = None) -> Progress:
        """Where to tell what is going on: stderr, on a console that something else is shown on, too."""
        from orchestrator.report.console import ConsoleProgress  # noqa: PLC0415 - rich is slow to import

        return ConsoleProgress(console or self.stderr())

    def stderr(self) -> Console:
        """A console on stderr."""
        from orchestrator.report.console import make_console  # noqa: PLC0415 - rich is slow to import

        return make_console(stderr=True)


def common(command: F) -> F:
    """Add the options that every command has; the command gets a `Common` as its first argument."""

    @functools.wraps(command)
    def wrapper(*args: Any, matrix: Path, config: Path | None, as_json: bool, debug: bool, **kwargs: Any) -> Any:
        told = Common(matrix_path=matrix, config_path=config, json=as_json, debug=debug)
        if config is not None:
            from orchestrator.config.settings import load_settings  # noqa: PLC0415 - only where one was named

            load_settings(config)
        return command(told, *args, **kwargs)

    path = click.Path(path_type=Path)
    wrapped: Any = wrapper
    for option in (
        click.option("--debug", is_flag=True, help="Show tracebacks."),
        click.option("--json", "as_json", is_flag=True, help="Put one JSON document on stdout, and nothing else."),
        click.option(
            "--config", type=path, metavar="FILE", help="Settings of this machine (default: orchestrator.yaml)."
        ),
        click.option(
            "--matrix",
            type=path,
            metavar="FILE",
            default=Path("versions.json"),
            show_default=True,
            help="The matrix: which images there are.",
        ),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def acceleration(command: F) -> F:
    """Add the option that overrules the config's `acceleration`; the command gets a word as the argument `acceleration`, or None."""
    return click.option(
        "--acceleration",
        type=click.Choice(["off", "auto", "require"]),
        help="Native tools in emulated builds: none; where they do the same work; or not without (default: acceleration in the config).",
    )(command)


def accelerated(settings: Settings, word: str | None) -> Settings:
    """Give the settings with the word that the option `--acceleration` was given, if it was."""
    from orchestrator.config.settings import Acceleration  # noqa: PLC0415 - --help must not wait for it

    return settings if word is None else settings.model_copy(update={"acceleration": Acceleration(word)})


def selection(command: F) -> F:
    """Add the options that choose cells; the command gets a `Selection` as the argument `selection`."""
    return choosing(complete_ids)(command)


def choosing(complete: values.Completer) -> Callable[[F], F]:
    """Add them as `selection` does, with a completion of its own for what stands free."""
    return functools.partial(_select, complete=complete)


def _select(command: F, *, complete: values.Completer) -> F:
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        cells: tuple[str, ...],
        version: tuple[str, ...],
        variant: tuple[str, ...],
        arch: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        from orchestrator.select import Selection  # noqa: PLC0415 - --help must not wait for it

        chosen = Selection(versions=version, variants=variant, architectures=arch, ids=cells)
        return command(*args, selection=chosen, **kwargs)

    wrapped: Any = wrapper
    for option in (
        click.option(
            "--arch",
            multiple=True,
            metavar="GLOB",
            help="An architecture: arm64v8.",
            shell_complete=values.architectures,
        ),
        click.option(
            "--variant",
            multiple=True,
            metavar="GLOB",
            help="A variant: slim, alpine3.8.",
            shell_complete=values.variants,
        ),
        click.option(
            "--version", multiple=True, metavar="GLOB", help="A line or release: 3.7.", shell_complete=values.lines
        ),
        click.argument("cells", nargs=-1, metavar="[CELL|IMAGE]...", shell_complete=complete),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def chosen_cells(told: Common, wanted: Any) -> tuple[Matrix, tuple[Cell, ...]]:
    """Load the matrix and choose from it."""
    from orchestrator.select import select_cells  # noqa: PLC0415 - --help must not wait for it

    matrix = told.matrix()
    return matrix, select_cells(matrix, wanted)


def emit_json(value: Any) -> None:
    """Put one JSON document on stdout."""
    import json  # noqa: PLC0415 - only when asked for

    emit(json.dumps(value, indent=2))


def emit(text: str) -> None:
    """Put a result on stdout. Raises `EnvironmentFailedError` when it cannot be written (a full disk)."""
    try:
        # Names of files need not be text: what is none is escaped.
        click.echo(text.encode("utf-8", "backslashreplace").decode())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentFailedError(f"stdout cannot be written: {error.strerror}", mend="free some space") from error
