"""Downloads from a real server on loopback that misbehaves, and wheels from pip's real index."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.inputs.model import StoredInput, Wanted
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Pin
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent

ROOT = Path(__file__).resolve().parents[2]
DATA = bytes(range(251)) * 8000
SHA256 = hashlib.sha256(DATA).hexdigest()
PINS = (
    Pin(name="pip", version="18.1", sha256="7909d0a0932e88ea53a7014dfd14522ffef91a464daaaf5c573343852ef98550"),
    Pin(name="setuptools", version="40.6.3", sha256="e2c1ce9a832f34cf7a31ed010aabcab5008eb65ce8f2aadc04622232c14bdd0b"),
    Pin(name="wheel", version="0.32.3", sha256="1e53cdb3f808d5ccd0df57f964263752aa74ea7359526d3da6c02114ec1e1d44"),
    Pin(name="virtualenv", version="16.2.0", sha256="34b9ae3742abed2f95d3970acf4d80533261d6061b51160b197f84e5b4c98b4c"),
)

Handle = Callable[[BaseHTTPRequestHandler, int], None]


@dataclass
class Site:
    """A server whose behaviour a test sets: `handle` gets the request and its number, from 0."""

    port: int = 0
    handle: Handle = lambda request, _: whole(request)
    ranges: list[str | None] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/x.tar.xz"


def whole(request: BaseHTTPRequestHandler, data: bytes = DATA) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


def ranged(request: BaseHTTPRequestHandler, *, cut: int | None = None) -> None:
    """Answer properly, but break the connection after `cut` bytes."""
    asked = request.headers.get("Range")
    at = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    request.send_response(206 if asked else 200)
    request.send_header("Content-Length", str(len(DATA) - at))
    request.send_header("ETag", '"one"')
    if asked:
        request.send_header("Content-Range", f"bytes {at}-{len(DATA) - 1}/{len(DATA)}")
    request.end_headers()
    request.wfile.write(DATA[at:] if cut is None else DATA[at : at + cut])
    request.close_connection = True


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.ranges.append(self.headers.get("Range"))
            made.handle(self, len(made.ranges) - 1)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return Inputs(
        places=Places(cache=tmp_path / "cache", state=tmp_path / "state"), progress=Silent(), sleep=lambda _: None
    )


def get(inputs: Inputs, *addresses: str) -> StoredInput:
    return inputs.file(Wanted(what="the source of X", file="x.tar.xz", sha256=SHA256, addresses=addresses))


def data_of(stored: StoredInput) -> bytes:
    return (stored.directory / "x.tar.xz").read_bytes()


def test_a_connection_that_breaks_again_and_again_is_resumed(inputs: Inputs, site: Site) -> None:
    site.handle = lambda request, number: ranged(request, cut=700_000 if number < 2 else None)
    assert data_of(get(inputs, site.address)) == DATA
    assert site.ranges == [None, "bytes=700000-", "bytes=1400000-"]


def test_no_range_500_then_well(inputs: Inputs, site: Site) -> None:
    def handle(request: BaseHTTPRequestHandler, number: int) -> None:
        if number == 0:
            request.send_error(500)
        elif number == 1:
            ranged(request, cut=1000)
        else:
            whole(request)

    site.handle = handle
    assert data_of(get(inputs, site.address)) == DATA
    assert site.ranges == [None, None, "bytes=1000-"]


def test_404_is_not_tried_again(inputs: Inputs, site: Site) -> None:
    site.handle = lambda request, _: request.send_error(404)
    with pytest.raises(UnreachableError, match="404"):
        get(inputs, site.address)
    assert len(site.ranges) == 1


def test_wrong_bytes(inputs: Inputs, site: Site) -> None:
    site.handle = lambda request, _: whole(request, b"x" * 1000)
    with pytest.raises(VerificationError, match=SHA256):
        get(inputs, site.address, site.address)
    assert len(site.ranges) == 1
    assert not list((inputs.places.downloads / "partial").iterdir())


def test_two_at_once_fetch_once(inputs: Inputs, site: Site) -> None:
    def slow(request: BaseHTTPRequestHandler, _: int) -> None:
        time.sleep(0.3)
        whole(request)

    site.handle = slow
    with ThreadPoolExecutor() as pool:
        stored = [future.result() for future in [pool.submit(get, inputs, site.address) for _ in range(4)]]
    assert {data_of(one) for one in stored} == {DATA}
    assert len(site.ranges) == 1


def test_a_closed_port_and_a_name_that_is_none_fail_within_seconds(inputs: Inputs, site: Site) -> None:
    started = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        get(inputs, "http://127.0.0.1:1/x.tar.xz", "https://nowhere.invalid/x.tar.xz")
    assert time.monotonic() - started < 15
    assert "nowhere.invalid" in caught.value.message
    assert site.ranges == []


def test_the_pinned_wheels_come_from_pips_index(inputs: Inputs) -> None:
    stored = inputs.wheels(PINS)
    assert sorted(path.name for path in stored.directory.iterdir()) == [
        "pip-18.1-py2.py3-none-any.whl",
        "setuptools-40.6.3-py2.py3-none-any.whl",
        "virtualenv-16.2.0-py2.py3-none-any.whl",
        "wheel-0.32.3-py2.py3-none-any.whl",
    ]
    sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in stored.directory.iterdir()}
    assert sums == {pin.sha256 for pin in PINS}
    assert inputs.wheels(PINS[::-1]) == stored


def test_a_wheel_that_does_not_exist(inputs: Inputs) -> None:
    with pytest.raises(UnreachableError, match=r"no wheel of pip==18\.99"):
        inputs.wheels([Pin(name="pip", version="18.99", sha256="0" * 64)])


def test_the_sources_of_the_debian_matrix_come_from_the_hosts_mirror(inputs: Inputs) -> None:
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    for line in matrix.lines:
        stored = inputs.source(line)
        with (stored.directory / line.source.file).open("rb") as source:
            assert hashlib.file_digest(source, "sha256").hexdigest() == line.source.sha256
