"""What is said to whom: tokens and logins, redirections, addresses of the same place, answers that are none, and an end when one is wanted."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from orchestrator.errors import InterruptedRunError, UnreachableError, UsageError, VerificationError
from orchestrator.registry import registries as registries_module
from orchestrator.registry.answers import RefusedError
from orchestrator.registry.archive import Manifest
from orchestrator.registry.conversation import Conversation
from orchestrator.registry.credentials import Challenge, Login
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.exchange import LONGEST, Sockets
from orchestrator.registry.registries import Registries
from orchestrator.registry.site import Site
from orchestrator.registry.tokens import KnownLogin, Token, Tokens
from orchestrator.system.retrying import Patience, Retries
from tests.unit.publish.fakes import registries_on
from tests.unit.registry.wire import ADDRESS, FakeWire, digest_of

OWN, JOINT = "amd64/python", "library/python"
NAME = f"{ADDRESS}/{OWN}:3"
WORD = "w0rd"
BLOB = b"layer" * 1000
Answer = Callable[[httpx.Request], httpx.Response]


def conversation_with(
    answer: Answer, registry: str = "r.example", login: Login | None = None, **more: Any
) -> Conversation:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Conversation(registry=registry, client=client, login=KnownLogin(find=lambda: login), **more)


def distribution_with(answer: Answer, registry: str = "r.example", **more: Any) -> Distribution:
    retries = Retries(sleep=lambda _seconds: None, patience=Patience(attempts=3))
    return Distribution(conversation=conversation_with(answer, registry, **more), retries=retries)


def challenge(scheme: str = "Bearer", realm: str = "https://r.example/token") -> httpx.Response:
    return httpx.Response(401, headers={"WWW-Authenticate": f'{scheme} realm="{realm}",service="r"'})


def tokens_asked(wire: FakeWire) -> int:
    return sum(path == "/token" for _, path in wire.requests)


@pytest.fixture
def logins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registries whose login was looked up."""
    asked: list[str] = []

    def find(registry: str, _environment: object) -> Login:
        asked.append(registry)
        return Login(username="user", password=WORD)

    monkeypatch.setattr(registries_module, "login_for", find)
    return asked


@pytest.mark.parametrize(
    ("registry", "url", "ours", "asked"),
    [
        ("r.example", "https://r.example:443/v2/x", True, "https://r.example/v2/x"),
        ("r.example", "https://R.example/v2/x", True, "https://r.example/v2/x"),
        ("r.example", "http://r.example/v2/x", True, "https://r.example/v2/x"),
        ("r.example:5000", "http://r.example:5000/v2/x", True, "https://r.example:5000/v2/x"),
        ("r.example", "https://r.example:8443/x", False, "https://r.example:8443/x"),
        ("r.example", "http://r.example:8080/x", False, "http://r.example:8080/x"),
        ("r.example:5000", "http://r.example/x", False, "http://r.example/x"),
        ("r.example", "https://r.example.org/x", False, "https://r.example.org/x"),
        ("localhost:5000", "https://localhost:5000/x", True, "https://localhost:5000/x"),
        ("localhost", "https://localhost/x", True, "https://localhost/x"),
        ("localhost:5000", "http://localhost:5001/x", False, "http://localhost:5001/x"),
        ("docker.io", "https://registry-1.docker.io/v2/x", True, "https://registry-1.docker.io/v2/x"),
    ],
)
def test_who_we_are_is_said_to_the_registry_alone_and_never_without_its_tls(
    registry: str, url: str, asked: str, *, ours: bool
) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202 if request.method == "PUT" else 307, headers={"Location": url})

    one = conversation_with(answer, registry)
    one.tokens.renewed("a  push", "", lambda: Token(value="Bearer t"))
    one.ask("PUT", "a", url)
    assert (str(sent[0].url), "Authorization" in sent[0].headers) == (asked, ours)
    home = Site.of_registry(registry)
    assert not (home.scheme == "https" and sent[0].url.scheme == "http" and "Authorization" in sent[0].headers)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("elsewhere", ["https://store.example", ""])
