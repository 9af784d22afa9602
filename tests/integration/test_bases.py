"""A real bootstrap from the host's mirror, looked at blob by blob, and built from where an engine is given."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bases.catalogue import wanted_bases
from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.oci import check_layout
from orchestrator.bases.provider import Bases
from orchestrator.bases.sweep import processes_in, sweep
from orchestrator.engine.model import Engine
from orchestrator.matrix.load import load_matrix
from orchestrator.system.apt_sources import host_mirror
from orchestrator.system.places import Places
from orchestrator.system.process import run
from orchestrator.system.progress import Silent

ROOT = Path(__file__).resolve().parents[2]
MATRIX = ROOT / "examples" / "debian" / "versions.json"


def wanted() -> Wanted:
    matrix = load_matrix(MATRIX)
    return next(one for one in wanted_bases(matrix.cells) if str(one) == "debian:bullseye-slim for amd64")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    root = tmp_path_factory.mktemp("bases")
    places = Places(cache=root / "cache", state=root / "state")
    made = Bases(places=places, progress=Silent()).ensure(wanted())
    assert Bases(places=places, progress=Silent()).ensure(wanted()) == made
    assert [path.name for path in (places.bases / "scratch").iterdir()] == []
    yield made
    shutil.rmtree(root)


def apt_user(text: Callable[[str], str]) -> int:
    return next(int(line.split(":")[2]) for line in text("etc/passwd").splitlines() if line.startswith("_apt:"))


def document(base: Base, digest: str) -> Any:
    assert base.layout is not None
    return json.loads((base.layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes())


def test_every_blob_has_the_digest_that_its_name_says(base: Base) -> None:
    assert base.layout is not None
    check_layout(base.layout, base.digest, thorough=True)
    blobs = list((base.layout / "blobs" / "sha256").iterdir())
    assert len(blobs) == 4
    for blob in blobs:
        with blob.open("rb") as source:
            assert hashlib.file_digest(source, "sha256").hexdigest() == blob.name


def test_the_root_file_system_is_slim_clean_and_points_at_the_mirror(base: Base) -> None:
    assert base.layout is not None
    (placed,) = document(base, base.digest)["manifests"]
    assert placed["platform"] == {"os": "linux", "architecture": "amd64"}
    manifest = document(base, placed["digest"])
    config = document(base, manifest["config"]["digest"])
    packed = base.layout / "blobs" / "sha256" / manifest["layers"][0]["digest"].removeprefix("sha256:")
    bare = gzip.decompress(packed.read_bytes())
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(bare).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(bare)) as archive:
        members = {member.name.removeprefix("./"): member for member in archive}

        def text(name: str) -> str:
            found = archive.extractfile(members[name])
            assert found is not None
            return found.read().decode()

        assert text("etc/debian_version").startswith("11")
        assert text("etc/apt/sources.list") == f"deb {host_mirror().url} bullseye main\n"
        assert text("etc/hostname") == text("etc/resolv.conf") == ""
        assert "path-exclude=/usr/share/man/*" in text("etc/dpkg/dpkg.cfg.d/99mmdebstrap")
        assert members["usr/sbin/policy-rc.d"].mode == 0o755
        # Whatever the rights of the directories above: pytest's are closed to apt's sandbox user.
        assert {members[f"var/{name}/partial"].uid for name in ("lib/apt/lists", "cache/apt/archives")} == {
            apt_user(text)
        }
    assert "usr/share/doc/libc6/copyright" in members
    docs = [
        n for n, m in members.items() if n.startswith("usr/share/doc/") and m.isfile() and not n.endswith("copyright")
    ]
    assert docs == []
    assert not [n for n, m in members.items() if n.startswith("usr/share/man/") and m.isfile()]
    assert not [n for n in members if n.startswith("var/lib/apt/lists/") and n.endswith("Packages")]
    assert not [n for n in members if n.startswith("var/cache/apt/") and n.endswith((".bin", ".deb"))]
    assert not [n for n, m in members.items() if m.isdev()]


def test_a_bootstrap_that_is_killed_is_swept_with_its_processes_and_mounts(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    scratch = Places.from_environment(environment).bases / "scratch"
    argv = [
        sys.executable,
        "-m",
        "orchestrator",
        "bases",
        "--matrix",
        str(MATRIX),
        "--variant",
        "slim",
        "--arch",
        "amd64",
    ]
    process = subprocess.Popen(
        argv, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    made: list[Path] = []
    # An unpacked system, so that there is something to leave behind.
    while not made and time.monotonic() < deadline and process.poll() is None:
        made = [path.parents[2] for path in scratch.glob("base-*/mmdebstrap.*/usr/bin")]
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert made, "mmdebstrap never unpacked anything"
    assert made[0].is_dir()
    sweep(scratch, runner=run, progress=Silent())
    assert list(scratch.iterdir()) == []
    assert processes_in(made[0]) == []
    assert str(made[0]) not in Path("/proc/self/mountinfo").read_text()


def test_an_image_is_built_from_it(base: Base, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {base.reference}\nRUN cat /etc/debian_version > /version\n")
    argv = [
        engine.docker,
        "buildx",
        "build",
        "--platform",
        "linux/amd64",
        "--no-cache",
        "--output",
        f"type=local,dest={tmp_path}/out",
    ]
    argv += ["--build-context", f"{base.reference}={base.context}", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300, env=dict(engine.environment))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "version").read_text().startswith("11")
