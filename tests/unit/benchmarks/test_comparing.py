"""Two images are equal, or every way in which they are not is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.acceleration.comparing import compare
from benchmarks.acceleration.model import Equality
from tests.unit.prove.images import Draft, Entry, draft, link, right

CELL = "2.7-slim-stretch-amd64"
_LOG = "/var/log/dpkg.log"


def compared(spoil: Callable[[Draft], object], *, besides: frozenset[str] = frozenset()) -> Equality:
    one, other = right(CELL), draft(CELL, spoil)
    content = {
        path: entry.content for made in (one, other) for each in made.layers for path, entry in each.items() if path != _LOG
    }  # fmt: skip
    logs = (b"2026-11-25 15:29:03 x", b"2026-11-26 01:00:00 x")
    return compare(
        one.saved, other.saved, lambda path: logs if path == _LOG else (b"", content[path]), run="now", besides=besides
    )


def test_equal_images_are_equal_and_what_was_compared_is_counted() -> None:
    found = compared(lambda _: None)
    assert found.equal
    assert not found.explained
    assert found.paths > found.files > 10
    assert found.packages > 3
    assert found.layers == len(right(CELL).layers) - 1


def _text(made: Draft) -> str:
    return next(path for path, entry in made.own.items() if path.endswith(".py") and not entry.target)


def _change(path: str, **changes: Any) -> Callable[[Draft], None]:
    def spoil(made: Draft) -> None:
        made.own[path] = replace(made.own[path], **changes)

    return spoil


def _another_version(made: Draft) -> None:
    for part in (made.base, made.own, made.later):
        if (status := part.get("/var/lib/dpkg/status")) is not None:
            changed = status.content.replace(b"Version: ", b"Version: 9")
            part["/var/lib/dpkg/status"] = replace(status, content=changed)


PATH = _text(right(CELL))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_change(PATH, content=b"other"), f"{PATH}: other bytes"),
        (_change(PATH, mode=0o600), f"{PATH}: mode 0644 and 0600"),
        (_change(PATH, owner=7), f"{PATH}: owner 0 and 7"),
        (lambda made: made.own.pop(PATH), f"{PATH}: only in the first"),
        (lambda made: made.own.update({"/usr/local/new": Entry()}), "/usr/local/new: only in the second"),
        (lambda made: made.own.update({PATH: link("/x")}), f"{PATH}: kind file and symlink"),
        (lambda made: made.config.update(Cmd=["sh"]), "config: command: "),
        (lambda made: made.config.update(Labels={"a": "b"}), "config: labels: "),
        (lambda made: made.document["history"].append({"created_by": "RUN x"}), "config: history: "),
        (_another_version, "package "),
    ],
)
def test_a_difference_is_told(spoil: Callable[[Draft], object], said: str) -> None:
    found = compared(spoil)
    assert not found.equal
    assert any(one.startswith(said) for one in found.differences), found.differences


def test_what_is_meant_to_differ_is_left_out() -> None:
    assert compared(lambda made: made.own.update({"/etc/moved": Entry()}), besides=frozenset({"/etc/moved"})).equal


def test_what_can_be_explained_is_no_difference() -> None:
    first = draft(CELL, lambda made: made.own.update({_LOG: Entry(content=b"1")}))
    second = draft(CELL, lambda made: made.own.update({_LOG: Entry(content=b"2")}))
    logs = (b"2026-11-25 15:29:03 x", b"2026-11-26 01:00:00 x")
    found = compare(first.saved, second.saved, lambda _: logs, run="now")
    assert found.equal
    assert list(found.explained) == [_LOG]


def test_when_an_image_was_made_does_not_matter() -> None:
    assert compared(lambda made: made.document.update(created="2026-11-26T00:00:00Z")).equal
