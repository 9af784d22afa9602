"""What proofs bring along is what pip and TLS libraries take it for."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from orchestrator.prove.materials.certificates import HOST, make_certificates
from orchestrator.prove.materials.distributions import Distribution, index, native, pure


def test_a_wheel_is_whole_and_its_record_right() -> None:
    wheel = pure("proof-wheel", wheel=True)
    assert (wheel.file, wheel.module) == ("proof_wheel-1.0-py2.py3-none-any.whl", "proof_wheel")
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    info = "proof_wheel-1.0.dist-info"
    rows = list(csv.reader(files[f"{info}/RECORD"].decode().splitlines()))
    assert {row[0] for row in rows} == files.keys()
    for path, digest, size in rows:
        if path.endswith("/RECORD"):
            assert (digest, size) == ("", "")
            continue
        wanted = base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={wanted}", len(files[path]))
    assert b"Name: proof-wheel\n" in files[f"{info}/METADATA"]
    assert b"Root-Is-Purelib: true" in files[f"{info}/WHEEL"]
    assert files[f"{info}/entry_points.txt"] == b"[console_scripts]\nproof-wheel = proof_wheel:main\n"
    space: dict[str, object] = {}
    exec(files["proof_wheel.py"], space)  # noqa: S102 - our own text
    answer = space["answer"]
    assert callable(answer)
    assert answer() == 42


@pytest.mark.parametrize(
    ("sdist", "sources"),
    [(pure("proof-sdist", wheel=False), {"proof_sdist.py"}), (native("proof-native"), {"proof_native.c"})],
    ids=["pure", "native"],
)
def test_an_sdist_unpacks_to_what_setup_py_names(sdist: Distribution, sources: set[str]) -> None:
    assert sdist.file == f"{sdist.name}-1.0.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(sdist.content), mode="r:gz") as archive:
        names = archive.getnames()
        setup = archive.extractfile(f"{sdist.name}-1.0/setup.py")
        assert setup is not None
        text = setup.read().decode()
    assert {name.rpartition("/")[2] for name in names} == {"setup.py", "PKG-INFO"} | sources
    assert all(name.startswith(f"{sdist.name}-1.0/") for name in names)
    compile(text, "setup.py", "exec")
    assert f"name='{sdist.name}'" in text
    assert sdist.module in text


def test_the_index_names_every_file_with_its_digest() -> None:
    wanted = [pure("proof-wheel", wheel=True), native("proof-native")]
    files = index(wanted)
    assert len(files) == 4
    for one in wanted:
        page = files[f"simple/{one.name}/index.html"].decode()
        match = re.search(r'href="([^"#]+)#sha256=([0-9a-f]{64})"', page)
        assert match is not None
        assert match[1] == one.file
        assert match[2] == hashlib.sha256(files[f"simple/{one.name}/{match[1]}"]).hexdigest()


def load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def test_the_servers_certificate_is_vouched_for_by_the_authority_for_one_host_only() -> None:
    made = make_certificates()
    policy = PolicyBuilder().store(Store([load(made.authority)]))
    chain = policy.build_server_verifier(x509.DNSName(HOST)).verify(load(made.certificate), [])
    assert [one.subject for one in chain] == [load(made.certificate).subject, load(made.authority).subject]
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("other.test")).verify(load(made.certificate), [])


def test_the_key_is_the_certificates_in_the_form_that_old_libraries_read() -> None:
    made = make_certificates()
    assert made.key.startswith("-----BEGIN RSA PRIVATE KEY-----")
    key = serialization.load_pem_private_key(made.key.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signed = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    public = load(made.certificate).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signed, b"x", padding.PKCS1v15(), hashes.SHA256())


def test_they_are_valid_now_and_only_for_a_run() -> None:
    made = load(make_certificates().certificate)
    assert made.not_valid_before_utc < datetime.now(UTC) < made.not_valid_after_utc
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == 2


def test_they_are_made_once_per_process_and_never_the_same_again() -> None:
    first = make_certificates()
    assert make_certificates() is first
    make_certificates.cache_clear()
    second = make_certificates()
    assert load(second.authority).serial_number != load(first.authority).serial_number
    assert second.key != first.key