def test_an_upload_goes_where_it_is_redirected_and_only_the_registry_is_told_who_asks(
    status: int, elsewhere: str
) -> None:
    seen: list[tuple[str, str, bytes, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.host, request.read(), request.headers.get("Authorization", "")))
        if "moved" in request.url.params:
            return httpx.Response(201)
        if request.method == "POST":
            return httpx.Response(202, headers={"Location": "/v2/a/blobs/uploads/1"})
        if request.method == "HEAD":
            return httpx.Response(404)
        return httpx.Response(status, headers={"Location": f"{elsewhere}/there?moved=1"})

    one = distribution_with(answer)
    one.conversation.tokens.renewed("a  push", "", lambda: Token(value="Bearer t"))
    one.put_blob("a", digest_of(BLOB), len(BLOB), lambda: iter((BLOB[:7], BLOB[7:])))
    host = "store.example" if elsewhere else "r.example"
    assert seen[-2:] == [
        ("PUT", "r.example", BLOB, "Bearer t"),
        ("PUT", host, BLOB, "" if elsewhere else "Bearer t"),
    ]


@pytest.mark.parametrize("to", ["/v2/a/manifests/3", "ftp://r.example/", None])
def test_redirections_that_lead_nowhere_are_a_refusal(to: str | None) -> None:
    with pytest.raises(RefusedError, match=r"r\.example answers, but not as a registry does"):
        distribution_with(lambda _: httpx.Response(307, headers={} if to is None else {"Location": to})).head("a", "3")


def test_whoever_else_asks_who_we_are_is_not_told() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "r.example":
            return httpx.Response(307, headers={"Location": "https://store.example/blob"})
        return challenge(realm="https://store.example/token")

    one = distribution_with(answer, login=Login(username="user", password=WORD))
    with pytest.raises(RefusedError, match="401"):
        one.blob("a", digest_of(BLOB))
    assert asked == ["r.example", "store.example"]


def test_a_login_is_not_sent_without_tls_nor_carried_elsewhere() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url).partition("?")[0])
        if request.url.path == "/token":
            return httpx.Response(307, headers={"Location": "https://other.example/token"})
        return challenge(realm=realms[-1])

    realms: list[str] = []
    for realm, why in (
        ("http://r.example/token", "without TLS"),
        ("https://r.example/token", "elsewhere, to other.example"),
        ("/token", "no token service"),
        ("https://r.example:x", "no token service"),
    ):
        realms.append(realm)
        one = distribution_with(answer, login=Login(password=WORD))
        with pytest.raises(RefusedError, match=why):
            one.head("a", "3")
    assert set(asked) == {"https://r.example/v2/a/manifests/3", "https://r.example/token"}


def test_tokens_are_preferred_where_there_is_a_choice() -> None:
    headers = ['Basic realm="b"', 'Bearer realm="https://r.example/token",service="s"']
    assert Challenge.best(headers).parameters == {"realm": "https://r.example/token", "service": "s"}
    assert Challenge.best(['Negotiate x="y"', headers[0]]).scheme == "basic"
    assert Challenge.best([]).scheme == ""


@pytest.mark.usefixtures("logins")
def test_threads_that_need_the_same_token_ask_for_it_once() -> None:
    wire = FakeWire(asks_for="s3cret")
    gate = threading.Barrier(12, timeout=10)
    with registries_on(wire) as registries, ThreadPoolExecutor(12) as pool:

        def work(tag: int) -> None:
            gate.wait()
            registries.head(f"{ADDRESS}/{OWN}:{tag}")

        list(pool.map(work, range(12)))
    assert tokens_asked(wire) == 1


def test_a_token_that_has_expired_is_asked_for_again_with_the_same_login(logins: list[str]) -> None:
    wire = FakeWire(asks_for="first")
    with registries_on(wire) as registries:
        assert registries.head(NAME) is None
        wire.asks_for = "second"
        assert registries.head(NAME) is None
        assert registries.head(NAME) is None
    assert tokens_asked(wire) == 2
    assert logins == [ADDRESS]


