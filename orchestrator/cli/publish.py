"""`orchestrator publish`: push what is proven, and join it in indexes; or take that back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.config.settings import Settings
    from orchestrator.matrix.model import Matrix
    from orchestrator.pipeline.outcome import Report
    from orchestrator.pipeline.rollback import RollBack
    from orchestrator.publish.names import Names


@click.command()
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PATH]",
    shell_complete=values.registries,
    help="Where to push to (default: registry in the config).",
)
@click.option(
    "--namespace",
    metavar="NAME",
    shell_complete=values.namespaces,
    help="Repository of the indexes (default: namespace in the config).",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change; the registry is asked, nothing is written.")
@click.option(
    "--allow-rebuild", is_flag=True, help="Also lead tags of a full release (3.7.2-stretch) to another build."
)
@click.option(
    "--rollback",
    type=click.IntRange(1),
    metavar="RUN",
    shell_complete=values.publishing_runs,
    help="Lead tags back to where they led before a run.",
)
@click.option("--again", is_flag=True, help="Also publish what was rolled back before.")
@click.option("--sign", is_flag=True, help="Sign with cosign before anything is visible (see signing in the config).")
@click.option("--wait/--no-wait", default=True, help="Wait for another run to end (default), or exit with 4 at once.")
@selection
@common
def command(told: Common, selection: Any, **options: Any) -> int:
    """Publish the chosen images: for every architecture, and as an index over them.

    An image is published as a whole: when all that is required of it is proven, and all its content is in the registry, its tags are led
    there: those of the release first, moving ones (3.7, latest) last. What a killed run left half done is finished first.

    Examples: orchestrator publish 3.7-slim-stretch --registry localhost:5000; orchestrator publish --rollback 42
    """
    from orchestrator.config.settings import Rebuilds, load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.workshop import Alone, open_workshop  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    settings = load_settings(told.config_path)
    names = destination(matrix, settings, options["registry"], options["namespace"])
    images = tuple({cell.image.id: cell.image for cell in cells}.values())
    dry_run, wanted = options["dry_run"], options["rollback"]
    if wanted is not None and (options["allow_rebuild"] or options["again"] or options["sign"]):
        raise UsageError("--rollback only leads tags back", mend=f"publish --rollback {wanted}")
    if wanted is not None:
        chosen = frozenset(image.id for image in images)
        return _roll_back(told, matrix, names, wanted, chosen, plain=settings.plain_registries, **options)
    # Who only looks need not be alone.
    alone = None if dry_run else Alone(command="publish", wait=options["wait"])
    with open_workshop(matrix, settings, told.progress(), alone=alone) as shop:
        from orchestrator.pipeline.publication import publish_images  # noqa: PLC0415 - same

        report = publish_images(
            shop,
            images,
            names,
            rebuilds=Rebuilds.ALWAYS if options["allow_rebuild"] else Rebuilds.NEVER,
            again=options["again"],
            sign=options["sign"],
            dry_run=dry_run,
        )
    if told.json:
        emit_json(describe(report))
    else:
        emit("\n".join(lines(report, dry_run=dry_run)))
    return int(report.code)


def destination(matrix: Matrix, settings: Settings, registry: str | None, namespace: str | None) -> Names:
    """Say where to publish to, by the words of a command line, else by the settings. Raises `UsageError`."""
    from orchestrator.config.settings import NAMESPACE, REGISTRY, registry_fault  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.publish.names import names_for  # noqa: PLC0415

    for word, pattern, option in ((registry, REGISTRY, "--registry"), (namespace, NAMESPACE, "--namespace")):
        if word is not None and not re.fullmatch(pattern, word):
            raise UsageError(f'"{word[:80]}" cannot be {option}', mend="give something like localhost:5000 and library")
    if registry is not None and (fault := registry_fault(registry))[0]:
        raise UsageError(f'"{registry[:80]}" cannot be --registry: {fault[0]}', mend=fault[1])
    where = registry or settings.registry
    if where is None:
        raise UsageError("no registry to publish to", mend="give --registry, or set registry: in orchestrator.yaml")
    return names_for(matrix, where, namespace or settings.namespace)


def describe(report: Report) -> dict[str, Any]:
    """Give the public JSON form of what was published."""
    return {
        "published": [{"reference": one.reference, "digest": one.digest} for one in report.published],
        "held_back": {image: held.reason for image, held in report.held_back.items()},
        "unchanged": report.unchanged,
        "pushed": report.pushed,
        "retries": report.retries,
        "finished": list(report.finished),
        "without": {image: dict(missing) for image, missing in report.without.items()},
        "notes": list(report.notes),
    }


def lines(report: Report, *, dry_run: bool = False) -> list[str]:
    """Say what was, or would be, published."""
    said = [
        f"would lead to {one.digest or 'a new index'}  {one.reference}" if dry_run else f"{one.digest}  {one.reference}"
        for one in report.published
    ]
    for image, missing in report.without.items():
        said += [f"{image}: without {name}: {why}" for name, why in missing.items()]
    for image, held in report.held_back.items():
        said.append(f"{image}: not published: {held.reason}" + (f"\n  mend: {held.mend}" if held.mend else ""))
    said += report.notes
    verb = "would change" if dry_run else "changed"
    again = f", {report.retries} requests tried again" if report.retries else ""
    return [*said, f"{len(report.published)} references {verb}, {report.unchanged} are as they should be{again}"]


def _roll_back(
    told: Common,
    matrix: Matrix,
    names: Names,
    wanted: int,
    images: frozenset[str],
    *,
    plain: Sequence[str],
    **options: Any,
) -> int:
    from orchestrator.pipeline.publication import roll_back_images  # noqa: PLC0415 - --help must not wait for it

    done = roll_back_images(
        matrix, told.progress(), names, wanted, images, dry_run=options["dry_run"], wait=options["wait"], plain=plain
    )
    if told.json:
        emit_json(
            {
                "rolled_back": [{"reference": one.reference, "digest": one.digest} for one in done.published],
                "removed": list(done.removed),
                "left": dict(done.left),
                "images": list(done.images),
            }
        )
    else:
        emit("\n".join(_rolled_back(done, dry_run=options["dry_run"])))
    return int(done.code)


def _rolled_back(done: RollBack, *, dry_run: bool) -> list[str]:
    would = "would be " if dry_run else ""
    return [
        *(f"{one.digest}  {one.reference}" for one in done.published),
        *(f"{would}removed  {name}" for name in done.removed),
        *(f"left  {name}: {why}" for name, why in done.left),
        f"{len(done.published)} references {would}led back, {len(done.removed)} {would}removed, {len(done.left)} left as they are",
    ]
