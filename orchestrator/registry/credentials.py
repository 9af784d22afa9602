"""Who we are at a registry: the logins of `docker login`, read by the Docker SDK, or asked of credential helpers; tokens got with them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from docker import auth
from docker.errors import DockerException

from orchestrator.errors import UsageError
from orchestrator.system.process import Command, Runner, run

#: What a helper is called, after `docker-credential-`.
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
#: Seconds that a helper may take: some ask a person, or a service far away.
_PATIENCE = 60.0
#: The user's name with which helpers give a token, and the words with which they have nothing.
#: https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
_TOKEN, _NOTHING = "<token>", "credentials not found in native keychain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user's name and password, or (with an empty name) the token of an identity. Never shown."""

    username: str = ""
    password: str = field(default="", repr=False)


def login_for(registry: str, environment: Mapping[str, str], *, runner: Runner = run) -> Login | None:
    """Find the login for a registry (`HOST[:PORT]`) where the docker CLI has it; None for nobody. Raises `UsageError` when a helper fails.

    Nothing that the file holds or a helper says gets into an error, nor to the terminal.
    """
    config = Path(environment.get("DOCKER_CONFIG", "")) / "config.json"
    try:
        known = auth.load_config(str(config) if environment.get("DOCKER_CONFIG") and config.exists() else None)
        helper = known.get_credential_store(registry)
        found = _from_helper(str(helper), registry, environment, runner) if helper else None
        if found is None:
            found = auth.AuthConfig({"auths": known.auths}).resolve_authconfig(registry) or {}
    except (DockerException, ValueError, TypeError, AttributeError, LookupError, OSError):
        # Not the error's own words: they may quote the entry. Nor it itself, which a traceback would show.
        raise _unread(registry, "docker's config.json holds an entry that is damaged") from None
    # The SDK has one of them with a capital.
    said = {str(name).lower(): str(value) for name, value in found.items() if value}
    if token := said.get("identitytoken"):
        return Login(password=token)
    if "username" in said:
        return Login(username=said["username"], password=said.get("password", ""))
    return None


def _from_helper(
    helper: str, registry: str, environment: Mapping[str, str], runner: Runner
) -> Mapping[str, str] | None:
    """Ask a credential helper; None when it has nothing. The SDK would let through to the terminal what the helper says to it."""
    program = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper) or shutil.which(program, path=environment.get("PATH")) is None:
        raise _unread(registry, f"{program[:80]} is not installed")
    server = auth.INDEX_URL if registry == auth.INDEX_NAME else registry
    argv = (str(shutil.which(program, path=environment.get("PATH"))), "get")
    ended = runner(Command(argv=argv, environment=dict(environment) or None, stdin=server.encode(), timeout=_PATIENCE))
    if not ended.ok:
        if _NOTHING in (ended.stdout + ended.stderr).decode("utf-8", "replace"):
            return None
        raise _unread(registry, f"{program} {'did not answer' if ended.timed_out else 'failed'}")
    try:
        said = json.loads(ended.stdout)
        name, secret = str(said["Username"]), str(said["Secret"])
    except (ValueError, LookupError, TypeError):
        raise _unread(registry, f"{program} answers with something else than a login") from None
    return {"identitytoken": secret} if name == _TOKEN else {"username": name, "password": secret}


def _unread(registry: str, why: str) -> UsageError:
    return UsageError(f"the login for {registry} cannot be read: {why}", mend=f"run 'docker login {registry}' again")


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """What a registry wants to know, from `WWW-Authenticate`.

    Source: https://distribution.github.io/distribution/spec/auth/token/
    """

    scheme: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> Challenge:
        """Read the header; an empty one gives an empty scheme."""
        scheme, _, rest = header.strip().partition(" ")
        return cls(scheme=scheme.lower(), parameters=dict(re.findall(r'(\w+)="([^"]*)"', rest)))

    @classmethod
    def best(cls, headers: Iterable[str]) -> Challenge:
        """Choose among several: tokens, else a password, else the first."""
        found = [cls.parse(header) for header in headers]
        ranks = ("bearer", "basic")
        found.sort(key=lambda one: ranks.index(one.scheme) if one.scheme in ranks else len(ranks))
        return found[0] if found else cls.parse("")

    def token_request(self, login: Login | None, *, also: str = "") -> httpx.Request:
        """Ask the registry's token service for what the challenge names, and for the scope `also`."""
        scopes = [scope for scope in (self.parameters.get("scope", ""), also) if scope]
        service, realm = self.parameters.get("service", ""), self.parameters.get("realm", "")
        if login is not None and not login.username:
            form = {"grant_type": "refresh_token", "service": service, "client_id": "orchestrator"}
            return httpx.Request(
                "POST", realm, data={**form, "scope": " ".join(scopes), "refresh_token": login.password}
            )
        query = httpx.QueryParams([("service", service), *(("scope", scope) for scope in scopes)])
        headers = {} if login is None else {"Authorization": basic(login)}
        return httpx.Request("GET", realm, params=query, headers=headers)


def basic(login: Login) -> str:
    """Give the `Authorization` of a name and a password."""
    request = next(httpx.BasicAuth(login.username, login.password).auth_flow(httpx.Request("GET", "http://localhost")))
    return str(request.headers["Authorization"])
