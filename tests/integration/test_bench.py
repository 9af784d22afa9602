"""What `make bench` builds and compares, on the real engine, with an image that takes a second in the place of CPython."""

from __future__ import annotations

import json
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from benchmarks.acceleration import measuring
from benchmarks.acceleration.building import Builds, NotMeasuredError
from benchmarks.acceleration.measuring import Wanted, measure, measure_image
from benchmarks.acceleration.model import Measured, Stretch, Way
from orchestrator.acceleration.catalogue import tools_for
from orchestrator.acceleration.model import Made
from orchestrator.bases.oci import write_layout
from orchestrator.config.settings import Acceleration, BasePolicy, Settings
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.preparing import Prepared, prepare
from orchestrator.pipeline.workshop import Workshop, open_workshop
from orchestrator.plan.plan import PlannedCell
from orchestrator.system.progress import Silent
from tests.integration.small import small_matrix

#: Has what is measured of an image, and a cache that tells whether an earlier build has filled it. `tools` makes it differ where there are some.
#: The id of a cache is no part of what BuildKit knows a step by, so the command says the token, too. https://github.com/moby/buildkit/issues/7061
TEMPLATE = """\
FROM scratch AS native-tools
FROM debian:bullseye-slim AS build
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools --mount=type=cache,id=TOKEN,target=/dev/cache \\
	: TOKEN ./configure && ls /dev/native-tools && if [ -e /dev/cache/filled ]; then echo it is warm; else echo it is cold; fi && touch /dev/cache/filled
RUN : TOKEN make -j 2
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools : make install && echo {{ image.id }} > /small; MORE
FROM debian:bullseye-slim
ENV PATH=/usr/local/bin:$PATH
COPY --from=build /small /small
CMD ["cat", "/small"]
"""


#: The tools of these tests are no real ones: nothing may judge them.
SETTINGS = Settings(bases=BasePolicy.BOOTSTRAP, acceleration=Acceleration.OFF)


