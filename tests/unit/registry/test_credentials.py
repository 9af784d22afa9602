"""Who we are: read where the docker command has it, given only to whom asks, never shown."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import httpx
import pytest

from orchestrator.errors import UnreachableError, UsageError
from orchestrator.registry.credentials import Challenge, Login, login_for
from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Retries
from tests.unit.registry.wire import ADDRESS, FakeWire

PASSWORD = "pass"  # noqa: S105 - of nobody
IDENTITY = "it"


def registries(wire: FakeWire, config: Path) -> Registries:
    return Registries(
        environment={"DOCKER_CONFIG": str(config)}, retries=Retries(sleep=lambda _seconds: None), http=wire.client
    )


def test_the_token_of_a_login_is_got_once_per_repository_and_use(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {ADDRESS: {"auth": "dXNlcjpwYXNz"}}}))
    wire = FakeWire(asks_for="s3cret")
    with registries(wire, tmp_path) as found:
        for tag in "abc":
            assert found.head(f"{ADDRESS}/amd64/python:{tag}") is None
        found.at(ADDRESS).conversation.ask("POST", "amd64/python", "blobs/uploads/")
        found.at(ADDRESS).conversation.ask("POST", "amd64/python", "blobs/uploads/")
    assert sum(path == "/token" for _, path in wire.requests) == 2


def test_without_a_login_a_basic_challenge_is_a_refusal(tmp_path: Path) -> None:
    wire = FakeWire()
    wire.refused["HEAD", "/v2/amd64/python/manifests/3"] = httpx.Response(
        401, headers={"WWW-Authenticate": 'Basic realm="r"'}
    )
    with registries(wire, tmp_path) as found, pytest.raises(UnreachableError, match="401 Unauthorized"):
        found.head(f"{ADDRESS}/amd64/python:3")


@pytest.mark.filterwarnings("ignore:docker-credential-no-such-helper not installed")
def test_logins_are_read_where_the_command_line_has_them(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    config.write_text(json.dumps({"auths": {"r:5000": {"auth": "dXNlcjpwYXNz"}, "t": {"identitytoken": "it"}}}))
    assert login_for("r:5000", environment) == Login(username="user", password=PASSWORD)
    assert login_for("t", environment) == Login(password=IDENTITY)
    assert login_for("other", environment) is None
    assert "pass" not in repr(login_for("r:5000", environment))
    config.write_text(json.dumps({"credHelpers": {"r": "no-such-helper"}}))
    with pytest.raises(UsageError, match="the login for r cannot be read"):
        login_for("r", environment)


@pytest.mark.parametrize("auth", ["c2VjcmV0", "s3cr3t-not-base64!", "/////w==", "c2VjcmV0OnNlY3JldA", 7123])
def test_a_login_that_is_damaged_is_told_without_what_is_in_it(tmp_path: Path, auth: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r": {"auth": auth}}}))
    with pytest.raises(UsageError, match=r"the login for r cannot be read: docker's config\.json holds") as caught:
        login_for("r", {"DOCKER_CONFIG": str(tmp_path)})
    said = "".join(traceback.format_exception(caught.value))
    assert str(auth) not in str(caught.value)
    assert "secret" not in said


def test_an_identity_is_given_as_a_form_and_a_password_as_basic() -> None:
    challenge = Challenge.parse('Bearer realm="http://r/token",service="s",scope="repository:a:pull"')
    form = challenge.token_request(Login(password=IDENTITY))
    assert form.method == "POST"
    assert b"refresh_token=it" in form.content
    plain = challenge.token_request(Login(username="user", password=PASSWORD), also="repository:b:pull")
    assert plain.headers["Authorization"] == "Basic dXNlcjpwYXNz"
    assert plain.url.params.get_list("scope") == ["repository:a:pull", "repository:b:pull"]
    assert "Authorization" not in challenge.token_request(None).headers
