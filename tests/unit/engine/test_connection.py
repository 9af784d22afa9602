"""Connecting to an engine as far as that needs no engine: the SDK reads docker's config on the way."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from orchestrator.engine.connection import connect
from orchestrator.errors import UsageError
from tests.unit.engine.test_binfmt import ENGINE


@pytest.mark.parametrize("auth", ["c2VjcmV0", "s3cr3t-not-base64!", ["c2VjcmV0"]])
def test_a_login_that_is_damaged_is_told_with_the_file_and_without_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auth: object
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r": {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match="holds an entry that is damaged") as caught:
        connect(ENGINE)
    said = "".join(traceback.format_exception(caught.value))
    assert str(tmp_path / "config.json") in said
    assert "secret" not in said
    assert str(auth) not in said