def test_a_login_that_is_good_no_more_is_looked_up_again() -> None:
    words = iter("abcdef")
    good = ["a"]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            given = httpx.BasicAuth("user", good[0])
            wanted = next(given.auth_flow(httpx.Request("GET", "http://x"))).headers["Authorization"]
            status = 200 if request.headers["Authorization"] == wanted else 401
            return httpx.Response(status, json={"token": good[0]})
        if request.headers.get("Authorization") != f"Bearer {good[0]}":
            return challenge()
        return httpx.Response(404)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    found: list[str] = []

    def find() -> Login:
        found.append(next(words))
        return Login(username="user", password=found[-1])

    one = Conversation(registry="r.example", client=client, login=KnownLogin(find=find))
    one.ask("HEAD", "a", "manifests/3", missing_is_fine=True)
    one.ask("HEAD", "b", "manifests/3", missing_is_fine=True)
    assert found == ["a"]
    good[0] = "b"
    one.ask("HEAD", "a", "manifests/3", missing_is_fine=True)
    assert found == ["a", "b"]


def test_a_basic_login_that_is_wrong_is_not_looked_up_for_every_request() -> None:
    found: list[int] = []

    def find() -> Login:
        found.append(1)
        return Login(username="user", password=WORD)

    client = httpx.Client(transport=httpx.MockTransport(lambda _: challenge("Basic")))
    one = Conversation(registry="r.example", client=client, login=KnownLogin(find=find))
    for _ in range(3):
        with pytest.raises(RefusedError, match="401"):
            one.ask("HEAD", "a", "manifests/3")
    assert len(found) == 1


def test_a_helper_that_fails_is_called_once() -> None:
    called: list[int] = []

    def find() -> Login:
        called.append(1)
        raise UsageError("the login cannot be read")

    one = KnownLogin(find=find)
    for _ in range(3):
        with pytest.raises(UsageError, match="cannot be read"):
            one()
    assert len(called) == 1


@pytest.mark.usefixtures("logins")
@pytest.mark.parametrize("asks_for", ["s3cret", ""])
def test_who_we_are_is_said_ahead_of_the_first_push(asks_for: str) -> None:
    wire = FakeWire(asks_for=asks_for)
    with registries_on(wire) as registries:
        registries.introduce([NAME, f"{ADDRESS}/{OWN}:4", f"{ADDRESS}/{JOINT}:3"])
        before = tokens_asked(wire)
        assert before == (2 if asks_for else 0)
        assert {method for method, _ in wire.requests} == {"GET"}
        asked = len(wire.requests)
        distribution = registries.at(ADDRESS)
        distribution.conversation.ask("POST", OWN, "blobs/uploads/")
        distribution.conversation.ask("HEAD", JOINT, "manifests/3", missing_is_fine=True)
        assert (len(wire.requests) - asked, tokens_asked(wire)) == (2, before)
        registries.introduce([NAME])
        assert tokens_asked(wire) == before


def test_a_leave_to_push_that_is_not_given_is_known_before_anything_is_pushed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if request.url.path == "/token" else challenge(realm=f"http://{ADDRESS}/token")

    with (
        Registries(environment={}, http=lambda _: httpx.Client(transport=httpx.MockTransport(answer))) as registries,
        pytest.raises(UnreachableError, match=f"{ADDRESS}/{OWN} cannot be pushed to: 403 Forbidden"),
    ):
        registries.introduce([NAME])


