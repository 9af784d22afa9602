"""One file over HTTP(S): streamed, resumed where it broke off, retried only when trying again can help."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, retry_never, wait_random_exponential

from orchestrator.errors import InterruptedRunError
from orchestrator.system.http import TRANSIENT_STATUS, retry_after

#: Seconds. A machine without a network has to learn so within seconds; a slow mirror may pause between bytes.
TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=10.0)
#: How often one address is tried when the other side answers but stumbles, and when it cannot be reached at all.
ATTEMPTS = 6
ATTEMPTS_WITHOUT_CONNECTION = 2
#: Seconds after which no further attempt is begun, and the longest pause that a server may ask for.
PATIENCE = 180.0
#: Bytes that a file may have: far more than any tarball, far less than what a server without an end would fill a disk with.
LONGEST = 1 << 30

Sleep = Callable[[float], None]
Advance = Callable[[int, int | None], None]


class TransferError(Exception):
    """Why an address did not deliver. `missing` means that it answered and does not have the file."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing

    @property
    def refused(self) -> bool:
        """Whether the other side answered, and will answer the same the next time."""
        return self.missing or bool(re.match(r"40[0135] ", self.reason))


class _TransientError(TransferError):
    """Worth another try, `after` seconds from now where the server said so."""

    def __init__(self, reason: str, *, after: float | None = None, connected: bool = True) -> None:
        super().__init__(reason)
        self.after = after
        self.connected = connected


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A small document, and the address that it came from in the end (redirects are followed)."""

    address: str
    body: bytes


def make_client(timeout: httpx.Timeout = TIMEOUT) -> httpx.Client:
    """Make a client that honours the proxies of the environment and the system's authorities (SSL_CERT_FILE, SSL_CERT_DIR)."""
    return httpx.Client(
        verify=ssl.create_default_context(),
        timeout=timeout,
        follow_redirects=True,
        # No content coding: a tarball's bytes have to come as they are.
        headers={"Accept-Encoding": "identity", "User-Agent": "orchestrator"},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """Fetches addresses with `client`. `sleep` waits between attempts; `stop` is asked often and ends the work when true.

    One that is not `patient` tries everything once.
    """

    client: httpx.Client
    sleep: Sleep = time.sleep
    stop: Callable[[], bool] = lambda: False
    patient: bool = True

    def to_file(self, address: str, part: Path, advance: Advance, *, limit: int = LONGEST) -> bool:
        """Fetch `address`, at most `limit` bytes, into `part`, going on where an earlier attempt broke off.

        Returns whether the file was put together from several answers: if its checksum is wrong, that says nothing about the server.
        Raises `TransferError` when the address does not deliver, `InterruptedRunError` on `stop`.
        """
        state = _Part(path=part, address=address)
        for attempt in self._attempts():
            with attempt:
                self._receive(state, advance, limit)
        return state.resumed

    def small(self, address: str, *, limit: int = 4 << 20) -> bytes:
        """Fetch the bytes of a small document of at most `limit` bytes. Raises like `to_file`."""
        return self.document(address, limit=limit).body

    def document(self, address: str, *, limit: int = 4 << 20) -> Document:
        """Fetch a small document of at most `limit` bytes. Raises like `to_file`."""
        got = Document(address=address, body=b"")
        for attempt in self._attempts():
            with attempt, self._answer(address, {}) as answer:
                received = bytearray()
                # Some servers pack pages without being asked to.
                for piece in answer.iter_bytes():
                    self._check_stop()
                    received += piece
                    if len(received) > limit:
                        raise TransferError(f"the answer is longer than {limit} bytes")
                length = answer.headers.get("Content-Length", "")
                if length.isdigit() and len(received) < int(length) and "Content-Encoding" not in answer.headers:
                    raise _TransientError(f"the connection broke off after {len(received)} of {length} bytes")
                got = Document(address=str(answer.url), body=bytes(received))
        return got

    def look(self, address: str) -> str:
        """Ask whether an address has a file, without fetching it; gives the address that it is at in the end. Raises like `to_file`."""
        found = address
        for attempt in self._attempts():
            with attempt:
                try:
                    with self._answer(address, {}, method="HEAD") as answer:
                        found = str(answer.url)
                except _TransientError:
                    raise
                except TransferError as error:
                    if error.missing:
                        raise
                    # Some servers answer HEAD with a refusal. What a GET would send is not read.
                    with self._answer(address, {}) as answer:
                        found = str(answer.url)
        return found

    def _attempts(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(_TransientError) if self.patient else retry_never,
            stop=_give_up,
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )

    def _sleep(self, seconds: float) -> None:
        self._check_stop()
        self.sleep(seconds)
        self._check_stop()

    def _check_stop(self) -> None:
        if self.stop():
            raise InterruptedRunError("stopped while downloading", mend="run again: it goes on where it was")

    def _receive(self, state: _Part, advance: Advance, limit: int) -> None:
        at = state.offset()
        with self._answer(state.address, state.range_headers(at)) as answer:
            if answer.status_code == 416:
                if at and _total(answer) == at:
                    return  # the file was complete; only its last answer never came to an end
                state.discard()
                raise _TransientError("the server has another file than before", after=0.0)
            at = state.begin(answer, at)
            length = answer.headers.get("Content-Length", "")
            total = at + int(length) if length.isdigit() else None
            advance(at, total)
            with state.path.open("ab") as out:
                # No chunk size: httpx would collect pieces up to it, and drop what it has when the connection breaks.
                for piece in answer.iter_raw():
                    self._check_stop()
                    at += len(piece)
                    if at > limit:
                        state.discard()
                        raise TransferError(f"the answer is longer than {limit} bytes")
                    out.write(piece)
                    advance(at, total)
        if total is not None and at != total:
            raise _TransientError(f"the connection broke off after {at} of {total} bytes")

    @contextlib.contextmanager
    def _answer(self, address: str, headers: dict[str, str], *, method: str = "GET") -> Iterator[httpx.Response]:
        """Send a request and turn what goes wrong into `TransferError`, here and while the block reads the body."""
        self._check_stop()
        try:
            with self.client.stream(method, address, headers=headers) as answer:
                status = answer.status_code
                if status in TRANSIENT_STATUS:
                    raise _TransientError(f"{status} {answer.reason_phrase}", after=retry_after(answer))
                # Also what leads nowhere (a redirection without an address); 416 is an answer to those who asked for a part.
                if status >= 300 and not (status == 416 and "Range" in headers):
                    raise TransferError(f"{status} {answer.reason_phrase}", missing=status in {404, 410})
                yield answer
        except httpx.ConnectTimeout as error:
            raise _TransientError(f"no connection within {TIMEOUT.connect:.0f} s", connected=False) from error
        except httpx.ConnectError as error:
            if _certificate_refused(error):
                raise TransferError(
                    f"its certificate is not trusted here ({error}); SSL_CERT_FILE names the authorities"
                ) from error
            raise _TransientError(_connect_reason(error), connected=False) from error
        except httpx.ProxyError as error:
            raise _TransientError(f"the proxy refused: {error}", connected=False) from error
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise _TransientError(f"the connection broke off ({str(error) or type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransferError(str(error) or type(error).__name__) from error


@dataclass(slots=True)
class _Part:
    """An unfinished file, and beside it (as JSON) what its server said to tell versions of the file apart."""

    path: Path
    address: str
    resumed: bool = False

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".json")

    def _known(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(self._note.read_text(encoding="utf-8"))
            if isinstance(known, dict) and known.get("address") == self.address:
                return {str(key): str(value) for key, value in known.items()}
        return {}

    def offset(self) -> int:
        """How many bytes can be kept. What came from another address is dropped: the files may differ."""
        if not self._known():
            self.discard()
            return 0
        return self.path.stat().st_size if self.path.exists() else 0

    def range_headers(self, at: int) -> dict[str, str]:
        if not at:
            return {}
        validator = self._known().get("validator")
        return {"Range": f"bytes={at}-"} | ({"If-Range": validator} if validator else {})

    def begin(self, answer: httpx.Response, at: int) -> int:
        """Make ready for an answer's body; returns the offset that it starts at (0: the server sends the whole file)."""
        if answer.status_code == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
            if match is None or int(match[1]) != at:
                self.discard()
                raise _TransientError("the server sent another part than asked for", after=0.0)
            self.resumed = True
            return at
        self.discard()
        self.resumed = False
        etag = answer.headers.get("ETag", "")
        # A weak ETag does not promise equal bytes and must not stand in If-Range (RFC 9110, 13.1.5).
        validator = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        self._note.write_text(json.dumps({"address": self.address, "validator": validator}), encoding="utf-8")
        return 0

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def discard_part(part: Path) -> None:
    """Remove an unfinished file and the note beside it."""
    _Part(path=part, address="").discard()


def _give_up(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, _TransientError):
        return True
    limit = ATTEMPTS if error.connected else ATTEMPTS_WITHOUT_CONNECTION
    too_long = error.after is not None and error.after > PATIENCE
    return state.attempt_number >= limit or too_long or (state.seconds_since_start or 0.0) >= PATIENCE


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TransientError):
        if error.after is not None:
            return error.after
        if not error.connected:
            return 0.5
    return float(wait_random_exponential(multiplier=0.5, max=20.0)(state)) + 0.2


def _total(answer: httpx.Response) -> int | None:
    match = re.fullmatch(r"bytes \*/(\d+)", answer.headers.get("Content-Range", "").strip())
    return int(match[1]) if match else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _certificate_refused(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _connect_reason(error: BaseException) -> str:
    if any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        return "its name does not resolve"
    return f"no connection ({error})"
