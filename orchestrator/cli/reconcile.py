"""`orchestrator reconcile`: compare a registry with what should be there, and mend it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.config.settings import Settings
    from orchestrator.reconcile.reconcile import Fix
    from orchestrator.reconcile.words import Words


@click.command()
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PATH]",
    shell_complete=values.registries,
    help="Which registry (default: registry in the config).",
)
@click.option(
    "--namespace",
    metavar="NAME",
    shell_complete=values.namespaces,
    help="Repository of the indexes (default: namespace in the config).",
)
@click.option("--fix", is_flag=True, help="Mend what publishing, or leading tags back, can mend.")
@click.option("--remove-extra", is_flag=True, help="With --fix: remove tags that the matrix does not declare.")
@click.option(
    "--allow-rebuild", is_flag=True, help="With --fix: also lead tags of a full release to a build with another recipe."
)
@click.option("--signed", is_flag=True, help="Also look for signatures (default where signing is in the config).")
@click.option("--wait/--no-wait", default=True, help="With --fix: wait for another run to end, or exit with 4 at once.")
@selection
@common
def command(told: Common, selection: Any, **options: Any) -> int:
    """Compare a registry with what should be there: the declared tags, led to what was published last, of proven images on today's bases.

    Images are compared whole, with all architectures and indexes; tags that are declared nowhere are looked for when all images are. Nothing
    is written without --fix. Ends with 1 when something is found (and left), with 5 when the registry cannot be asked.

    Examples: orchestrator reconcile; orchestrator reconcile --fix 3.7-slim-stretch --registry localhost:5000
    """
    from orchestrator.cli.publish import destination  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.reconcile.reconcile import Task, reconcile  # noqa: PLC0415
    from orchestrator.report.findings import compared_lines, describe_compared  # noqa: PLC0415
    from orchestrator.select import Selection  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    settings = load_settings(told.config_path)
    fix = _fix(settings, **options)
    matrix, cells = chosen_cells(told, selection)
    task = Task(
        matrix=matrix,
        images=tuple({cell.image.id: cell.image for cell in cells}.values()),
        names=destination(matrix, settings, options["registry"], options["namespace"]),
        settings=settings,
        whole=selection == Selection(),
        signed=options["signed"] or "signing" in settings.model_fields_set,
        words=_words(told, options["registry"], options["namespace"]),
    )
    found = reconcile(task, Places.from_environment(), told.progress(), fix=fix)
    if told.json:
        emit_json(describe_compared(found))
    else:
        emit("\n".join(compared_lines(found)))
    return int(found.code)


def _fix(settings: Settings, *, fix: bool, remove_extra: bool, allow_rebuild: bool, wait: bool, **_: Any) -> Fix | None:
    from orchestrator.config.settings import Rebuilds  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.reconcile.reconcile import Fix  # noqa: PLC0415

    for given, option in ((remove_extra, "--remove-extra"), (allow_rebuild, "--allow-rebuild")):
        if given and not fix:
            raise UsageError(f"{option} changes the registry", mend=f"add --fix, or leave out {option}")
    if not fix:
        return None
    return Fix(rebuilds=Rebuilds.ALWAYS if allow_rebuild else settings.rebuilds, remove_extra=remove_extra, wait=wait)


def _words(told: Common, registry: str | None, namespace: str | None) -> Words:
    """Have the commands that are proposed go to the same place."""
    from orchestrator.reconcile.words import Words  # noqa: PLC0415 - --help must not wait for it

    where = "".join(
        f" {option} {word}" for option, word in (("--registry", registry), ("--namespace", namespace)) if word
    )
    paths = (
        ("--matrix", None if told.matrix_path == Path("versions.json") else told.matrix_path),
        ("--config", told.config_path),
    )
    return Words(
        where=where, matrix="".join(f" {option} {shlex.quote(str(path))}" for option, path in paths if path is not None)
    )
