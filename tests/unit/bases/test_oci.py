from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bases.oci import LayoutError, Written, check_layout, write_layout
from orchestrator.matrix.model import Platform

ARM = Platform(os="linux", architecture="arm64", variant="v8")


def layer(tmp_path: Path) -> Path:
    path = tmp_path / "root.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("etc/hostname")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"here"))
    return path


def written(tmp_path: Path, name: str = "layout", platform: Platform = ARM) -> tuple[Path, Written]:
    directory = tmp_path / name
    directory.mkdir()
    return directory, write_layout(
        directory, layer=layer(tmp_path), platform=platform, created=1_500_000_000, comment="made"
    )


def document(directory: Path, digest: str) -> Any:
    data = (directory / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return json.loads(data)


def test_the_layout_is_what_the_specification_says(tmp_path: Path) -> None:
    directory, made = written(tmp_path)
    assert json.loads((directory / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((directory / "index.json").read_text())["manifests"]
    assert entry["digest"] == made.digest
    (placed,) = document(directory, made.digest)["manifests"]
    assert placed["platform"] == {"os": "linux", "architecture": "arm64", "variant": "v8"}
    manifest = document(directory, placed["digest"])
    config = document(directory, manifest["config"]["digest"])
    assert (config["architecture"], config["variant"], config["os"]) == ("arm64", "v8", "linux")
    assert config["created"] == "2017-07-14T02:40:00Z"
    assert config["config"]["Cmd"] == ["bash"]
    assert config["config"]["Env"] == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    (packed,) = manifest["layers"]
    blob = (directory / "blobs" / "sha256" / packed["digest"].removeprefix("sha256:")).read_bytes()
    assert len(blob) == packed["size"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(gzip.decompress(blob)).hexdigest()}"]
    assert made.size == sum(path.stat().st_size for path in (directory / "blobs" / "sha256").iterdir())


def test_same_input_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path, "a")[1] == written(tmp_path, "b")[1]


def test_the_platform_is_part_of_the_digest(tmp_path: Path) -> None:
    plain = Platform(os="linux", architecture="amd64")
    directory, made = written(tmp_path, "b", plain)
    assert made.digest != written(tmp_path, "a")[1].digest
    (placed,) = document(directory, made.digest)["manifests"]
    assert placed["platform"] == {"os": "linux", "architecture": "amd64"}


def test_a_whole_layout_passes(tmp_path: Path) -> None:
    directory, made = written(tmp_path)
    check_layout(directory, made.digest, thorough=True)


def largest(directory: Path) -> Path:
    manifest = next(
        document
        for path in (directory / "blobs" / "sha256").iterdir()
        if path.read_bytes()[:1] == b"{" and "layers" in (document := json.loads(path.read_bytes()))
    )
    return directory / "blobs" / "sha256" / str(manifest["layers"][0]["digest"]).removeprefix("sha256:")


def test_damage_is_seen(tmp_path: Path) -> None:
    directory, made = written(tmp_path)
    blob = largest(directory)
    good = blob.read_bytes()
    blob.write_bytes(good[:-1])
    with pytest.raises(LayoutError, match="in place of"):
        check_layout(directory, made.digest)
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    check_layout(directory, made.digest)
    with pytest.raises(LayoutError, match="other bytes"):
        check_layout(directory, made.digest, thorough=True)
    blob.unlink()
    with pytest.raises(LayoutError):
        check_layout(directory, made.digest)


def test_a_changed_document_is_seen_at_once(tmp_path: Path) -> None:
    directory, made = written(tmp_path)
    index = directory / "blobs" / "sha256" / made.digest.removeprefix("sha256:")
    index.write_bytes(index.read_bytes().replace(b"arm64", b"amd64"))
    with pytest.raises(LayoutError, match="other bytes"):
        check_layout(directory, made.digest)
