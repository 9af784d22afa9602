"""What things are called: in the engine, in a registry."""

from __future__ import annotations

from orchestrator.matrix.model import Matrix
from orchestrator.publish.names import Names, local_references, staging_reference
from orchestrator.reconcile.expecting import place_of
from orchestrator.registry.reference import Reference


def test_a_proven_cell_is_named_as_the_official_images_name_it(matrix: Matrix) -> None:
    cell = next(cell for cell in matrix.cells if cell.id == "2.7-slim-stretch-arm64v8")
    names = local_references(matrix, cell)
    assert names[:2] == ("arm64v8/python:2.7.15-slim-stretch", "arm64v8/python:2.7-slim-stretch")
    assert "arm64v8/python:2.7-slim" in names


def test_shared_tags_are_local_names_too(matrix: Matrix) -> None:
    cell = next(cell for cell in matrix.cells if cell.id == "3.7-stretch-amd64")
    assert {"amd64/python:3.7.2", "amd64/python:latest"} <= set(local_references(matrix, cell))


def test_a_staging_name_holds_the_cell_and_the_key(matrix: Matrix) -> None:
    assert staging_reference(matrix, matrix.cells[0], "abc") == f"orchestrator.local/python/{matrix.cells[0].id}:abc"


def test_names_in_a_registry(matrix: Matrix) -> None:
    names = Names(registry="localhost:5000/team", namespace="library", repository="python")
    cell = next(cell for cell in matrix.cells if cell.architecture.name == "arm64v8")
    assert names.of_cell(cell, "3.7") == "localhost:5000/team/arm64v8/python:3.7"
    assert names.of_index("3.7") == "localhost:5000/team/library/python:3.7"


def test_the_default_registry_has_one_name_however_it_is_called(matrix: Matrix) -> None:
    cell = matrix.cells[0]
    one, other = (
        Names(registry=f"{host}/team", namespace="library", repository="python")
        for host in ("docker.io", "index.docker.io")
    )
    assert one.place == other.place == place_of(other) == "docker.io/team/library/python"
    assert one.of_index("3") == other.of_index("3") == "docker.io/team/library/python:3"
    assert one.of_cell(cell, "3") == other.of_cell(cell, "3")
    assert str(Reference.parse(other.of_index("3"))) == other.of_index("3")
