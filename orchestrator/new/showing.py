"""An addition for people and for programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from orchestrator.new.addition import Addition
from orchestrator.new.rulebook import Bearing, Remark
from orchestrator.report.wording import count

_HEADS = {
    Bearing.STOPS: "rules that stop applying here, compared with {model}: is their reason gone, too?",
    Bearing.BEGINS: "rules that begin to apply here, compared with {model}:",
    Bearing.ELSEWHERE: "exceptions that the same lines have on another suite: is their reason true here, too?",
    Bearing.GOES_ON: "rules that go on applying because nothing ends them:",
}
#: So many images or tags are named; of more, how many there are.
_NAMED = 6


def text_of(addition: Addition, model: str, *, render: bool, written: bool) -> str:
    """Write what an addition creates, for people. `model` is what it was compared with; `written` says whether that has happened already."""
    return "\n".join(
        [
            *_created(addition, written=written),
            *_tags(addition),
            *_dockerfiles(addition, render=render, written=written),
            *_rules(addition.remarks, model),
            *(f"note: {note}" for note in addition.notes),
        ]
    )


def next_steps(addition: Addition, *, render: bool, committed: bool) -> tuple[str, ...]:
    """Name the commands to go on with, once it is written."""
    path = addition.before.path
    option = "" if path == Path("versions.json") else f" --matrix {shlex.quote(str(path))}"
    place = "" if path.parent == Path() else f" -C {shlex.quote(str(path.parent))}"
    steps = [f"git{place} rm {' '.join(addition.left)}"] if addition.left else []
    if not render and addition.dockerfiles:
        steps.append(f"orchestrator render{option}")
    steps.append(f"orchestrator lint{option}")
    if not committed:
        steps.append(f"orchestrator diff{option}")
    if addition.cells:
        architecture = addition.cells[0].architecture.name
        steps.append(f"orchestrator build{_chosen(addition)} --arch {architecture}{option}")
    return tuple(steps)


def _chosen(addition: Addition) -> str:
    """Write the options that choose the new images; none where they are all images of an architecture."""
    lines = list(dict.fromkeys(image.line.name for image in addition.images))
    variants = list(dict.fromkeys(image.variant.name for image in addition.images))
    if len(lines) == 1:
        return f" --version {lines[0]}"
    return "".join(f" --variant {name}" for name in variants)


def document_of(addition: Addition, *, render: bool, dry_run: bool, commit: str | None) -> dict[str, Any]:
    """Give the public JSON form of an addition."""
    return {
        "title": addition.title,
        "answers": {answer.option: answer.text for answer in addition.answers},
        "images": [
            {
                "id": image.id,
                "dockerfile": f"{image.directory}/Dockerfile",
                "tags": list(image.tags),
                "shared_tags": list(image.shared_tags),
            }
            for image in addition.images
        ],
        "cells": [cell.id for cell in addition.cells],
        "tags": {
            "added": [tag.name for tag in addition.tags if tag.before is None],
            "moved": [{"tag": tag.name, "from": tag.before, "to": tag.after} for tag in addition.moved],
            "vanished": [{"tag": tag.name, "from": tag.before} for tag in addition.vanished],
        },
        "rules": [
            {
                "bearing": str(one.bearing),
                "file": one.file,
                "name": one.name,
                "role": one.role,
                "when": one.when,
                "why": one.why,
                "link": one.link,
                "images": list(one.images),
            }
            for one in addition.remarks
        ],
        "left": list(addition.left),
        "notes": list(addition.notes),
        "written": [] if dry_run else list(addition.paths(rendered=render)),
        "commit": commit,
        "next": list(next_steps(addition, render=render, committed=commit is not None)),
    }


def _created(addition: Addition, *, written: bool) -> Iterator[str]:
    images, cells = addition.images, addition.cells
    verb = "creates" if written else "would create"
    yield f"{addition.title} {verb} {count(len(images), 'image')}, {count(len(cells), 'cell')}"
    built: dict[str, list[str]] = {}
    for cell in cells:
        built.setdefault(cell.image.id, []).append(cell.architecture.name)
    for name, architectures in built.items():
        yield f"  {name}: {', '.join(architectures)}"
    for image in images:
        if image.id not in built:
            yield f"  {image.id}: on no architecture that is enabled"


def _tags(addition: Addition) -> Iterator[str]:
    added = [tag for tag in addition.tags if tag.before is None]
    if added:
        yield f"tags added: {len(added)}"
        for image in {tag.after: None for tag in added}:
            yield f"  {image}: {', '.join(tag.name for tag in added if tag.after == image)}"
    for head, tags in (("tags that move to another image", addition.moved), ("tags that vanish", addition.vanished)):
        if tags:
            yield f"{head}: {len(tags)}"
            for before, after in {(tag.before, tag.after): None for tag in tags}:
                names = [tag.name for tag in tags if (tag.before, tag.after) == (before, after)]
                yield f"  {before} -> {after or '(nowhere)'}: {', '.join(names)}"


def _dockerfiles(addition: Addition, *, render: bool, written: bool) -> Iterator[str]:
    if addition.dockerfiles:
        verb = "wrote" if written else "would write"
        yield f"{verb if render else 'not rendered'}:"
        yield from (f"  {one.shown}" for one in addition.dockerfiles)
    if addition.left:
        yield "Dockerfiles that belong to no image any more:"
        yield from (f"  {name}" for name in addition.left)


def _rules(found: Sequence[Remark], model: str) -> Iterator[str]:
    for bearing, head in _HEADS.items():
        of_this = [one for one in found if one.bearing is bearing]
        if not of_this:
            continue
        yield head.format(model=model)
        if bearing is Bearing.GOES_ON:
            # Their reasons were true so far; that they still are is what a build shows.
            for file, when in {(one.file, one.when): None for one in of_this}:
                names = [_name(one) for one in of_this if (one.file, one.when) == (file, when)]
                yield f"  {file}: {', '.join(names)}: {when}"
            continue
        for one in of_this:
            yield f"  {_title(one)}: {one.when}"
            yield f"      {one.why} {one.link}"
            yield f"      here: {_some(one.images)}"


def _title(remark: Remark) -> str:
    return f"{remark.file}: {_name(remark)}"


def _name(remark: Remark) -> str:
    return f"{remark.name} ({remark.role})" if remark.role else remark.name


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
