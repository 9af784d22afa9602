"""Two images of a cell, compared as a whole: every path of every layer, packages, config and history. Times of files are not compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from benchmarks.acceleration.explaining import explain
from benchmarks.acceleration.model import Equality
from orchestrator.prove.image import ImageConfig
from orchestrator.prove.packages import installed
from orchestrator.prove.survey.archive import Saved
from orchestrator.prove.survey.layer import File, FileKind

#: What a path is, but for its bytes.
_TRAITS = ("kind", "mode", "owner", "group", "target", "capable")
#: When an image was made, and what is compared field by field anyway.
_NOT_COMPARED = frozenset({"created", "texts"})

#: Gives the contents of a path in both images.
Contents = Callable[[str], tuple[bytes, bytes]]


def compare(
    one: Saved, other: Saved, contents: Contents, *, run: str, besides: frozenset[str] = frozenset()
) -> Equality:
    """Compare two images. `contents` reads what differs; `besides` are paths that are meant to differ (and are left out)."""
    first = {path: file for path, file in one.survey.whole.files.items() if path not in besides}
    second = {path: file for path, file in other.survey.whole.files.items() if path not in besides}
    explained, differences = {}, [*_existence(first, second), *_config(one.image, other.image)]
    for path in sorted(first.keys() & second.keys()):
        mine, theirs = first[path], second[path]
        differences += _traits(path, mine, theirs)
        if mine.sha256 != theirs.sha256:
            why = explain(path, *contents(path))
            if why:
                explained[path] = why
            else:
                differences.append(f"{path}: other bytes ({mine.size:,} and {theirs.size:,})")
    packages = installed(one.survey.whole)
    differences += _packages(one, other)
    return Equality(
        run=run,
        paths=len(first),
        files=sum(file.kind is FileKind.FILE for file in first.values()),
        packages=len(packages),
        layers=len(one.survey.layers) - one.survey.base_layers,
        explained=explained,
        differences=tuple(differences),
    )


def _existence(first: dict[str, File], second: dict[str, File]) -> Iterator[str]:
    for path in sorted(first.keys() ^ second.keys()):
        yield f"{path}: only in the {'first' if path in first else 'second'}"


def _traits(path: str, mine: File, theirs: File) -> Iterator[str]:
    for name in _TRAITS:
        here, there = getattr(mine, name), getattr(theirs, name)
        if here != there:
            shown = f"{here:04o} and {there:04o}" if name == "mode" else f"{here} and {there}"
            yield f"{path}: {name} {shown}"


def _packages(one: Saved, other: Saved) -> Iterator[str]:
    here, there = installed(one.survey.whole), installed(other.survey.whole)
    for name in sorted(here.keys() | there.keys()):
        mine, theirs = here.get(name), there.get(name)
        if mine != theirs:
            yield f"package {name}: {mine.version if mine else 'none'} and {theirs.version if theirs else 'none'}"


def _config(one: ImageConfig, other: ImageConfig) -> Iterator[str]:
    for each in dataclasses.fields(ImageConfig):
        here, there = getattr(one, each.name), getattr(other, each.name)
        if each.name == "history":
            here, there = one.own_history, other.own_history
        if each.name not in _NOT_COMPARED and here != there:
            yield f"config: {each.name}: {here} and {there}"
