"""Options that many commands share, and what they mean to a command."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from orchestrator.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.matrix.model import Cell, Matrix
    from orchestrator.system.progress import Progress

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
            "--matrix", type=path, metavar="FILE", default=Path("versions.json"), show_default=True, help="The matrix."
        ),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def selection(command: F) -> F:
    """Add the options that choose cells; the command gets a `Selection` as the argument `selection`."""

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
        click.option("--arch", multiple=True, metavar="GLOB", help="An architecture: arm64v8.", shell_complete=_arches),
        click.option(
            "--variant", multiple=True, metavar="GLOB", help="A variant: slim, alpine3.8.", shell_complete=_variants
        ),
        click.option(
            "--version", multiple=True, metavar="GLOB", help="A line or release: 3.7.", shell_complete=_versions
        ),
        click.argument("cells", nargs=-1, metavar="[CELL|IMAGE]...", shell_complete=complete_ids),
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
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentFailedError(f"stdout cannot be written: {error.strerror}", mend="free some space") from error


def _completions(ctx: click.Context, words: Callable[[Matrix], list[str]], incomplete: str) -> list[CompletionItem]:
    from orchestrator.errors import OrchestratorError  # noqa: PLC0415 - only while completing
    from orchestrator.matrix.load import load_matrix  # noqa: PLC0415 - only while completing

    try:
        matrix = load_matrix(Path(ctx.params.get("matrix") or "versions.json"))
    except OrchestratorError:
        return []
    return [CompletionItem(word) for word in dict.fromkeys(words(matrix)) if word.startswith(incomplete)]


def _versions(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _completions(ctx, lambda matrix: [line.name for line in matrix.lines], incomplete)


def _variants(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _completions(ctx, lambda matrix: [image.variant.name for image in matrix.images], incomplete)


def _arches(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _completions(ctx, lambda matrix: [architecture.name for architecture in matrix.enabled], incomplete)


def complete_ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete ids of images and cells."""
    return _completions(
        ctx,
        lambda matrix: [image.id for image in matrix.images] + [cell.id for cell in matrix.cells],
        incomplete,
    )
