"""One request to a registry and its answer: who we are is said when asked for, and only to the registry; what goes wrong is told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

import httpx

from orchestrator.registry.answers import RefusedError, json_object, problem, strange
from orchestrator.registry.credentials import Challenge, Login, basic
from orchestrator.registry.exchange import Body, Exchange, Sockets
from orchestrator.registry.gate import Gate
from orchestrator.registry.site import Site
from orchestrator.registry.tokens import LIFETIME, KnownLogin, Token, Tokens
from orchestrator.system.retrying import TransientError

#: Redirections of one request that are followed.
_HOPS = 5
#: Redirections that say "the same there" (RFC 9110, 15.4), and those that reading follows besides.
_SAME, _SEE = frozenset({307, 308}), frozenset({301, 302, 303})
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """Requests to `registry` (`HOST[:PORT]`), each sent once.

    `login` is asked when the registry asks who we are; `tokens` are what it gave for that, by repository and scope, and may be kept for a whole
    run. `plain` registries are spoken to without TLS. `gate` is shut when the registry asks for a pause; `check` is called before and within
    every request, and ends it with what it raises. Threads may share it.
    """

    registry: str
    client: httpx.Client
    login: KnownLogin = field(default_factory=lambda: KnownLogin(find=lambda: None))
    tokens: Tokens = field(default_factory=Tokens, repr=False)
    plain: bool = False
    gate: Gate = field(default_factory=Gate)
    check: Callable[[], None] = lambda: None
    _sockets: Sockets = field(default_factory=Sockets, init=False, repr=False)

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
        # Pushing is another scope than pulling: a token for one repository may be good for reading only.
        scope = f"{repository} {also} {'pull' if method in _READING else 'push'}"
        request = _Request(method=method, url=self._url(repository, path), headers=headers or {}, body=body)
        answer = self._authorized(request, scope, also)
        if answer.is_success or (missing_is_fine and answer.status_code == httpx.codes.NOT_FOUND):
            return answer
        raise self._problem(answer)

    def fetch(self, repository: str, path: str, into: IO[bytes]) -> None:
        """Read what may be large into a file, piece by piece, from the file's beginning. Raises like `ask`."""
        # No content coding: the bytes are wanted as they are kept.
        headers = {"Accept-Encoding": "identity"}
        request = _Request(method="GET", url=self._url(repository, path), headers=headers, into=into)
        answer = self._authorized(request, f"{repository}  pull", "")
        if not answer.is_success:
            raise self._problem(answer)

    def introduce(self, repository: str) -> None:
        """Say who we are ahead of pushing to a repository, so that no request of that has to be sent twice.

        The registry is asked for nothing, and writes nothing: where it wants to know who asks even that, the leave to push is got from it. Where
        it does not, nothing is done. Raises `RefusedError` when that leave is not given, `TransientError` as in `ask`.

        Source: https://distribution.github.io/distribution/spec/auth/token/
        """
        scope = f"{repository}  push"
        if self.tokens.fresh(scope):
            return
        self.gate.wait()
        answer = self._send(_Request(method="GET", url=httpx.URL(self._site.base)))
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._site.has(answer.url):
            asked = f"repository:{repository}:pull,push"
            self.tokens.renewed(scope, self.tokens.value(scope), lambda: self._authorize(answer, asked))
            self.tokens.share(scope, f"{repository}  pull")
        elif isinstance(trouble := problem(answer), TransientError):
            raise self._problem(answer) from trouble

    def cut(self) -> None:
        """End all requests that are under way: they raise `TransientError`."""
        self._sockets.cut()

    @property
    def _site(self) -> Site:
        return Site.of_registry(self.registry, plain=self.plain)

    def _url(self, repository: str, path: str) -> httpx.URL:
        try:
            return httpx.URL(path if "://" in path else f"{self._site.base}{repository}/{path}")
        except httpx.InvalidURL as error:
            raise RefusedError(f"{self.registry}: no address: {error}") from error

    def _problem(self, answer: httpx.Response) -> Exception:
        found = problem(answer)
        if isinstance(found, TransientError):
            self.gate.shut(found.after)
        return found

    def _authorized(self, request: _Request, scope: str, also: str) -> httpx.Response:
        """Send a request, and once more when the registry wants to know who asks, or does not take the token any more."""
        self.gate.wait()
        token = self.tokens.value(scope)
        answer = self._send(request, token)
        # Uploads and downloads may lead elsewhere: nobody there is told who we are, however it asks.
        if answer.status_code != httpx.codes.UNAUTHORIZED or not self._site.has(answer.url):
            return answer
        another = self.tokens.renewed(scope, token, lambda: self._authorize(answer, also, expired=bool(token)))
        answer = self._send(request, another)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.tokens.forget(scope, another)
        return answer

    def _authorize(self, answer: httpx.Response, also: str, *, expired: bool = False) -> Token:
        """Get what the registry wants to see. A login that was good before is looked up again when it is not any more: helpers give some for an hour."""
        challenge = Challenge.best(answer.headers.get_list("WWW-Authenticate"))
        login = self.login()
        if challenge.scheme == "basic":
            if expired and login is not None:
                login = self.login(instead_of=login)
            if login is None or not login.username:
                raise problem(answer)
            return Token(value=basic(login))
        if challenge.scheme != "bearer":
            raise problem(answer)
        given = self._ask_for_token(challenge, login, also)
        if expired and login is not None and given.status_code in {400, 401, 403}:
            given = self._ask_for_token(challenge, self.login(instead_of=login), also)
        if not given.is_success:
            raise problem(given)
        said = json_object(given)
        value = said.get("token") or said.get("access_token")
        if not value or not isinstance(value, str):
            raise strange(given, "it gives no token")
        seconds = said.get("expires_in")
        return Token(
            value=f"Bearer {value}", seconds=float(seconds) if isinstance(seconds, int) and seconds > 0 else LIFETIME
        )

    def _ask_for_token(self, challenge: Challenge, login: Login | None, also: str) -> httpx.Response:
        try:
            asked = challenge.token_request(login, also=also)
        except (httpx.InvalidURL, ValueError) as error:
            raise RefusedError(f"{self.registry} names no token service that can be asked: {error}") from error
        if asked.url.scheme not in {"http", "https"}:
            raise RefusedError(f"{self.registry} names no token service that can be asked")
        if login is not None and asked.url.scheme != "https" and self._site.scheme == "https":
            raise RefusedError(f"{self.registry} wants to have the login sent without TLS, to {asked.url.host}")
        content = asked.read()
        token = asked.headers.pop("Authorization", "")
        request = _Request(
            method=asked.method, url=asked.url, headers=asked.headers, body=(lambda: (content,)) if content else None
        )
        return self._send(request, token, site=Site.of(asked.url), astray=False)

    def _send(
        self, request: _Request, token: str = "", *, site: Site | None = None, astray: bool = True
    ) -> httpx.Response:
        """Send a request and follow where it is redirected; `token` is said to `site` (the registry) only, and without `astray` nothing to others."""
        site = self._site if site is None else site
        exchange = Exchange(registry=self.registry, client=self.client, check=self.check, sockets=self._sockets)
        url = site.home(request.url)
        for _ in range(_HOPS + 1):
            headers = httpx.Headers(request.headers)
            if token and site.has(url):
                headers["Authorization"] = token
            answer = exchange.send(request.method, url, headers, request.body, into=request.into)
            if not _moved(request.method, answer):
                return answer
            url = site.home(location(answer))
            if not astray and not site.has(url):
                raise strange(answer, f"it sends the request for a token elsewhere, to {url.host}")
        raise strange(answer, "it redirects without an end")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """A request before it is known where it leads and who asks."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    into: IO[bytes] | None = None


def location(answer: httpx.Response) -> httpx.URL:
    """Say where an answer sends us. Raises `RefusedError` when that is nowhere."""
    said = answer.headers.get("Location", "")
    try:
        url = answer.url.join(said)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not said or url.scheme not in {"http", "https"} or not url.host:
        raise strange(answer, f"{answer.status_code} without a Location that can be asked")
    return url


def _moved(method: str, answer: httpx.Response) -> bool:
    if answer.status_code in _SAME:
        return True
    return answer.status_code in _SEE and method in _READING and "Location" in answer.headers
