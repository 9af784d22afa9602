"""Who we are: read where the docker command has it, given only to whom asks, never shown."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from orchestrator.errors import UnreachableError, UsageError
from orchestrator.registry.credentials import Challenge, Login, login_for
from orchestrator.registry.registries import Registries
from orchestrator.system.process import Command, Completed
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


@dataclass(kw_only=True)
class FakeHelper:
    """A credential helper in PATH that says something; `asked` are the commands that it was given."""

    directory: Path
    status: int = 0
    out: str = ""
    err: str = ""
    late: bool = False
    asked: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "docker-credential-own").write_text("")
        (self.directory / "docker-credential-own").chmod(0o755)
        (self.directory / "config.json").write_text(json.dumps({"credHelpers": {"r": "own"}, "auths": {"r": {}}}))

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_CONFIG": str(self.directory), "PATH": str(self.directory)}

    def __call__(self, command: Command, /) -> Completed:
        self.asked.append(command)
        out, err = self.out.encode(), self.err.encode()
        return Completed(command=command, status=self.status, stdout=out, stderr=err, seconds=1.0, timed_out=self.late)


def test_a_helper_is_asked_and_what_it_says_beside_that_is_not_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = json.dumps({"ServerURL": "r", "Username": "user", "Secret": PASSWORD})
    helper = FakeHelper(directory=tmp_path, out=said, err=said)
    assert login_for("r", helper.environment, runner=helper) == Login(username="user", password=PASSWORD)
    (asked,) = helper.asked
    assert (asked.argv, asked.stdin) == ((str(tmp_path / "docker-credential-own"), "get"), b"r")
    helper.out = json.dumps({"Username": "<token>", "Secret": IDENTITY})
    assert login_for("r", helper.environment, runner=helper) == Login(password=IDENTITY)
    assert capfd.readouterr() == ("", "")


def test_a_helper_that_has_nothing_leaves_it_to_the_file(tmp_path: Path) -> None:
    helper = FakeHelper(directory=tmp_path, status=1, out="credentials not found in native keychain\n")
    assert login_for("r", helper.environment, runner=helper) is None
    both = {"credHelpers": {"r": "own"}, "auths": {"r": {"auth": "dXNlcjpwYXNz"}}}
    (tmp_path / "config.json").write_text(json.dumps(both))
    assert login_for("r", helper.environment, runner=helper) == Login(username="user", password=PASSWORD)


@pytest.mark.parametrize(
    ("status", "out", "late", "why"),
    [
        (1, "s3cr3t", False, "docker-credential-own failed"),
        (-9, "s3cr3t", True, "docker-credential-own did not answer"),
        (0, "s3cr3t", False, "something else than a login"),
        (0, '["s3cr3t"]', False, "something else than a login"),
        (0, '{"Username": "s3cr3t"}', False, "something else than a login"),
    ],
)
def test_a_helper_that_fails_is_told_without_what_it_said(
    tmp_path: Path, status: int, out: str, *, late: bool, why: str
) -> None:
    helper = FakeHelper(directory=tmp_path, status=status, out=out, err=out, late=late)
    with pytest.raises(UsageError, match=why) as caught:
        login_for("r", helper.environment, runner=helper)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    assert "docker login r" in caught.value.mend


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
