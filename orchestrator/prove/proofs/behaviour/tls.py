"""TLS by the distribution's OpenSSL or LibreSSL, against a server with a certificate made for this run."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.prove.materials.certificates import make_certificates
from orchestrator.prove.model import Subject
from orchestrator.prove.proofs.probing import probe_proof


def check(subject: Subject) -> str:
    """Hand the certificates to the probe, which is server and client."""
    made = make_certificates()
    return str(subject.probe("tls", made.certificate, made.key, made.authority)["said"])


PROOF = replace(
    probe_proof(
        "behaviour/tls",
        claim="A verified server is talked to; an unknown authority and a wrong name are refused; the distribution's authorities are found.",
        link="https://docs.python.org/3/library/ssl.html#ssl.create_default_context",
    ),
    check=check,
)
