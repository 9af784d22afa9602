from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.publish.names import Names
from orchestrator.report.lists.bake import bake_file, target_name
from tests.unit.conftest import ROOT

MATRICES = [load_matrix(ROOT / "versions.json"), load_matrix(ROOT / "examples" / "debian" / "versions.json")]
#: Source: https://docs.docker.com/build/bake/reference/#target
LEGAL = re.compile(r"[A-Za-z0-9_-]+")
NAMES = Names(registry="registry.example.org:5000", namespace="library", repository="python")


def chosen(matrix: int, data: st.DataObject) -> tuple[Cell, ...]:
    cells = MATRICES[matrix].cells
    kept = data.draw(st.sets(st.sampled_from([cell.id for cell in cells])))
    return tuple(cell for cell in cells if cell.id in kept)


@given(st.sampled_from([0, 1]), st.data())
def test_names_are_legal_and_no_two_things_share_one(matrix: int, data: st.DataObject) -> None:
    cells = chosen(matrix, data)
    document = bake_file(MATRICES[matrix], cells, NAMES)
    targets, groups = document.get("target", {}), document["group"]
    images = {cell.image.id for cell in cells}
    assert len(targets) == len(cells) + len(images)
    assert not set(targets) & set(groups)
    assert all(LEGAL.fullmatch(name) for name in (*targets, *groups))
    assert set(groups["default"]["targets"]) == {target_name(cell.id) for cell in cells}
    assert {name for group in groups.values() for name in group["targets"]} == set(targets)
    tags = [tag for target in targets.values() for tag in target["tags"]]
    assert len(tags) == len(set(tags))


def test_every_name_leads_back_to_one_cell() -> None:
    for matrix in MATRICES:
        assert len({target_name(cell.id) for cell in matrix.cells}) == len(matrix.cells)
    assert target_name("3.7-alpine3.8-amd64") == "3_7-alpine3_8-amd64"


def test_a_cell_is_its_directory_its_platform_and_its_tags() -> None:
    matrix = replace(MATRICES[0], path=Path("versions.json"))
    cells = [cell for cell in matrix.cells if cell.image.id == "3.7-slim-stretch"]
    document = bake_file(matrix, cells[1:], NAMES)
    assert document["target"]["3_7-slim-stretch-arm64v8"] == {
        "description": "3.7-slim-stretch-arm64v8",
        "context": "3.7/stretch/slim",
        "dockerfile": "Dockerfile",
        "platforms": ["linux/arm64/v8"],
        "tags": [
            f"registry.example.org:5000/arm64v8/python:{tag}"
            for tag in (
                *("3.7.2-slim-stretch", "3.7-slim-stretch", "3-slim-stretch", "slim-stretch"),
                *("3.7.2-slim", "3.7-slim", "3-slim", "slim"),
            )
        ],
    }
    assert document["group"] == {
        "default": {"targets": ["3_7-slim-stretch-arm64v8"]},
        "index": {"targets": ["3_7-slim-stretch-index"]},
        "3_7": {"targets": ["3_7-slim-stretch-arm64v8"]},
        "3_7-slim-stretch": {"targets": ["3_7-slim-stretch-arm64v8"]},
        "arm64v8": {"targets": ["3_7-slim-stretch-arm64v8"]},
    }


def test_an_index_has_every_enabled_architecture_even_where_only_one_was_chosen() -> None:
    matrix = MATRICES[0]
    cell = next(cell for cell in matrix.cells if cell.id == "3.7-stretch-arm64v8")
    index = bake_file(matrix, [cell], NAMES)["target"]["3_7-stretch-index"]
    assert index["platforms"] == ["linux/amd64", "linux/arm64/v8"]
    assert "registry.example.org:5000/library/python:latest" in index["tags"]


def test_without_a_registry_tags_are_those_of_the_engine() -> None:
    matrix = MATRICES[0]
    targets = bake_file(matrix, matrix.cells, None)["target"]
    assert "amd64/python:3.7-alpine" in targets["3_7-alpine3_8-amd64"]["tags"]
    assert "python:3.7-alpine" in targets["3_7-alpine3_8-index"]["tags"]


def test_without_cells_it_is_a_file_that_does_nothing() -> None:
    assert bake_file(MATRICES[0], (), NAMES) == {"group": {"default": {"targets": []}, "index": {"targets": []}}}


def test_a_directory_that_looks_like_a_variable_is_not_filled_in() -> None:
    matrix = replace(MATRICES[0], path=Path("/${HOME}/%{if}/versions.json"))
    targets = bake_file(matrix, matrix.cells[:1], None)["target"]
    assert {target["context"] for target in targets.values()} == {"/$${HOME}/%%{if}/3.7/stretch"}