@pytest.fixture
def builds(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builds]:
    """Everything that a measurement works with; the parameter is what the tools do to the image."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    token = uuid.uuid4().hex
    path = _matrix(tmp_path / "matrix", token, getattr(request, "param", ":"))
    with open_workshop(load_matrix(path), SETTINGS, Silent()) as shop:
        prepared = prepare(shop, shop.matrix.cells, force=True)
        yield Builds(
            shop=shop,
            prepared=_with_tools(prepared, tmp_path),
            directory=tmp_path / "work",
            logs=tmp_path / "logs",
            run=token,
            say=lambda _: None,
        )


def _matrix(directory: Path, token: str, more: str) -> Path:
    path = small_matrix(directory, token, lines=1)
    text = TEMPLATE.replace("TOKEN", token).replace("MORE", more)
    (path.parent / "dockerfile-templates" / "slim.Dockerfile.j2").write_text(text)
    return path


def _with_tools(prepared: Prepared, directory: Path) -> Prepared:
    native, emulated = _cells(prepared.planned)
    made = _tools(emulated, native, directory / "tools")
    return replace(prepared, equip=lambda *_: made)


def _cells(planned: Sequence[PlannedCell]) -> tuple[Cell, Cell]:
    native, emulated = (one.cell for one in planned)
    return native, emulated


def _tools(cell: Cell, native: Cell, directory: Path) -> Made:
    """Native tools that consist of one file."""
    tools = tools_for(cell, native.architecture)
    assert not isinstance(tools, str)
    layout = directory / "layout"
    layout.mkdir(parents=True)
    (directory / "hello").write_text("hello")
    with tarfile.open(directory / "layer.tar", "w") as archive:
        archive.add(directory / "hello", "hello")
    # BuildKit takes from a layout what is for the platform that is built.
    platform = cell.architecture.platform
    written = write_layout(layout, layer=directory / "layer.tar", platform=platform, created=0, comment="tools")
    return Made(tools=tools, identity="0" * 64, layout=layout, digest=written.digest, size=written.size, seconds=0.0)


def _measured(builds: Builds, *ways: Way) -> tuple[Measured, dict[Way, str]]:
    native, emulated = _cells(builds.prepared.planned)
    references: dict[Way, str] = {}
    before = Measured(image=native.image.id, release=native.image.line.release)
    try:
        found = list(measure_image(builds, before, native, emulated, ways, references))
        assert [len(one.timings) for one in found] == list(range(1, len(ways) + 1))
        return found[-1], references
    finally:
        for reference in references.values():
            builds.shop.client.images.remove(reference)


def _said(builds: Builds, way: Way) -> str:
    native, emulated = _cells(builds.prepared.planned)
    return (builds.logs / f"{(native if way is Way.NATIVE else emulated).id}-{way}.log").read_text()


def test_each_way_is_built_timed_and_compared(builds: Builds) -> None:
    found, _ = _measured(builds, *Way)
    for way in Way:
        timing = found.timings[way]
        assert timing.run == builds.run
        assert timing.seconds[Stretch.WHOLE] > timing.seconds[Stretch.COMPILING] > 0
        assert (Stretch.WHOLE in timing.ratios) == (way is not Way.NATIVE)
    assert set(found.equalities) == {Way.PLAIN, Way.REBUILT}
    assert all(one.equal and one.files > 1000 for one in found.equalities.values()), found.equalities
    # The moved base is another one, and the accelerated build found nothing that somebody had compiled before it.
    assert [way for way in Way if "\nhello\n" in _said(builds, way)] == [Way.ACCELERATED, Way.REBUILT]
    assert [way for way in Way if "\nit is cold\n" in _said(builds, way)] == [Way.NATIVE, Way.PLAIN, Way.ACCELERATED]
    assert "\nit is warm\n" in _said(builds, Way.REBUILT)


def test_a_measurement_tells_each_build_and_leaves_no_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: docker.DockerClient
) -> None:
    def with_tools(shop: Workshop, cells: Sequence[Cell], *, force: bool) -> Prepared:
        return _with_tools(prepare(shop, cells, force=force), tmp_path)

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(measuring, "SETTINGS", SETTINGS)
    monkeypatch.setattr(measuring, "prepare", with_tools)
    path = _matrix(tmp_path / "matrix", uuid.uuid4().hex, ":")
    (image,) = load_matrix(path).images
    told: list[Measured] = []
    measure(Wanted(images=(image.id,), plain=()), {}, run="now", matrix=path, progress=Silent(), keep=told.append)
    assert [len(one.timings) for one in told] == [1, 2, 3]
    assert (told[-1].image, told[-1].release) == (image.id, image.line.release)
    assert told[-1].equalities[Way.REBUILT].equal
    assert len(list((tmp_path / "state" / "orchestrator" / "logs" / "benchmark").glob("*.log"))) == 4
    assert not client.images.list(f"orchestrator.local/benchmark/{image.id}-arm64v8")


@pytest.mark.parametrize("builds", ["if [ -e /dev/native-tools/hello ]; then chmod 600 /small; fi"], indirect=True)
def test_an_image_that_the_tools_changed_is_told_and_kept(builds: Builds, client: docker.DockerClient) -> None:
    found, references = _measured(builds, Way.NATIVE, Way.ACCELERATED, Way.PLAIN)
    assert found.equalities[Way.PLAIN].differences == ("/small: mode 0600 and 0644",)
    for way in (Way.ACCELERATED, Way.PLAIN):
        client.images.remove(f"{references[way]}-unequal")


@pytest.mark.parametrize("builds", ["exit 3"], indirect=True)
def test_a_build_that_fails_is_told_with_its_log(builds: Builds) -> None:
    native, _ = _cells(builds.prepared.planned)
    with pytest.raises(NotMeasuredError, match=r"native: .*make install"):
        builds.build(native, Way.NATIVE)
    assert "make install" in _said(builds, Way.NATIVE)


def test_without_tools_nothing_is_called_accelerated(builds: Builds) -> None:
    _, emulated = _cells(builds.prepared.planned)
    with pytest.raises(NotMeasuredError, match="cannot be accelerated"):
        replace(builds, prepared=replace(builds.prepared, equip=lambda *_: None)).build(emulated, Way.ACCELERATED)


def test_the_moved_base_is_the_base_and_one_file(builds: Builds, tmp_path: Path) -> None:
    _measured(builds, Way.NATIVE, Way.ACCELERATED, Way.REBUILT)
    (layout,) = (tmp_path / "work" / "layouts").iterdir()
    (index,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads((layout / "blobs" / index["digest"].replace(":", "/")).read_text())
    _, emulated = _cells(builds.prepared.planned)
    base = builds.prepared.ingredients(emulated).base
    assert base.digest != index["digest"]
    assert len(manifest["layers"]) == 2
