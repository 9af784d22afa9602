"""Steps become phases: for the captured build, and for every step of every Dockerfile that this program renders."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.build.phases import Phase, PhaseName, phase_of, phases, step_number
from orchestrator.build.rawjson import Vertex
from orchestrator.matrix.model import Matrix
from orchestrator.render.tree import render_images
from tests.unit.build.test_rawjson import CAPTURED, decode

START = datetime(2026, 1, 1, tzinfo=UTC)


def vertex(name: str, seconds: float | None, *, cached: bool = False) -> Vertex:
    completed = None if seconds is None else START + timedelta(seconds=seconds)
    return Vertex(digest=name, name=name, started=START, completed=completed, cached=cached, error="")


@pytest.mark.parametrize(
    ("step", "phase"),
    [
        ("[native-tools] judging: [gate-plain 2/2] RUN sh /dev/gate/work.sh plain && make -j 2", PhaseName.TOOLS),
        ("[internal] load build definition from Dockerfile", PhaseName.BASE),
        ("[context debian:bullseye-slim] OCI load from client", PhaseName.BASE),
        ("[base 1/2] FROM debian:bullseye-slim@sha256:0", PhaseName.BASE),
        ("[context python-source] load from client", PhaseName.SOURCE),
        ("[python-source 1/1] ADD --checksum=sha256:0 https://example.org/x.tar.xz /", PhaseName.SOURCE),
        ("[context python-wheels] load from client", PhaseName.SOURCE),
        ("exporting to image", PhaseName.EXPORT),
        ("[stage-4 2/3] COPY --from=build /usr/local /usr/local", PhaseName.ASSEMBLE),
        ("[stage-4 4/4] RUN something else", PhaseName.OTHER),
        ("[context native-tools] load from client", PhaseName.BASE),
        ("[native-base 2/3] COPY --from=native-tools /das[h] /bin/", PhaseName.BASE),
        (
            '[build 5/9] RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \tmake -j "$(nproc)"',
            PhaseName.COMPILE,
        ),
        ("[build 5/9] RUN make -j 2", PhaseName.COMPILE),
        (
            "[build 1/9] RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \t/dev/native-tools/take",
            PhaseName.PACKAGES,
        ),
    ],
)
def test_a_step_has_its_phase(step: str, phase: PhaseName) -> None:
    assert phase_of(step) is phase


def _steps(dockerfile: str) -> list[str]:
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    return [line for line in joined.splitlines() if re.match(r"(RUN|COPY|WORKDIR|ADD) ", line)]


def test_every_rendered_step_belongs_to_a_phase_and_no_phase_is_missing(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (matrix, debian_matrix):
        for rendered in render_images(one, one.images):
            stage = "python-source"
            seen = set()
            for number, step in enumerate(_steps(rendered.text), start=1):
                seen.add(phase_of(f"[{stage} {number}/20] {step}"))
                stage = "build"
            missing = set(PhaseName) - seen - {PhaseName.BASE, PhaseName.EXPORT}
            assert missing == {PhaseName.OTHER, PhaseName.TOOLS}, rendered.image.id


def test_the_captured_build_has_the_seconds_that_its_steps_took() -> None:
    last = {event.digest: event for event in decode(CAPTURED) if isinstance(event, Vertex)}
    seconds = {phase.name: phase.seconds for phase in phases(last.values())}
    assert seconds[PhaseName.CONFIGURE] == pytest.approx(426.006)
    assert seconds[PhaseName.COMPILE] == pytest.approx(919.435)
    assert seconds[PhaseName.INSTALL] == pytest.approx(125.002)
    assert seconds[PhaseName.PACKAGES] == pytest.approx(201.767)
    assert list(seconds) == [name for name in PhaseName if name in seconds]


def test_only_finished_steps_count() -> None:
    found = phases([vertex("[build 5/9] RUN make -j 2", None), vertex("[build 4/9] RUN ./configure", 3)])
    assert found == (Phase(name=PhaseName.CONFIGURE, seconds=3.0, cached=False),)


def test_a_phase_is_cached_when_each_of_its_steps_is() -> None:
    one = vertex("[base 1/2] RUN apt-get update", 1, cached=True)
    other = vertex("[build 1/9] RUN apt-get update", 1, cached=False)
    assert [phase.cached for phase in phases([one])] == [True]
    assert [phase.cached for phase in phases([one, other])] == [False]


def test_buildkits_own_steps_do_not_make_a_cached_phase_uncached() -> None:
    internal = vertex("[internal] load .dockerignore", 0.1)
    (base,) = phases([internal, vertex("[base 1/2] FROM debian", 0, cached=True)])
    assert base.cached


@pytest.mark.parametrize(
    ("step", "number"),
    [("[build 4/9] RUN x", (4, 9)), ("[stage-4 10/12] RUN", (10, 12)), ("[internal] load", None), ("exporting", None)],
)
def test_step_numbers(step: str, number: tuple[int, int] | None) -> None:
    assert step_number(step) == number
