"""The options that say where releases come from, of the commands that look for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.completion import additions, values

F = TypeVar("F", bound=Callable[..., Any])


def sources_of(command: F) -> F:
    """Add `--offline`, `--source-url`, `--key` and `--pre`; the command gets them as `offline`, `source_url`, `keys` and `pre`."""
    wrapped: Any = command
    for option in (
        click.option("--pre", is_flag=True, help="Also take releases that are not final: a, b, rc."),
        click.option(
            "--key",
            "keys",
            multiple=True,
            metavar="FILE|URL",
            shell_complete=values.any_file,
            help="Where the release manager's key is: keys, or a Debian package's debian.tar.xz.",
        ),
        click.option(
            "--source-url",
            metavar="URL",
            shell_complete=additions.sources,
            help="Where releases lie: a mirror of the release site, a pool directory.",
        ),
        click.option(
            "--offline",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            metavar="DIR",
            help="Take everything from the files of this directory: tarballs, signatures, keys, wheels.",
        ),
    ):
        wrapped = option(wrapped)
    result: F = wrapped
    return result
