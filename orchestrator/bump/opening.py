"""What works bumps out, with everything outside that it needs, as settings and a command line say."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bump.finding import Finder, SourceSettings
from orchestrator.bump.index import Index
from orchestrator.bump.proposing import Proposer
from orchestrator.config.settings import Settings
from orchestrator.inputs.provider import Inputs
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, run
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Where releases and wheels come from."""

    finder: Finder
    index: Index
    stock: Inputs


def open_outside(
    settings: Settings,
    told: SourceSettings,
    *,
    root: Path,
    places: Places,
    progress: Progress,
    cancellation: Cancellation | None = None,
) -> Outside:
    """Open it for the matrix in `root`. What is `told` comes before the settings; a directory that is the only source, before all of them."""
    cancellation = cancellation or Cancellation()
    runner = functools.partial(run, cancellation=cancellation)
    own = settings.bump
    sources = told
    if told.offline is None:
        sources = dataclasses.replace(
            told,
            site=told.site or own.source_url,
            tags=told.tags or own.tags_url,
            keys=(*told.keys, *own.keys),
        )
    directories = tuple(Path(one) for one in (told.offline, settings.inputs) if one is not None)
    return Outside(
        finder=Finder(
            inputs_places=places,
            progress=progress,
            sources=sources,
            root=root,
            cancellation=cancellation,
            runner=runner,
        ),
        index=Index(offline=told.offline, runner=runner),
        stock=Inputs(
            places=places, progress=progress, directories=directories, cancellation=cancellation, runner=runner
        ),
    )


def open_proposer(
    settings: Settings,
    told: SourceSettings,
    *,
    root: Path,
    places: Places,
    progress: Progress,
    cancellation: Cancellation | None = None,
) -> Proposer:
    """Make one with all that is outside, opened as `open_outside` does."""
    cancellation = cancellation or Cancellation()
    outside = open_outside(settings, told, root=root, places=places, progress=progress, cancellation=cancellation)
    return Proposer(
        releases=outside.finder,
        index=outside.index,
        stock=outside.stock,
        progress=progress,
        cancellation=cancellation,
    )
