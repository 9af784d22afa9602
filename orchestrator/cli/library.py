"""`orchestrator library`: the file that official-images builds from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.completion import additions, values
from orchestrator.errors import ExitCode, InvalidFileError, UsageError

if TYPE_CHECKING:
    from orchestrator.library.model import Library
    from orchestrator.matrix.model import Matrix
    from orchestrator.system.target import Target


_FILE = click.Path(path_type=Path, dir_okay=False)
_MAINTAINERS = '"maintainers": ["Full Name <mail@example.org> (@handle)"] to its "hub"'
_HUB = (
    '"hub": {"repository": "https://example.org/owner/name", "maintainers": ["Full Name <mail@example.org> (@handle)"]}'
)


@click.command()
@click.option(
    "--arch",
    multiple=True,
    metavar="ARCH",
    shell_complete=values.all_architectures,
    help="Only images for this architecture, and of their architectures only it. Repeatable.",
)
@click.option(
    "--commits", type=_FILE, metavar="FILE", help="Commits of the directories, as JSON, in place of asking git."
)
@click.option(
    "--builder",
    is_flag=False,
    flag_value="buildkit",
    default=None,
    type=click.Choice(["buildkit", "classic", "oci-import"]),
    help="Add the Builder field (buildkit where no other is named).",
)
@click.option(
    "--maintainer",
    multiple=True,
    metavar="'NAME <MAIL> (@HANDLE)'",
    shell_complete=additions.known(lambda words: words.maintainers),
    help="Who answers for the images, in place of the matrix's hub.maintainers. Repeatable.",
)
@click.option(
    "--output",
    type=click.Path(),
    metavar="PATH",
    help="A file; or a directory (that is there, or DIR/), and in it a file named like the images. Default: stdout.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; print a diff and exit 3 where the file of --output is stale."
)
@click.option(
    "--compare",
    type=_FILE,
    metavar="FILE",
    help="Say how FILE would change: tags, architectures, commits. Exit 3 if so.",
)
@click.option("--parse", type=_FILE, metavar="FILE", help="Check FILE, and show it in its plain form.")
@common
def command(
    told: Common,
    *,
    arch: tuple[str, ...],
    output: str | None,
    check: bool,
    compare: Path | None,
    parse: Path | None,
    **content: Any,
) -> int:
    """Write the library file of official-images: all images, with all architectures that their bases exist for.

    Commits are those that changed each Dockerfile last; --commits FILE is a JSON object from directory to commit. GitRepo is hub.repository of the matrix, else
    source in the config, else git's remote called origin.

    Examples: orchestrator library --output ../official-images/library/python; orchestrator library --arch arm64v8 --json;
    orchestrator library --compare ../official-images/library/python; orchestrator library --parse library/golang
    """
    if parse is not None:
        if compare is not None or output is not None or check or any(content.values()):
            raise UsageError("--parse only reads a file", mend="leave out the other options, or use --compare FILE")
        return _show(told, parse, arch)
    if check and output is None:
        raise UsageError("--check has nothing to look at", mend="name the file: --output FILE --check")
    if compare is not None and output is not None:
        raise UsageError("--compare writes nothing", mend="leave out --output, or use --output FILE --check")
    from orchestrator.library.manifest import checked_text  # noqa: PLC0415 - --help must not wait for it

    matrix = told.matrix()
    library = _described(told, matrix, arch, **content)
    text = checked_text(library, matrix.path)
    if compare is not None:
        return _compare(told, compare, library, arch)
    if output is not None:
        from orchestrator.system.target import Target, place  # noqa: PLC0415 - only where there is a file

        target = Target(path=place(output, Path(matrix.name)), text=text)
        return _bring(told, target, library, check=check)
    if told.json:
        from orchestrator.library.describing import describe_library  # noqa: PLC0415

        emit_json(describe_library(library))
    else:
        emit(text.rstrip("\n"))
    return int(ExitCode.DONE)


def _described(
    told: Common,
    matrix: Matrix,
    architectures: tuple[str, ...],
    *,
    commits: Path | None,
    builder: str | None,
    maintainer: tuple[str, ...],
) -> Library:
    from orchestrator.commits import commits_for  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.library.manifest import images_for, library_of, narrowed  # noqa: PLC0415
    from orchestrator.library.model import MAINTAINER  # noqa: PLC0415
    from orchestrator.readme.home import home_of  # noqa: PLC0415

    for one in maintainer:
        if not MAINTAINER.fullmatch(one):
            raise UsageError(
                f'"{one[:80]}" cannot be --maintainer', mend="write: Full Name <mail> (@handle), all of it in quotes"
            )
    told_by = maintainer or (matrix.hub.maintainers if matrix.hub is not None else ())
    if not told_by:
        raise InvalidFileError(
            f"{matrix.path} does not say who maintains the images",
            mend=f"add {_HUB if matrix.hub is None else _MAINTAINERS}, or give --maintainer 'Full Name <mail> (@handle)'",
        )
    images = images_for(matrix, architectures)
    found = commits_for(matrix, images, file=commits, warn=lambda text: told.progress().warn(text))
    source = None
    if matrix.hub is None:  # which address the config names only counts where the matrix names none
        from orchestrator.config.settings import load_settings  # noqa: PLC0415

        source = load_settings(told.config_path).source
    home = home_of(matrix, source=source, asked=commits is None)
    library = library_of(
        matrix,
        images,
        found,
        repository=home.address,
        directory=home.directory,
        maintainers=told_by,
        builder=builder or "",
    )
    return narrowed(library, architectures)


def _bring(told: Common, target: Target, library: Library, *, check: bool) -> int:
    """Bring a file up to date, or say that it is not."""
    stale, missing = target.stale, target.current is None
    if stale and not check:
        target.write()
    if told.json:
        from orchestrator.library.describing import describe_library  # noqa: PLC0415

        emit_json({**describe_library(library), "file": str(target.path), "stale" if check else "written": stale})
    elif not check:
        emit(f"{'wrote' if stale else 'nothing to do for'} {target.path}: {len(library.entries)} images")
    elif stale:
        emit(target.diff.rstrip("\n"))
    if check and stale:
        click.echo(
            f"orchestrator: {target.path} is {'missing' if missing else 'stale'}\n"
            "  mend: run the same without --check, and commit what it writes",
            err=True,
        )
        return int(ExitCode.INVALID)
    return int(ExitCode.DONE)


def _compare(told: Common, file: Path, library: Library, architectures: tuple[str, ...]) -> int:
    from orchestrator.library.describing import describe_difference, difference_lines  # noqa: PLC0415
    from orchestrator.library.difference import difference  # noqa: PLC0415
    from orchestrator.library.manifest import narrowed  # noqa: PLC0415
    from orchestrator.library.parsing import read_library  # noqa: PLC0415

    found = difference(narrowed(read_library(file), architectures), library)
    if told.json:
        emit_json(describe_difference(found, str(file)))
    elif found:
        emit("\n".join(difference_lines(found)))
    if found:
        click.echo(
            f"orchestrator: {file} says something else than the matrix: {len(found.added)} tags to add, {len(found.removed)} to remove, "
            f"{len(found.moved)} to move, {len(found.changed)} fields to change\n"
            f"  mend: run 'orchestrator library --output {file}' where that is meant",
            err=True,
        )
        return int(ExitCode.INVALID)
    return int(ExitCode.DONE)


def _show(told: Common, file: Path, architectures: tuple[str, ...]) -> int:
    from orchestrator.library.describing import describe_library  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.library.manifest import only  # noqa: PLC0415
    from orchestrator.library.parsing import read_library  # noqa: PLC0415
    from orchestrator.library.writing import library_text  # noqa: PLC0415

    library = only(read_library(file), architectures)
    if told.json:
        emit_json(describe_library(library))
    else:
        emit(library_text(library).rstrip("\n"))
    return int(ExitCode.DONE)
