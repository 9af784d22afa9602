"""`orchestrator readme`: the description of a repository, for its page on a registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.completion import values
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.readme.description import Description
    from orchestrator.readme.tree import Placed

#: `orchestrator.readme.budget.HUB_LIMIT`, here so that --help imports nothing.
_LIMIT = 25_000


@click.command()
@click.option(
    "--arch",
    metavar="NAME",
    shell_complete=values.all_architectures,
    help="The architecture's own repository (arm64v8/python); without it, the one for all.",
)
@click.option("--all", "every", is_flag=True, help="That for all, and one per architecture that an image exists for.")
@click.option(
    "--commits",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON from directory to commit, in place of asking git.",
)
@click.option(
    "--output",
    type=click.Path(),
    metavar="PATH",
    help="A file; or a directory (that is there, or DIR/), and below it python/README.md, arm64v8/python/README.md. Default: stdout.",
)
@click.option("--check", is_flag=True, help="Write nothing; print a diff and exit 3 where a file of --output is stale.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="BYTES",
    shell_complete=values.numbers(_LIMIT),
    default=_LIMIT,
    show_default=True,
    help="What the registry takes.",
)
@common
def command(
    told: Common,
    *,
    arch: str | None,
    every: bool,
    commits: Path | None,
    output: str | None,
    check: bool,
    limit: int,
) -> int:
    """Write the description of a repository: its tags with their Dockerfiles, where to turn to, examples, variants, licenses.

    Tags lead to the Dockerfile as the commit left it that changed it last. What does not fit into the limit is left out: whole parts, the least useful
    ones first, named on stderr; never a tag.

    --json gives an object (with --all, a list of them) with "repository", "arch" (null for all), "text", "bytes", "limit" and "dropped", a list of
    objects with "part", "reason" and "bytes"; with --output also "path" and "stale", which says whether the file had to be (or with --check,
    has to be) written.

    Examples: orchestrator readme --arch arm64v8; orchestrator readme --all --output descriptions; orchestrator readme --commits commits.json
    """
    _sensible(arch, every=every, output=output, check=check, as_json=told.json)
    descriptions = _descriptions(told, arch, every=every, commits=commits, limit=limit)
    for description in descriptions:
        _tell_dropped(description)
    if output is None:
        if told.json:
            documents = [_document(one) for one in descriptions]
            emit_json(documents if every else documents[0])
        else:
            emit(descriptions[0].text.removesuffix("\n"))
        return int(ExitCode.DONE)
    from orchestrator.readme.tree import placed  # noqa: PLC0415 - only when asked for

    files = placed(descriptions, output, many=every)
    # All are looked at before one is written.
    stale = tuple(one for one in files if one.file.stale)
    if not check:
        for one in stale:
            one.file.write()
    _tell_files(files, stale, told=told, check=check, every=every)
    return int(ExitCode.INVALID if check and stale else ExitCode.DONE)


def _sensible(arch: str | None, *, every: bool, output: str | None, check: bool, as_json: bool) -> None:
    if every and arch is not None:
        raise UsageError("--all means every architecture", mend="leave out --all or --arch")
    if check and output is None:
        raise UsageError("--check compares with files", mend="say where they are: --output PATH")
    if every and output is None and not as_json:
        raise UsageError("--all writes many files, and needs a directory", mend="orchestrator readme --all --output .")
    if every and output is not None and os.path.isfile(output):  # noqa: PTH113 - never raises
        raise UsageError(f"--all needs a directory, and {output} is a file", mend="name a directory")


def _descriptions(
    told: Common, arch: str | None, *, every: bool, commits: Path | None, limit: int
) -> tuple[Description, ...]:
    from orchestrator.commits import commits_for  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.readme.description import describe  # noqa: PLC0415
    from orchestrator.readme.home import home_of  # noqa: PLC0415
    from orchestrator.readme.page import Page, architectures_of, images_for  # noqa: PLC0415

    matrix = told.matrix()
    wanted = (None, *architectures_of(matrix)) if every else (arch,)
    chosen = [(one, images_for(matrix, one)) for one in wanted]
    # The first has all that the others have.
    known = commits_for(matrix, chosen[0][1], file=commits, warn=_warn)
    home = home_of(matrix, source=None if matrix.hub else _source(told), asked=commits is None)
    return tuple(
        describe(Page(matrix=matrix, architecture=one, images=images, home=home, commits=known), limit=limit)
        for one, images in chosen
    )


def _source(told: Common) -> str | None:
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - only where the matrix does not say it

    return load_settings(told.config_path).source


def _document(one: Description) -> dict[str, Any]:
    return {
        "repository": one.repository,
        "arch": one.architecture,
        "text": one.text,
        "bytes": one.bytes,
        "limit": one.limit,
        "dropped": [{"part": part.part, "reason": part.reason, "bytes": part.bytes} for part in one.dropped],
    }


def _tell_files(files: Sequence[Placed], stale: Sequence[Placed], *, told: Common, check: bool, every: bool) -> None:
    if told.json:
        documents = [{**_document(one.description), "path": str(one.file.path), "stale": one in stale} for one in files]
        emit_json(documents if every else documents[0])
    else:
        for one in stale:
            emit(one.file.diff.rstrip("\n") if check else f"wrote {one.file.path}")
        if not check and len(files) > len(stale):
            emit(f"{len(files) - len(stale)} of {len(files)} were as they should be")
    if check and stale:
        click.echo(
            f"orchestrator: {len(stale)} of {len(files)} descriptions are stale\n"
            "  mend: run the same without --check, and commit what it writes",
            err=True,
        )


def _tell_dropped(one: Description) -> None:
    if one.dropped:
        parts = "".join(f"\n  {part.part} ({part.bytes:,} bytes): {part.reason}" for part in one.dropped)
        _warn(f"{one.repository}: to stay within {one.limit:,} bytes, left out:{parts}")


def _warn(message: str) -> None:
    click.echo(f"orchestrator: {message}", err=True)