def test_a_token_past_half_of_its_time_is_renewed_ahead() -> None:
    now = [0.0]
    tokens = Tokens(clock=lambda: now[0])
    assert not tokens.fresh("s")
    tokens.renewed("s", "", lambda: Token(value="Bearer t", seconds=60))
    tokens.renewed("basic", "", lambda: Token(value="Basic x"))
    assert tokens.fresh("s")
    now[0] = 31.0
    assert (tokens.fresh("s"), tokens.fresh("basic")) == (False, True)


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.head(OWN, "3"),
        lambda one: one.manifest(OWN, "3"),
        lambda one: one.tags(OWN),
    ],
)
def test_a_page_in_place_of_a_registry_is_told_as_that(ask: Callable[[Distribution], object]) -> None:
    wire = FakeWire()
    wire._answer = lambda request: httpx.Response(200, html=f"<html>{request.url}</html>")  # type: ignore[method-assign]
    with (
        registries_on(wire) as registries,
        pytest.raises(UnreachableError, match=f"no way: {ADDRESS} answers, but not as a registry does") as caught,
        registries.asking(ADDRESS, "no way") as one,
    ):
        ask(one)
    assert "is the registry's address" in caught.value.mend


@pytest.mark.parametrize("said", [b"<html>", b"[]", b"{}", b'{"token": 7}', b'{"token": ""}', b"\xff", b"[" * 100_000])
def test_a_page_in_place_of_a_token_is_told_as_that(said: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=said) if request.url.path == "/token" else challenge()

    with pytest.raises(RefusedError, match=r"r\.example answers, but not as a registry does"):
        distribution_with(answer).head(OWN, "3")


@pytest.mark.parametrize(
    "said",
    [
        b"<html>",
        b"[]",
        b'"text"',
        b'{"layers": 1}',
        b'{"config": {}}',
        b'{"config": {"digest": "sha256:1"}}',
        b'{"manifests": [{"digest": 1}]}',
        b'{"manifests": [{"digest": "sha256:1", "platform": [1]}]}',
        b"[" * 100_000,
        b'{"x": "%s"}' % (b"x" * (4 << 20)),
    ],
    ids=lambda one: one[:30].decode(),
)
def test_what_is_no_manifest_or_too_large_for_one_is_refused(said: bytes) -> None:
    with pytest.raises(RefusedError, match="is no manifest: "):
        distribution_with(lambda _: httpx.Response(200, content=said)).manifest(OWN, "3")


@pytest.mark.parametrize("said", ["7", '{"tags": 7}', '{"tags": [7]}', '{"tags": ["a"]}'])
def test_what_is_no_list_of_tags_or_never_ends_is_refused(said: str) -> None:
    with pytest.raises(RefusedError, match="not as a registry does"):
        distribution_with(
            lambda _: httpx.Response(200, content=said, headers={"Link": '<tags/list?n=1000>; rel="next"'})
        ).tags(OWN)


