"""Steps become stretches: for every step of the Dockerfiles that are measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.acceleration.measuring import IMAGES
from benchmarks.acceleration.model import Stretch
from benchmarks.acceleration.stretches import served, stretch_of, stretches
from orchestrator.matrix.model import Matrix
from orchestrator.render.tree import render_images
from orchestrator.select import select_image
from tests.unit.build.test_phases import vertex


def _steps(dockerfile: str) -> Iterator[str]:
    """Name the steps as BuildKit does."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    stage = ""
    for number, line in enumerate(text.splitlines()):
        if line.startswith("FROM "):
            stage = line.split(" AS ")[1] if " AS " in line else "stage-5"
        elif re.match(r"(RUN|COPY|WORKDIR|ADD) ", line):
            yield f"[{stage} {number}/99] {line}"


@pytest.mark.parametrize("image", IMAGES)
def test_of_a_measured_image_every_stretch_is_one_step(debian_matrix: Matrix, image: str) -> None:
    (rendered,) = render_images(debian_matrix, (select_image(debian_matrix, image),))
    found = Counter(stretch_of(step) for step in _steps(rendered.text))
    assert {name: found.pop(name) for name in list(found) if name is not Stretch.OTHER} == dict.fromkeys(
        set(Stretch) - {Stretch.OTHER, Stretch.EXPORT, Stretch.COMPILING, Stretch.WHOLE}, 1
    )


@pytest.mark.parametrize(
    ("step", "stretch"),
    [
        ("[base 1/2] RUN apt-get update \t&& apt-get install -y netbase", Stretch.BASE_PACKAGES),
        ("[linux/arm64 build 1/9] RUN apt-get update && apt-get install -y gcc", Stretch.BUILD_PACKAGES),
        ("[context python-source] load from client", Stretch.OTHER),
        ("[context native-tools] OCI load from client", Stretch.OTHER),
        ("exporting to image", Stretch.EXPORT),
        ("[stage-5 3/3] RUN ldconfig && python2 --version", Stretch.OTHER),
    ],
)
def test_a_step_has_its_stretch(step: str, stretch: Stretch) -> None:
    assert stretch_of(step) is stretch


def test_what_compiles_is_summed_and_the_whole_is_what_was_seen_from_outside() -> None:
    steps = [vertex("[build 4/9] RUN ./configure", 10), vertex("[build 5/9] RUN make -j 2", 20.5)]
    found = stretches([*steps, vertex("[build 6/9] RUN make install", 3), vertex("exporting to image", 2)], 50.0)
    assert (found[Stretch.MAKE], found[Stretch.COMPILING], found[Stretch.WHOLE]) == (20.5, 33.5, 50.0)
    assert found[Stretch.EXPORT] == 2
    assert found[Stretch.PIP] == 0


def test_steps_that_the_cache_did_are_named_but_not_those_that_run_nothing() -> None:
    steps = [
        vertex("[build 5/9] RUN make -j 2", 0, cached=True),
        vertex("[build 4/9] RUN ./configure", 9),
        vertex("[context debian:bullseye-slim] OCI load from client", 0, cached=True),
    ]
    assert served(steps) == ("[build 5/9] RUN make -j 2",)
