"""What has been read is not read again, as long as there is room for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from orchestrator.prove.image import parse_config
from orchestrator.prove.survey.archive import Saved
from orchestrator.prove.survey.layer import Layer
from orchestrator.prove.survey.store import Surveys
from orchestrator.prove.survey.survey import Survey
from tests.unit.prove.images import Entry, layer

LAYER = layer({"/a": Entry()})


class Reader:
    """Makes an image with layers of these names, and remembers what it was told to be known."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.known: set[str] = set()

    def of(self, name: str, *layers: str) -> Callable[[Mapping[str, Layer]], Saved]:
        def read(known: Mapping[str, Layer]) -> Saved:
            self.read.append(name)
            self.known = set(known)
            return Saved(
                image=parse_config({}), survey=Survey(layers=(), base_layers=0), layers=dict.fromkeys(layers, LAYER)
            )

        return read


def test_an_image_is_read_once_and_its_layers_are_known_to_the_next() -> None:
    surveys, reader = Surveys(), Reader()
    first = surveys.get("a", reader.of("a", "x", "y"))
    assert reader.known == set()
    assert surveys.get("a", reader.of("a")) is first
    surveys.get("b", reader.of("b", "y", "z"))
    assert (reader.read, reader.known) == (["a", "b"], {"x", "y"})


def test_the_oldest_are_forgotten() -> None:
    surveys, reader = Surveys(), Reader()
    for name in "abcdef":
        surveys.get(name, reader.of(name, *(f"{name}{n}" for n in range(5))))
    surveys.get("a", reader.of("a"))
    surveys.get("g", reader.of("g"))
    assert len(reader.known) == 24
    for name in "ab":
        surveys.get(name, reader.of(name))
    assert reader.read == [*"abcdef", "g", "b"]


def test_what_could_not_be_read_is_tried_again() -> None:
    surveys, reader = Surveys(), Reader()

    def broken(_: Mapping[str, Layer]) -> Saved:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        surveys.get("a", broken)
    surveys.get("a", reader.of("a"))
    assert reader.read == ["a"]
