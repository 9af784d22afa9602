"""One request to a registry and its answer: who we are is said when asked for, and what goes wrong is told apart."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import httpx

from orchestrator.errors import VerificationError
from orchestrator.registry.credentials import Challenge, Login, basic
from orchestrator.registry.gate import Gate
from orchestrator.registry.reference import address
from orchestrator.system.http import TRANSIENT_STATUS, retry_after
from orchestrator.system.retrying import TransientError

#: Seconds. Registries of some size take their time to commit a large layer.
TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=60.0, pool=10.0)

#: Where docker keeps the authorities of single registries, in a directory each.
_CERTIFICATES = Path("/etc/docker/certs.d")

#: Gives the bytes to send, from the start each time that it is called.
Body = Callable[[], Iterable[bytes]]


class RefusedError(Exception):
    """A definite no of the registry; the message is its reason in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """Requests to `registry` (`HOST[:PORT]`), each sent once.

    `login` is called when the registry asks who we are; `tokens` are what it gave for that, by repository and scope, and may be kept for a
    whole run. `plain` registries are spoken to without TLS. `gate` is shut when the registry asks for a pause. Threads may share it.
    """

    registry: str
    client: httpx.Client
    login: Callable[[], Login | None] = lambda: None
    tokens: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    gate: Gate = field(default_factory=Gate)

    @property
    def _base(self) -> str:
        # Engines and buildx take registries on the loopback address without TLS, too.
        plain = self.plain or is_loopback(self.registry)
        return f"{'http' if plain else 'https'}://{address(self.registry)}/v2/"

    def ask(
        self,
        method: str,
        repository: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        also: str = "",
        missing_is_fine: bool = False,
    ) -> httpx.Response:
        """Send a request about a repository (`path` is below it, or a whole address), saying who we are where that is asked for.

        `also` is another scope that is needed. Raises `RefusedError` for a definite no, `TransientError` for what may work later,
        `VerificationError` when the registry got other bytes than those of the digest.
        """
        url = path if "://" in path else f"{self._base}{repository}/{path}"
        # Pushing is another scope than pulling: a token for one repository may be good for reading only.
        scope = f"{repository} {also} {'pull' if method in {'GET', 'HEAD'} else 'push'}"
        self.gate.wait()
        answer = self._send(method, url, headers, body, token=self.tokens.get(scope, ""))
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._is_ours(url):
            token = self.tokens[scope] = self._authorize(answer, also)
            answer = self._send(method, url, headers, body, token=token)
        if answer.is_success or (missing_is_fine and answer.status_code == httpx.codes.NOT_FOUND):
            return answer
        problem = _problem(answer)
        if isinstance(problem, TransientError):
            self.gate.shut(problem.after)
        raise problem

    def _is_ours(self, url: str) -> bool:
        # Uploads may be sent elsewhere (to a storage that has its own signature in the address); nobody there is told who we are.
        return url.startswith(self._base)

    def _authorize(self, answer: httpx.Response, also: str) -> str:
        challenge, login = Challenge.parse(answer.headers.get("WWW-Authenticate", "")), self.login()
        if challenge.scheme == "basic" and login is not None and login.username:
            return basic(login)
        if challenge.scheme != "bearer":
            raise _problem(answer)
        request = challenge.token_request(login, also=also)
        given = self._send(
            request.method, str(request.url), request.headers, lambda: (request.read(),), token="", own=True
        )
        if not given.is_success:
            raise _problem(given)
        said = given.json()
        return f"Bearer {said.get('token') or said.get('access_token')}"

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        token: str = "",
        own: bool = False,
    ) -> httpx.Response:
        """Send and turn trouble of the network into `TransientError`; `own` headers are taken as they are."""
        sent = httpx.Headers(headers)
        if token and not own and self._is_ours(url):
            sent["Authorization"] = token
        pieces = None if body is None else body()
        content = b"".join(pieces) if isinstance(pieces, tuple) else pieces
        try:
            return self.client.request(
                method, url, headers=sent, content=content, follow_redirects=method in {"GET", "HEAD"}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error) or "WRONG_VERSION_NUMBER" in str(error):
                raise RefusedError(f"no TLS with {self.registry}: {error}") from error
            raise TransientError(str(error) or "no connection in time", connected=False) from error
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise TransientError(f"the connection broke off ({str(error) or type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedError(str(error) or type(error).__name__) from error


def make_client(registry: str, *, lanes: int = 16) -> httpx.Client:
    """Make a client with the system's authorities, those that docker has for this registry, and the environment's proxies.

    The loopback address is never reached through a proxy. `lanes` requests may be under way at once.
    Source: https://docs.docker.com/engine/security/certificates/
    """
    loopback = is_loopback(registry)
    context: ssl.SSLContext | bool = False
    if not loopback:  # reading all authorities takes longer than many a request
        context = ssl.create_default_context()
        for authority in sorted((_CERTIFICATES / registry).glob("*.crt")):
            with contextlib.suppress(ssl.SSLError, OSError):
                context.load_verify_locations(cafile=str(authority))
    return httpx.Client(
        verify=context,
        timeout=TIMEOUT,
        trust_env=not loopback,
        headers={"User-Agent": "orchestrator"},
        limits=httpx.Limits(max_connections=lanes, max_keepalive_connections=lanes),
    )


def is_loopback(registry: str) -> bool:
    """Tell whether `HOST[:PORT]` is this machine."""
    host = httpx.URL(f"http://{registry}/").host
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _problem(answer: httpx.Response) -> Exception:
    """Say what an unwelcome answer means: the registry's code and message where there are some."""
    said = ""
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
        first = answer.json()["errors"][0]
        said = f" ({first['code']}: {first.get('message', '')})"
    reason = f"{answer.status_code} {answer.reason_phrase}{said}"
    if "DIGEST_INVALID" in said:
        return VerificationError(
            f"{answer.url.host} got other bytes than were sent: {reason}", mend="check the network"
        )
    if answer.status_code in TRANSIENT_STATUS:
        return TransientError(reason, after=retry_after(answer))
    return RefusedError(reason)
