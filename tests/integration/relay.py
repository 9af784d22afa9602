"""TLS with client certificates before an engine's socket: a Docker Engine far away, or (after an upgrade of its HTTP to gRPC) a remote BuildKit."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_HOST = "127.0.0.1"
_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A listening relay; `certificates` has ca.pem, and cert.pem and key.pem of a client, without which nobody gets in."""

    address: str
    certificates: Path

    @property
    def options(self) -> str:
        """The value for --driver-opt of `docker buildx create --driver remote`."""
        return ",".join(
            f"{option}={self.certificates / file}"
            for option, file in (("cacert", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
        )


@contextlib.contextmanager
def relay(engine_socket: Path, directory: Path, *, buildkit: bool) -> Iterator[Relay]:
    """Listen on a free port of this host, and hand each connection on to an engine, or to its BuildKit, until the end of the block."""
    certificates = _certificates(directory)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "server.pem", certificates / "server-key.pem")
    context.set_alpn_protocols(["h2" if buildkit else "http/1.1"])  # gRPC insists on it
    # One thread for all: what reads from a TLS connection and what writes to it must not do so at the same time.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relaying = _Relaying(engine_socket, buildkit=buildkit)
    try:
        listening = asyncio.start_server(relaying.serve, _HOST, 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(listening, loop).result(timeout=10)
        yield Relay(address=f"tcp://{_HOST}:{server.sockets[0].getsockname()[1]}", certificates=certificates)
        server.close()
    finally:
        asyncio.run_coroutine_threadsafe(relaying.end(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


class _Relaying:
    """The connections of a relay; lives in its event loop."""

    def __init__(self, engine_socket: Path, *, buildkit: bool) -> None:
        self._socket, self._buildkit = engine_socket, buildkit
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            engine_reader, engine_writer = await asyncio.open_unix_connection(str(self._socket))
            try:
                if self._buildkit:
                    engine_writer.write(_UPGRADE)
                    answer = await engine_reader.readuntil(b"\r\n\r\n")
                    assert b" 101 " in answer.splitlines()[0], answer
                await asyncio.gather(_pump(reader, engine_writer), _pump(engine_reader, writer))
            finally:
                engine_writer.transport.abort()
                writer.transport.abort()  # closing TLS politely would take longer than the loop lives
        self._serving.discard(task)

    async def end(self) -> None:
        """Cut every connection."""
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0.2)  # what was cut is closed by callbacks


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():  # not with TLS
        writer.write_eof()
    else:
        writer.close()


def _certificates(directory: Path) -> Path:
    """Make an authority, a server and a client that trust each other through it."""
    directory.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _sign("authority", authority_key, authority_key, usage=None)
    (directory / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for files, usage in (
        (("server.pem", "server-key.pem"), ExtendedKeyUsageOID.SERVER_AUTH),
        (("cert.pem", "key.pem"), ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _sign(files[0], key, authority_key, usage=usage)
        (directory / files[0]).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        (directory / files[1]).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return directory


def _sign(
    name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, usage: x509.ObjectIdentifier | None
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        address = x509.IPAddress(ipaddress.ip_address(_HOST))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(by, hashes.SHA256())
