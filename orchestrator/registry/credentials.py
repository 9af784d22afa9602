"""Who we are at a registry: the logins of `docker login`, credential helpers included, read by the Docker SDK; tokens got with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from docker import auth
from docker.errors import DockerException

from orchestrator.errors import UsageError

_HELPER = re.compile(r"(docker-credential-[A-Za-z0-9._-]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user's name and password, or (with an empty name) the token of an identity. Never shown."""

    username: str = ""
    password: str = field(default="", repr=False)


def login_for(registry: str, environment: Mapping[str, str]) -> Login | None:
    """Find the login for a registry (`HOST[:PORT]`) where the docker CLI has it; None for nobody. Raises `UsageError` when a helper fails."""
    config = Path(environment.get("DOCKER_CONFIG", "")) / "config.json"
    try:
        known = auth.load_config(
            str(config) if environment.get("DOCKER_CONFIG") and config.exists() else None,
            credstore_env=dict(environment),
        )
        found = known.resolve_authconfig(registry) or {}
    except (DockerException, ValueError, TypeError, AttributeError, OSError) as error:
        # Not the error's own words: they may quote the entry, or what a helper said. Nor it itself, which a traceback would show.
        raise UsageError(
            f"the login for {registry} cannot be read: {_reason(error)}", mend=f"run 'docker login {registry}' again"
        ) from None
    # Files have them in small letters, helpers with a capital: https://docs.docker.com/reference/cli/docker/login/
    said = {str(name).lower(): str(value) for name, value in found.items() if value}
    if token := said.get("identitytoken"):
        return Login(password=token)
    if "username" in said:
        return Login(username=said["username"], password=said.get("password", ""))
    return None


def _reason(error: Exception) -> str:
    if (found := _HELPER.search(str(error))) is not None:
        return f"{found[1]} {'is not installed' if 'not installed' in str(error) else 'failed'}"
    return "docker's config.json holds an entry that is damaged"


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
