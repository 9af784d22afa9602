"""A web server that plays the release site: pages of directories, files, and whatever goes wrong with either."""

from __future__ import annotations

import contextlib
import html
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

#: Gets the request and how often that path was asked before; True when it has answered by itself.
Trouble = Callable[[BaseHTTPRequestHandler, int], bool]


@dataclass(kw_only=True)
class ReleaseSite:
    """Files by their path below the root. `trouble` may answer in its place; `asked` are the requests, in order."""

    files: dict[str, bytes] = field(default_factory=dict)
    trouble: Trouble = lambda _request, _before: False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Where releases lie."""
        return f"http://127.0.0.1:{self.port}/ftp/python"

    def put(self, release: str, file: str, data: bytes | None, signature: bytes | None = None) -> None:
        """Put a tarball and its signature into the directory of a release; None leaves one out."""
        for name, content in ((file, data), (f"{file}.asc", signature)):
            if content is not None:
                self.files[f"/ftp/python/{release}/{name}"] = content

    def fetched(self, ending: str) -> int:
        """How often a file was fetched."""
        return sum(one.startswith("GET ") and one.endswith(ending) for one in self.asked)

    def page(self, directory: str) -> bytes | None:
        """The page of a directory, as Apache writes it; None for one that is not there."""
        below = [path.removeprefix(directory) for path in self.files if path.startswith(directory)]
        names = sorted({f"{name.partition('/')[0]}/" if "/" in name else name for name in below})
        if not names:
            return None
        rows = "".join(f'<tr><td><a href="{quote(name)}">{html.escape(name)}</a></td></tr>\n' for name in names)
        sorting = '<a href="?C=N;O=D">Name</a> <a href="?C=M;O=A">Last modified</a>'
        return f'<html><body>{sorting}<table><tr><td><a href="../">Parent Directory</a></td></tr>\n{rows}</table></body></html>'.encode()


@contextlib.contextmanager
def serve() -> Iterator[ReleaseSite]:
    """Run such a site on the loopback address, until the end of the block."""
    site = ReleaseSite()
    counts: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(f"{self.command} {self.path}")
            before = counts.get(self.path, 0)
            counts[self.path] = before + 1
            if not site.trouble(self, before):
                path = unquote(self.path)
                answer(self, site.page(path) if path.endswith("/") else site.files.get(path))

        do_HEAD = do_GET  # noqa: N815 - http.server looks for this name

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(request: BaseHTTPRequestHandler, data: bytes | None, *, sent: int | None = None, pause: float = 0.0) -> None:
    """Send a file (None: 404), or only the first `sent` bytes of what is promised; with a `pause` (seconds) between its pieces."""
    if data is None:
        refuse(request, 404)
        return
    request.send_response(200)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    if request.command == "HEAD":
        return
    content = data if sent is None else data[:sent]
    step = max(1, len(content) // 5) if pause else max(1, len(content))
    for at in range(0, len(content), step):
        request.wfile.write(content[at : at + step])
        request.wfile.flush()
        time.sleep(pause)
    if sent is not None:
        request.close_connection = True


def refuse(request: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    """Answer with a status and no body."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", "0")
    request.end_headers()


def reset(request: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    request.close_connection = True
    with contextlib.suppress(OSError):
        request.connection.shutdown(socket.SHUT_RDWR)
