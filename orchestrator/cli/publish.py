"""`orchestrator publish`: push what is proven, and join it in indexes."""

from __future__ import annotations

import re
from typing import Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.errors import UsageError


@click.command()
@click.option("--registry", metavar="HOST[:PORT][/PATH]", help="Where to push to (default: registry in the config).")
@click.option("--namespace", metavar="NAME", help="Repository of the indexes (default: namespace in the config).")
@click.option("--dry-run", is_flag=True, help="Only show what would be pushed.")
@selection
@common
def command(told: Common, selection: Any, *, registry: str | None, namespace: str | None, dry_run: bool) -> int:
    """Push the chosen images for every architecture, then an index over them; moving tags last.

    An image is pushed only when each of its enabled architectures is proven.

    Example: orchestrator publish 3.7-slim-stretch --registry localhost:5000
    """
    from orchestrator.config.settings import NAMESPACE, REGISTRY, load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.publishing import publish_cells  # noqa: PLC0415
    from orchestrator.pipeline.workshop import Alone, open_workshop  # noqa: PLC0415
    from orchestrator.publish.names import Names  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    settings = load_settings(told.config_path)
    for word, pattern, option in ((registry, REGISTRY, "--registry"), (namespace, NAMESPACE, "--namespace")):
        if word is not None and not re.fullmatch(pattern, word):
            raise UsageError(f'"{word[:80]}" cannot be {option}', mend="give something like localhost:5000 and library")
    where = registry or settings.registry
    if where is None:
        raise UsageError("no registry to publish to", mend="give --registry, or set registry: in orchestrator.yaml")
    names = Names(registry=where, namespace=namespace or settings.namespace, repository=matrix.name)
    with open_workshop(matrix, settings, told.progress(), alone=Alone(command="publish")) as shop:
        report = publish_cells(shop, cells, names, dry_run=dry_run)
    if told.json:
        emit_json(
            {
                "published": [{"reference": one.reference, "digest": one.digest} for one in report.published],
                "held_back": dict(report.held_back),
                "retries": report.retries,
            }
        )
    else:
        for one in report.published:
            emit(f"{'would push' if dry_run else one.digest}  {one.reference}")
        for image, reason in report.held_back.items():
            emit(f"{image}: not published: {reason}")
        if report.retries:
            emit(f"{len(report.published)} references published, {report.retries} requests tried again")
    return int(report.code)
