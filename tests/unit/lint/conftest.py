from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.ground import Project, project


@pytest.fixture
def ground(tmp_path: Path) -> Project:
    return project(tmp_path / "project")
