"""`orchestrator status`: what there is of each cell, by the ledger, and what a registry says to that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values

if TYPE_CHECKING:
    from orchestrator.publish.names import Names
    from orchestrator.report.stock import ImageStock
    from orchestrator.system.progress import Progress


@click.command()
@click.option("--tags", "by_tag", is_flag=True, help="A row for each declared tag.")
@click.option("--remote", is_flag=True, help="Also ask the registry where each tag leads now.")
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PATH]",
    shell_complete=values.registries,
    help="The same of this registry (default: that in the config).",
)
@click.option(
    "--namespace",
    metavar="NAME",
    shell_complete=values.namespaces,
    help="Repository of the indexes (default: namespace in the config).",
)
@selection
@common
def command(
    told: Common,
    selection: Any,
    *,
    by_tag: bool,
    remote: bool,
    registry: str | None,
    namespace: str | None,
) -> None:
    """Show images by architectures: state and age of the last attempt, base and date of proof of the proven image, tags that are published.

    Nothing is asked but the ledger; with --remote or --registry, each tag is looked up in its registry, and counted when it leads where it was
    led from here.

    Examples: orchestrator status; orchestrator status --tags --remote 3.7-slim-stretch
    """
    import shutil  # noqa: PLC0415 - --help must not wait for it

    from orchestrator.cli.publish import destination  # noqa: PLC0415
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415
    from orchestrator.report.stock import describe_stock, take_stock, with_heads  # noqa: PLC0415
    from orchestrator.report.stock_table import stock_lines  # noqa: PLC0415
    from orchestrator.system.files import is_locked  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    settings = load_settings(told.config_path)
    asked = remote or registry is not None
    names: Names | None = None
    if asked or settings.registry is not None:
        names = destination(matrix, settings, registry, namespace)
    places = Places.from_environment()
    with open_ledger(places.ledger, create=False) as ledger:
        stock = take_stock(ledger, matrix, cells, names)
    if asked:
        stock = with_heads(stock, _heads(stock, told.progress(), plain=settings.plain_registries))
    if told.json:
        emit_json(describe_stock(stock))
        return
    # Piped to somewhere, as wide as a page.
    width = shutil.get_terminal_size((100, 24)).columns
    emit("\n".join(stock_lines(stock, live=is_locked(places.run_lock), width=width, by_tag=by_tag)))


def _heads(stock: tuple[ImageStock, ...], progress: Progress, *, plain: Sequence[str]) -> dict[str, str | None]:
    import os  # noqa: PLC0415 - only where a registry is asked

    from orchestrator.registry.registries import Registries  # noqa: PLC0415 - same
    from orchestrator.system.progress import tell_retries  # noqa: PLC0415 - same
    from orchestrator.system.retrying import Patience, Retries  # noqa: PLC0415 - same

    retries = Retries(patience=Patience(seconds=30.0), on_retry=tell_retries(progress))
    with Registries(environment=os.environ, plain=frozenset(plain), retries=retries) as registries:
        return registries.heads(tag.reference for one in stock for tag in one.all_tags)
