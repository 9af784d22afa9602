from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.schema import FILES, text
from tests.unit.conftest import ROOT
from tests.unit.matrix.test_mutations import mutated

MATRIX_SCHEMA = next(path for path in FILES if path.name == "versions.schema.json")
VALIDATOR = Draft202012Validator(json.loads(MATRIX_SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_committed_schemas_are_fresh_and_valid(path: Path) -> None:
    committed = path.read_text(encoding="utf-8")
    assert committed == text(*FILES[path]), "run 'make schema'"
    Draft202012Validator.check_schema(json.loads(committed))


@pytest.mark.parametrize("file", ["versions.json", "examples/debian/versions.json"])
def test_the_real_files_satisfy_the_schema(file: str) -> None:
    assert not list(VALIDATOR.iter_errors(json.loads((ROOT / file).read_text(encoding="utf-8"))))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_what_the_schema_refuses_the_loader_refuses(document: dict[str, Any]) -> None:
    if any(VALIDATOR.iter_errors(document)):
        with pytest.raises(InvalidFileError):
            parse_matrix(json.dumps(document), ROOT / "versions.json")
