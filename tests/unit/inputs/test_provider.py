from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from orchestrator.inputs.addresses import source_addresses
from orchestrator.inputs.provider import Inputs
from orchestrator.inputs.store import Store
from orchestrator.matrix.model import Matrix
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.unit.inputs.fakes import DATA, SHA256, Server, whole

MIRROR = Mirror(url="http://mirror.invalid/debian", codename="x", components=("main",), keyring=None)


def test_the_pool_comes_before_upstream(debian_matrix: Matrix) -> None:
    source = debian_matrix.lines[0].source
    assert source_addresses(source, MIRROR) == (f"{MIRROR.url}/{source.pool}", source.url)
    assert source_addresses(source, None) == (source.url,)
    assert source_addresses(replace(source, pool=None), MIRROR) == (source.url,)


def test_a_line_s_source_has_upstreams_name_wherever_it_came_from(tmp_path: Path, debian_matrix: Matrix) -> None:
    line = debian_matrix.lines[0]
    line = replace(line, source=replace(line.source, sha256=SHA256))
    server = Server([whole()])
    places = Places(cache=tmp_path / "c", state=tmp_path / "s")
    inputs = Inputs(places=places, progress=Silent(), mirror=MIRROR, client=server.client())
    stored = inputs.source(line)
    assert stored.files == (line.source.file,)
    assert (stored.directory / line.source.file).read_bytes() == DATA
    assert str(server.requests[0].url).startswith(MIRROR.url)
    assert stored.directory.is_relative_to(places.downloads)


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    left, busy = tmp_path / "partial" / "999999999.scratch-a", tmp_path / "partial" / f"{os.getpid()}.scratch-b"
    left.mkdir(parents=True)
    busy.mkdir()
    with Store(root=tmp_path).scratch() as scratch:
        assert scratch.is_dir()
        assert not left.exists()
        assert busy.is_dir()
    assert not scratch.exists()
