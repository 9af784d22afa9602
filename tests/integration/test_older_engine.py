"""An engine without containerd's store knows images by their configs; what it has is published all the same, and once."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import docker
import httpx
import pytest

from orchestrator.engine import embedded
from orchestrator.engine.model import Engine
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.load import load_matrix
from orchestrator.publish.content import Content, saving
from orchestrator.publish.names import Names
from orchestrator.registry.registries import Registries
from tests.integration.own_registry import own_registry
from tests.integration.second_engine import second_engine

MATRIX = load_matrix(Path(__file__).resolve().parents[2] / "examples" / "debian" / "versions.json")


def _layers() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 20000
        tar.addfile(entry, io.BytesIO(b"x" * 20000))
    return made.getvalue()


def test_its_images_are_pushed_in_the_form_of_registries(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(embedded._SETTINGS, "features", {"containerd-snapshotter": False})
    cell = next(cell for cell in MATRIX.cells if cell.architecture.name == "amd64")
    with second_engine(engine) as older, own_registry(tmp_path) as registry:
        with older.client() as client:
            imported = client.api.import_image_from_data(_layers(), repository="older", tag="1")
            assert imported
            image = client.images.get("older:1")
            assert client.info()["DriverStatus"] != [["driver-type", "io.containerd.snapshotter.v1"]]
        attempt = Attempt(
            id=1, run=1, cell=cell.id, key="k", state=State.PROVEN, execution="native", reference="older:1",
            digest=str(image.id), size=1, started="", seconds=1.0, log="", failure_class="", message="",
            ingredients={"base": "sha256:b"},
        )  # fmt: skip
        with Registries(environment={}) as registries:
            content = Content(
                registries=registries,
                names=Names(registry=registry.address, namespace="library", repository="older"),
                save=saving(lambda: docker.DockerClient(base_url=older.host, timeout=60)),
                exact=False,
            )
            first = content.bring(cell, attempt)
            sent = registries.sent
            again = content.bring(cell, attempt)
            assert (again, registries.sent) == (first, sent)
        assert first.image == image.id != first.digest
        with httpx.Client(trust_env=False) as plain:
            found = plain.get(
                f"http://{registry.address}/v2/library/older/manifests/{first.digest}",
                headers={"Accept": first.media_type},
            ).json()
        assert found["config"]["digest"] == image.id
        assert all(layer["mediaType"].endswith("tar+gzip") for layer in found["layers"])
        with older.client() as client:
            client.images.remove("older:1", force=True)
            pulled = client.images.pull(f"{registry.address}/library/older@{first.digest}")
            assert pulled.id == image.id
