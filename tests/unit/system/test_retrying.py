"""What is worth another try, in the words of docker, dockerd and buildx."""

from __future__ import annotations

import pytest

from orchestrator.system.retrying import Patience, Retries, TransientError, transient


@pytest.mark.parametrize(
    "said",
    [
        "unexpected status from HEAD request to http://r/v2/lab/blobs/sha256:404: 503 Service Unavailable",
        "received unexpected HTTP status: 502 Bad Gateway",
        "unexpected status from POST request to http://r/v2/lab/blobs/uploads/: 429 Too Many Requests",
        "toomanyrequests: slow down",
        'failed to do request: Head "https://r/v2/lab/manifests/t": EOF',
        "write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe",
        "read: connection reset by peer",
        "net/http: TLS handshake timeout",
    ],
)
def test_what_passes_is_transient(said: str) -> None:
    error = transient(said)
    assert error is not None
    assert error.connected
    assert error.reason == said


@pytest.mark.parametrize(
    "said",
    [
        "dial tcp 127.0.0.1:9: connect: connection refused",
        "dial tcp: lookup r: no such host",
        "dial tcp 192.0.2.1:443: i/o timeout",
        "connect: network is unreachable",
    ],
)
def test_where_nobody_answers_there_is_no_connection(said: str) -> None:
    error = transient(said)
    assert error is not None
    assert not error.connected


@pytest.mark.parametrize(
    "said",
    [
        "unexpected status from PUT request to http://r/v2/x: 400 Bad Request",
        "unexpected status: 401 Unauthorized",
        "unexpected status: 403 Forbidden",
        "r/lab:t: not found",
        "501 Not Implemented",
        "denied: requested access to the resource is denied",
        "no basic auth credentials",
        "digest mismatch: expected sha256:1, got sha256:2 (unexpected EOF)",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "something that nobody has seen before",
    ],
)
def test_what_stays_is_not(said: str) -> None:
    assert transient(said) is None


def test_pauses_grow_to_their_limit_and_the_wish_of_the_other_side_comes_first() -> None:
    slept: list[float] = []
    retries = Retries(sleep=slept.append, patience=Patience(attempts=40, pause=0.5, longest=2))

    def work() -> None:
        raise TransientError("busy", after=7.0 if len(slept) == 20 else None)

    with pytest.raises(TransientError, match="busy"):
        retries.repeat("x", work)
    assert len(slept) == retries.count == 39
    assert slept[0] <= 0.5
    assert 7 <= slept[20] <= 9
    assert all(seconds <= 2 for at, seconds in enumerate(slept) if at != 20)
    assert max(slept[5:20]) > 0.5


def test_time_ends_patience_but_not_before_some_tries() -> None:
    tries: list[int] = []
    retries = Retries(sleep=lambda _seconds: None, patience=Patience(seconds=0))

    def work() -> None:
        tries.append(1)
        raise TransientError("busy")

    with pytest.raises(TransientError):
        retries.repeat("x", work)
    assert len(tries) == 3


def test_other_errors_pass_through_at_once() -> None:
    retries = Retries(sleep=lambda _seconds: None)

    def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        retries.repeat("x", work)
    assert retries.count == 0
