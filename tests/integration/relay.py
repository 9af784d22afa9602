"""A remote BuildKit behind TLS: the one of a Docker Engine, which speaks gRPC after an upgrade of its HTTP, for buildx's remote driver."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
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
_ANSWER_BYTES = 4096


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
def relay(engine_socket: Path, directory: Path) -> Iterator[Relay]:
    """Listen on a free port of this host, and hand each connection on to an engine's BuildKit, until the end of the block."""
    certificates = _certificates(directory)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "server.pem", certificates / "server-key.pem")
    context.set_alpn_protocols(["h2"])  # gRPC insists on it
    with socket.create_server((_HOST, 0)) as listening:
        stop = threading.Event()
        accepting = threading.Thread(target=_accept, args=(listening, context, engine_socket, stop), daemon=True)
        accepting.start()
        try:
            yield Relay(address=f"tcp://{_HOST}:{listening.getsockname()[1]}", certificates=certificates)
        finally:
            stop.set()
            accepting.join(timeout=10)


def _accept(listening: socket.socket, context: ssl.SSLContext, engine_socket: Path, stop: threading.Event) -> None:
    listening.settimeout(0.1)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            raw, _ = listening.accept()
            threading.Thread(target=_serve, args=(raw, context, engine_socket, stop), daemon=True).start()


def _serve(raw: socket.socket, context: ssl.SSLContext, engine_socket: Path, stop: threading.Event) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        opened.callback(raw.close)
        raw.settimeout(10)
        client = opened.enter_context(context.wrap_socket(raw, server_side=True))
        engine = opened.enter_context(socket.socket(socket.AF_UNIX))
        engine.connect(str(engine_socket))
        engine.sendall(_UPGRADE)
        answer = b""
        while not answer.endswith(b"\r\n\r\n") and len(answer) < _ANSWER_BYTES:
            answer += engine.recv(1)
        if b" 101 " not in answer.splitlines()[0]:
            return
        back = threading.Thread(target=_pump, args=(engine, client, stop), daemon=True)
        back.start()
        _pump(client, engine, stop)
        back.join(timeout=10)


def _pump(source: socket.socket, target: socket.socket, stop: threading.Event) -> None:
    source.settimeout(0.2)
    with contextlib.suppress(OSError):
        while not stop.is_set():
            try:
                data = source.recv(65536)
            except TimeoutError:
                continue
            if not data:
                break
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


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
