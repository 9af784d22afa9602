"""A plan without an engine: from the files and the ledger alone, taking base and emulator to be as they were last time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.build.execution import Execution
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.recall import Recall
from orchestrator.ledger.records import Attempt, Seen
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.plan.plan import Action, Known, PlannedCell, plan_cell
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.publish.model import ImageSet
from orchestrator.publish.names import Names, release_first
from orchestrator.render.tree import render_images
from orchestrator.system.places import Places

_EMULATED = "emulated ("


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What a plan without an engine found: the cells, the images that could be published, and what the ledger knows of durations."""

    planned: tuple[PlannedCell, ...]
    publications: tuple[Mapping[str, object], ...]
    seen: tuple[Seen, ...] = ()


def foresee(
    matrix: Matrix, cells: Sequence[Cell], places: Places, *, names: Names | None = None, force: bool = False
) -> Foresight:
    """Plan cells without looking at anything outside. With `names` (of a registry), what is proven but not there yet is to be published.

    An image is published when every architecture that is enabled for it is proven, so the plan looks at all of them.
    """
    wanted = {cell.id for cell in cells}
    images = {cell.image.id: cell.image for cell in cells}
    whole = [cell for cell in matrix.cells if cell.image.id in images]
    with open_ledger(places.ledger, create=False) as ledger:
        memory = Recall(ledger)
        texts = {one.image.id: one.text for one in render_images(matrix, tuple(images.values()))}
        digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
        planned = [
            plan_cell(
                cell,
                _as_last_time(memory.latest(cell.id), texts[cell.image.id], digests[cell.image.id]),
                memory,
                present=None,
                force=force and cell.id in wanted,
            )
            for cell in whole
        ]
        published = ledger.newest_publications() if names is not None else {}
        current = Journal(ledger).current(names.place) if names is not None else {}
        seen = ledger.durations()
    by_image: dict[str, list[PlannedCell]] = defaultdict(list)
    for one in planned:
        by_image[one.cell.image.id].append(one)
    if names is not None:
        by_image = {name: _to_publish(found, names, published, current.get(name)) for name, found in by_image.items()}
    order = {cell.id: number for number, cell in enumerate(cells)}
    chosen = [one for found in by_image.values() for one in found if one.cell.id in wanted]
    return Foresight(
        planned=tuple(sorted(chosen, key=lambda one: order[one.cell.id])),
        publications=tuple(_publication(name, found) for name, found in by_image.items()),
        seen=seen,
    )


def _publication(image: str, planned: Sequence[PlannedCell]) -> Mapping[str, object]:
    """Say of an image whether it could be published now: every architecture that is enabled for it has to be proven."""
    waiting = [one.cell.id for one in planned if one.action not in {Action.NOTHING, Action.PUBLISH}]
    return {"image": image, "ready": not waiting, "waiting_for": waiting}


def _to_publish(
    planned: Sequence[PlannedCell],
    names: Names,
    published: Mapping[str, tuple[str, str]],
    current: ImageSet | None,
) -> list[PlannedCell]:
    if any(one.action is not Action.NOTHING for one in planned):
        return list(planned)
    wanted = {one.attempt.digest for one in planned if one.attempt is not None}
    if current is not None and wanted == {member.image for member in current.members}:
        return list(planned)
    found = [_cell_to_publish(one, names, published) for one in planned]
    if any(one.action is Action.PUBLISH for one in found):
        return found
    return [
        replace(one, action=Action.PUBLISH, reason=f"{one.reason}, but no index over it is published") for one in found
    ]


def _cell_to_publish(one: PlannedCell, names: Names, published: Mapping[str, tuple[str, str]]) -> PlannedCell:
    attempt = one.attempt
    if attempt is None:
        return one
    missing = []
    for tag in release_first(one.cell.image):
        digest, when = published.get(names.of_cell(one.cell, tag), ("", ""))
        # Without containerd's store the registry's digest is not the engine's; what was pushed since the image was begun is this image.
        if digest != attempt.digest and when < attempt.started:
            missing.append(tag)
    if not missing:
        return one
    more = f" and {len(missing) - 1} more tags" if len(missing) > 1 else ""
    reason = f"{one.reason}, but {names.of_cell(one.cell, missing[0])}{more} not published since"
    return replace(one, action=Action.PUBLISH, reason=reason)


def _as_last_time(latest: Attempt | None, dockerfile: str, digest: str) -> Known:
    executed = latest.ingredients.get("execution", "") if latest is not None else ""
    emulator = executed.removeprefix(_EMULATED).removesuffix(")") if executed.startswith(_EMULATED) else ""
    return Known(
        dockerfile=dockerfile,
        digest=digest,
        base_digest=latest.ingredients.get("base", "") if latest is not None else "",
        execution=Execution(emulator=emulator),
        proofs=fingerprint(),
        tools=latest.ingredients.get("tools", "") if latest is not None else "",
    )
