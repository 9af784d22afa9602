"""What was recorded of real images, held against what their own package managers say."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest
from spdx_tools.spdx.model import Document
from spdx_tools.spdx.parser.json import json_parser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from orchestrator.contents.model import Contents, Ecosystem
from orchestrator.contents.store import read_contents
from orchestrator.system.places import Places
from tests.integration.command_line import CommandLine
from tests.integration.images import DEBIAN, NATIVE, Images

pytestmark = pytest.mark.timeout(5400)

_DPKG = r"dpkg-query --show --showformat='${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package} ${source:Version}\n'"


def places_of(orchestrator: CommandLine) -> Places:
    return Places.from_environment(orchestrator.environment)


def contents_of(orchestrator: CommandLine, images: Images, cell: str) -> Contents:
    found = read_contents(places_of(orchestrator), images.cells[cell]["digest"])
    assert found is not None, f"nothing was recorded of {cell}"
    return found


def said(client: docker.DockerClient, digest: str, *command: str) -> str:
    output: bytes = client.containers.run(digest, list(command), remove=True, network_mode="none", stderr=False)
    return output.decode()


def read_document(text: str, directory: Path) -> Document:
    path = directory / "sbom.spdx.json"
    path.write_text(text)
    document: Document = json_parser.parse_from_file(str(path))
    return document


@pytest.mark.parametrize("cell", NATIVE)
def test_the_packages_are_those_that_dpkg_and_pip_list(
    native_images: Images, orchestrator: CommandLine, client: docker.DockerClient, cell: str
) -> None:
    contents = contents_of(orchestrator, native_images, cell)
    lines = [line.split("\t") for line in said(client, contents.digest, "sh", "-c", _DPKG).splitlines()]
    listed = {tuple(line[1:4]): line[4] for line in lines if line[0] == "installed"}
    found = {
        (one.name, one.version, one.architecture): one for one in contents.components if one.ecosystem is Ecosystem.DEB
    }
    assert found.keys() == listed.keys()
    assert {key: one.source or f"{one.name} {one.version}" for key, one in found.items()} == listed
    pip = json.loads(said(client, contents.digest, "pip", "list", "--format=json", "--disable-pip-version-check"))
    assert {(one.name, one.version) for one in contents.components if one.ecosystem is Ecosystem.PYPI} == {
        (one["name"], one["version"]) for one in pip
    }
    assert len(pip) == 3
    (cpython,) = [one for one in contents.components if one.ecosystem is Ecosystem.GENERIC]
    python = said(client, contents.digest, "python", "-c", "import platform; print(platform.python_version())")
    assert cpython.version == python.strip()


def test_licences_come_from_the_copyright_files_that_are_there(
    native_images: Images, orchestrator: CommandLine, client: docker.DockerClient
) -> None:
    contents = contents_of(orchestrator, native_images, NATIVE[0])
    there = said(client, contents.digest, "sh", "-c", "cd /usr/share/doc && ls -d */copyright")
    documented = {line.partition("/")[0] for line in there.splitlines()}
    licences = {one.name: one.licences for one in contents.components if one.ecosystem is Ecosystem.DEB}
    assert {name for name, stated in licences.items() if stated} <= documented
    # Most files say it in a way that can be read; texts that refer to nothing stay unread.
    assert sum(bool(stated) for stated in licences.values()) > 0.8 * len(documented)
    assert licences["zlib1g"] == ("Zlib",)
    assert licences["libexpat1"] == ("MIT",)
    assert licences["bash"] == ("GPL-3.0-or-later",)
    assert "GPL-1.0-or-later OR Artistic-1.0-Perl" in licences["perl-base"]
    assert {one.name: one.licences for one in contents.components if one.ecosystem is Ecosystem.PYPI} == {
        "pip": ("MIT",),
        "setuptools": ("MIT",),
        "wheel": ("MIT",),
    }


def test_layers_are_those_of_the_manifest(
    native_images: Images, orchestrator: CommandLine, client: docker.DockerClient
) -> None:
    contents = contents_of(orchestrator, native_images, NATIVE[0])
    image = client.images.get(contents.digest)
    assert len(contents.layers) == len(image.attrs["RootFS"]["Layers"])
    assert dict(contents.environment) == dict(word.split("=", 1) for word in image.attrs["Config"]["Env"])
    assert sum(layer.size for layer in contents.layers) <= image.attrs["Size"]
    assert contents.layers[-2].made_by == "COPY /usr/local /usr/local"


def test_the_sbom_is_valid_and_is_recorded_again_by_test(
    native_images: Images, orchestrator: CommandLine, tmp_path: Path
) -> None:
    cell = NATIVE[1]
    contents = contents_of(orchestrator, native_images, cell)
    first = orchestrator("sbom", *DEBIAN, cell)
    assert (first.code, first.err) == (0, "")
    document = read_document(first.out, tmp_path)
    assert validate_full_spdx_document(document) == []
    assert len(document.packages) == len(contents.components) + 1
    (places_of(orchestrator).contents / f"{contents.digest.removeprefix('sha256:')}.json").unlink()
    missing = orchestrator("sbom", *DEBIAN, cell)
    assert missing.code == 2
    assert f"orchestrator test {cell}" in missing.err
    proven = orchestrator("test", *DEBIAN, cell, "--only", "recipe/files")
    assert proven.code == 0, proven.err
    assert "could not be kept" not in proven.err
    path = tmp_path / "again.json"
    again = orchestrator("sbom", *DEBIAN, cell, "--output", str(path))
    assert again.code == 0, again.err
    assert path.read_text() == first.out