def test_an_answer_without_an_end_is_not_kept() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(LONGEST // len(BLOB) + 2):
            yield BLOB

    with pytest.raises(RefusedError, match="more than 16 MiB"):
        distribution_with(lambda _: httpx.Response(200, content=endless())).blob("a", digest_of(BLOB))


@pytest.mark.parametrize("status", [401, 403, 404, 405, 400])
def test_a_mount_that_is_refused_is_an_upload(status: int) -> None:
    wire = FakeWire()
    blob = wire._blob

    def refuse(request: httpx.Request, body: bytes) -> httpx.Response:
        if request.method == "POST" and "mount" in request.url.params:
            return httpx.Response(status, json={"errors": [{"code": "DIGEST_INVALID" if status == 400 else "DENIED"}]})
        return blob(request, body)

    wire._blob = refuse  # type: ignore[method-assign]
    digest = digest_of(BLOB)
    with registries_on(wire) as registries:
        one = registries.at(ADDRESS)
        one.put_blob(OWN, digest, len(BLOB), lambda: (BLOB,))
        one.put_blob(JOINT, digest, len(BLOB), lambda: (BLOB,))
        one.copy_blob(OWN, "other/python", digest, len(BLOB))
        assert registries.sent == 3
    assert set(wire.blobs) == {(OWN, digest), (JOINT, digest), ("other/python", digest)}


def test_what_is_copied_by_hand_comes_in_pieces_and_is_checked() -> None:
    wire = FakeWire(mounts=False)
    digest = digest_of(BLOB)
    wire.blobs[OWN, digest] = BLOB
    with registries_on(wire) as registries, tempfile.TemporaryFile() as file:
        one = registries.at(ADDRESS)
        one.conversation.fetch(OWN, f"blobs/{digest}", file)
        file.seek(0)
        assert file.read() == BLOB
        wire.blobs[OWN, digest] = b"?" * len(BLOB)
        with pytest.raises(VerificationError, match="gives other bytes"):
            one.copy_blob(OWN, JOINT, digest, len(BLOB))
    assert (JOINT, digest) not in wire.blobs


def test_a_stop_wakes_whoever_pauses_and_nothing_is_asked_any_more() -> None:
    wire = FakeWire()
    wire.refused["HEAD", f"/v2/{OWN}/manifests/3"] = httpx.Response(503, headers={"Retry-After": "30"})
    pausing = threading.Event()
    retries = Retries(on_retry=lambda *_: pausing.set())
    registries = registries_on(wire, retries)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(registries.head, NAME)
        assert pausing.wait(10)
        registries.stop()
        with pytest.raises(InterruptedRunError):
            future.result(timeout=10)
    asked = len(wire.requests)
    with pytest.raises(InterruptedRunError):
        registries.head(NAME)
    assert len(wire.requests) == asked == 1


def test_a_stop_ends_an_upload_between_two_pieces() -> None:
    wire, sent = FakeWire(), list[int]()
    registries = registries_on(wire)

    def body() -> Iterator[bytes]:
        for number in range(10):
            sent.append(number)
            if number == 2:
                registries.stop()
            yield b"x"

    with pytest.raises(InterruptedRunError):
        registries.at(ADDRESS).put_blob(OWN, digest_of(b"x" * 10), 10, body)
    assert sent == [0, 1, 2]


def test_registries_that_are_left_with_an_error_are_stopped_and_else_are_not() -> None:
    retries = Retries()
    with registries_on(FakeWire(), retries):
        pass
    retries.check()
    with pytest.raises(KeyboardInterrupt), registries_on(FakeWire(), retries):
        raise KeyboardInterrupt
    with pytest.raises(InterruptedRunError):
        retries.check()


def test_an_interrupt_while_many_are_asked_stops_the_others() -> None:
    registries = registries_on(FakeWire(), Retries())
    begun = threading.Event()

    def work(item: int) -> None:
        if item:
            begun.set()
            registries.retries.pause(60)
        else:
            begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registries.each(work, [0, 1])


def test_who_waits_for_an_answer_is_woken_when_the_connection_is_cut() -> None:
    class Stream:
        def get_extra_info(self, name: str) -> socket.socket:
            assert name == "socket"
            return here

    here, there = socket.socketpair()
    sockets = Sockets()
    sockets.trace("connection.connect_tcp.complete", {"return_value": Stream()})
    with here, there, ThreadPoolExecutor(1) as pool:
        future = pool.submit(here.recv, 1)
        sockets.cut()
        assert future.result(timeout=10) == b""


def test_secrets_are_in_no_representation() -> None:
    registries = Registries(environment={"COSIGN_PASSWORD": WORD})
    one = conversation_with(lambda _: httpx.Response(200), login=Login(username="user", password=WORD))
    one.login()
    one.tokens.renewed("a", "", lambda: Token(value=f"Bearer {WORD}"))
    for shown in (registries, one, one.tokens, one.login, Token(value=WORD)):
        assert WORD not in repr(shown)


def test_what_is_sent_is_counted_by_all_threads() -> None:
    wire = FakeWire()
    raw = json.dumps({"schemaVersion": 2, "mediaType": "x"}).encode()
    with registries_on(wire) as registries, ThreadPoolExecutor(8) as pool:
        one = registries.at(ADDRESS)
        list(pool.map(lambda tag: one.set_manifest(OWN, f"t{tag}", Manifest.of(raw)), range(200)))
        assert registries.sent == 200
