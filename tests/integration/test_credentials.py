"""A registry that wants a login: publishing has it from docker's own places, and whatever goes wrong, no byte of the password comes out anywhere."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from orchestrator.engine.model import Engine
from tests.integration.command_line import Called
from tests.integration.generations import forget, write_matrix
from tests.integration.own_registry import own_registry
from tests.integration.small_command import Small

#: Images are called like this: tests beside these do not remove them.
NAME = "login"
USER = "publisher"
#: Each of these characters is written in another way by some of JSON, HTML, addresses and shells.
PASSWORD = 'Tr0ub+4dor&%"<3/'  # noqa: S105 - of a registry that lives as long as the tests here
WRONG = "Wr0ng+4dor&%'<7/"
#: The line that htpasswd writes for them (bcrypt, a cost of 5).
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuvy5zcIU3m87PeAp0295GNrupF8dheVi"


def forms(secret: str) -> frozenset[bytes]:
    """All forms in which a password may come out: as it is, escaped, and in base64 wherever it begins, alone or after the user's name."""
    found = {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
    found |= {urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
    for text in (secret, f"{USER}:{secret}"):
        for before in range(3):
            encoded = base64.b64encode(bytes(before) + text.encode()).decode().rstrip("=")
            # What also depends on the bytes before and after it is left out.
            inner = encoded[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6]
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return frozenset(one.encode() for one in found)


SECRETS = forms(PASSWORD) | forms(WRONG)


def leaks(data: bytes) -> list[bytes]:
    """Which forms of the passwords are in there."""
    return sorted(one for one in SECRETS if one in data)


def below(directory: Path) -> dict[str, list[bytes]]:
    """Which files below a directory hold some of them."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file() and not path.is_symlink()]
    assert files, f"nothing to look at in {directory}"
    return {str(path): found for path in files if (found := leaks(path.read_bytes()))}


@dataclass(kw_only=True)
class Safe:
    """The command in a place of its own, and a registry that wants a login; all that was said is kept."""

    small: Small
    address: str
    calls: list[Called] = field(default_factory=list)

    @property
    def docker_config(self) -> Path:
        return self.small.directory / "docker"

    @property
    def programs(self) -> Path:
        return self.small.directory / "programs"

    def logins(self, **document: object) -> None:
        """Write docker's config."""
        (self.docker_config / "config.json").write_text(json.dumps(document), encoding="utf-8")

    def helper(self, script: str) -> None:
        """Write a credential helper, called `own`."""
        path = self.programs / "docker-credential-own"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def __call__(self, *words: str) -> Called:
        """Call it, and look at once at what it says."""
        called = self.small(*words)
        self.calls.append(called)
        assert leaks(called.out.encode()) == []
        assert leaks(called.err.encode()) == []
        return called

    def publish(self, where: str, *words: str) -> Called:
        return self("publish", "--registry", f"{self.address}/{where}", *words)

    def tags(self, where: str) -> list[str]:
        answer = httpx.get(
            f"http://{self.address}/v2/{where}/library/{NAME}/tags/list", auth=(USER, PASSWORD), trust_env=False
        )
        return sorted(answer.json().get("tags") or ())


@pytest.fixture(scope="module")
def safe(engine: Engine, client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Safe]:
    directory = tmp_path_factory.mktemp("safe")
    for name in ("docker", "programs", "tmp"):
        (directory / name).mkdir()
    # By another name the engine is one that somebody else runs: the docker config of the embedded one is everybody's.
    (directory / "engine").symlink_to(engine.host.removeprefix("unix://"))
    (directory / "docker" / "cli-plugins").symlink_to(Path(engine.environment["DOCKER_CONFIG"]) / "cli-plugins")
    small = Small.at(directory)
    small = small.within(
        {
            "DOCKER_CONFIG": str(directory / "docker"),
            "DOCKER_HOST": f"unix://{directory / 'engine'}",
            "PATH": f"{directory / 'programs'}:{engine.environment['PATH']}",
            "TMPDIR": str(directory / "tmp"),
        }
    )
    try:
        write_matrix(small, name=NAME, lines=("3.9",), enabled_architectures=["amd64"])
        small.config()
        built = small("build")
        assert built.code == 0, built.err
        with own_registry(tmp_path_factory.mktemp("registry"), htpasswd=HTPASSWD) as registry:
            yield Safe(small=small, address=registry.address)
    finally:
        forget(client, NAME)


def basic(password: str) -> dict[str, str]:
    """An entry of `docker login`."""
    return {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()}


ANSWER = json.dumps({"ServerURL": "x", "Username": USER, "Secret": PASSWORD})


def test_the_search_finds_every_form_in_which_it_is_written_down(safe: Safe) -> None:
    safe.logins(auths={safe.address: basic(PASSWORD)})
    assert list(below(safe.docker_config)) == [str(safe.docker_config / "config.json")]
    for shown in (
        PASSWORD,
        json.dumps({"p": PASSWORD}),
        f"<b>{html.escape(PASSWORD)}</b>",
        f"?p={urllib.parse.quote(PASSWORD)}",
    ):
        assert leaks(shown.encode()), shown
    for text in (f"{USER}:{PASSWORD}", f'{{"x": "{PASSWORD}"}}', f"ab{PASSWORD}c", f"a{USER}:{PASSWORD}"):
        assert leaks(base64.b64encode(text.encode())), text
    assert leaks(b"nothing of it") == []


@pytest.mark.parametrize("kind", ["auths", "credHelpers", "credsStore"])
def test_publishing_logs_in_as_docker_would(safe: Safe, kind: str) -> None:
    safe.helper(f"[ \"$1\" = get ] || exit 1\nread -r server\ncat <<'END'\n{ANSWER}\nEND")
    documents: dict[str, dict[str, Any]] = {
        "auths": {"auths": {safe.address: basic(PASSWORD)}},
        "credHelpers": {"credHelpers": {safe.address: "own"}},
        "credsStore": {"credsStore": "own", "auths": {safe.address: {}}},
    }
    safe.logins(**documents[kind])
    where = kind.lower()
    called = safe.publish(where, "--json", "--debug")
    assert called.code == 0, called.err
    assert len(called.document["published"]) == 16
    assert len([tag for tag in safe.tags(where) if not tag.startswith("sha256-")]) == 8
    assert safe.publish(where).code == 0


TROUBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "nobody": ({}, "", "401 Unauthorized"),
    "wrong password": ({"auths": basic(WRONG)}, "", "401 Unauthorized"),
    "wrong helper": (
        {"credHelpers": "own"}, f"cat <<'END'\n{ANSWER.replace(json.dumps(PASSWORD), json.dumps(WRONG))}\nEND", "401 Unauthorized",
    ),
    "no base64": ({"auths": {"auth": PASSWORD}}, "", "holds an entry that is damaged"),
    "base64 of something else": ({"auths": {"auth": base64.b64encode(PASSWORD.encode()).decode()}}, "", "holds an entry that is damaged"),
    "not even a text": ({"auths": {"auth": [PASSWORD]}}, "", "holds an entry that is damaged"),
    "a helper that fails": (
        {"credHelpers": "own"}, f"cat <<'END'\n{ANSWER}\nEND\ncat >&2 <<'END'\n{ANSWER}\nEND\nexit 1", "docker-credential-own failed",
    ),
    "a helper that babbles": ({"credHelpers": "own"}, f"cat <<'END'\nsecret: {PASSWORD}\nEND", "docker-credential-own answers with something else than a login"),
    "a helper that is not there": ({"credHelpers": "nowhere"}, "", "docker-credential-nowhere is not installed"),
}  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--debug", "--json")], ids=["plain", "debug"])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_with_a_login_is_told_without_it(safe: Safe, trouble: str, more: tuple[str, ...]) -> None:
    document, script, said = TROUBLE[trouble]
    safe.helper(script or "exit 1")
    safe.logins(**{kind: {safe.address: entry} for kind, entry in document.items()})
    called = safe.publish("trouble", *more)
    assert called.code in {2, 5}
    assert said in called.err, called.err
    assert "docker login" in called.err
    assert ("Traceback" in called.err) == ("--debug" in more)
    assert safe.tags("trouble") == []


def test_no_file_report_or_message_holds_it_afterwards(safe: Safe) -> None:
    """The last one of this file: everything before it has left its traces by now."""
    safe.logins(auths={safe.address: basic(PASSWORD)})
    assert safe.publish("last").code == 0
    ran = safe("report", "--list", "--json").document
    publishing = [str(one["run"]) for one in ran if one["command"] == "publish"]
    assert publishing
    reports = safe.small.directory / "reports"
    for number in {publishing[0], publishing[len(publishing) // 2], publishing[-1]}:
        assert safe("report", number, "--format", "all", "--output", str(reports / number)).code == 0
    for words in (("status", "--json"), ("reconcile", "--registry", f"{safe.address}/last"), ("doctor", "--json")):
        safe(*words)
    ledger = safe.small.directory / "state"
    assert list(ledger.rglob("ledger.sqlite"))
    assert below(ledger) == {}
    assert below(reports) == {}
    assert [
        name
        for path in (safe.small.directory / "tmp").rglob("*")
        if (name := str(path)) and path.is_file() and leaks(path.read_bytes())
    ] == []
    assert [path for path in safe.small.directory.iterdir() if path.is_file() and leaks(path.read_bytes())] == []
