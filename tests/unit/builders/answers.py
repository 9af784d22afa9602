"""What docker and buildx 0.13.1 said, captured from an amd64 machine with two cores; names, sockets and labels shortened."""

from __future__ import annotations

import json

DEFAULT = """Name:          default
Driver:        docker
Last Activity: 2026-11-25 15:31:00 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64, linux/amd64/v2, linux/amd64/v3, linux/amd64/v4, linux/arm64, linux/riscv64, linux/ppc64le, linux/s390x
Labels:
 org.mobyproject.buildkit.worker.executor:             containerd
 org.mobyproject.buildkit.worker.hostname:             vm
 org.mobyproject.buildkit.worker.moby.host-gateway-ip: 172.17.0.1
"""
SECOND = DEFAULT.replace("default", "second")
NO_DAEMON = """Name:   second
Driver: 
Error:  Cannot connect to the Docker daemon at unix:///x/nobody.sock. Is the docker daemon running?
"""  # noqa: W291 - as it comes
REMOTE = """Name:          far
Driver:        remote
Last Activity: 2026-11-25 15:40:47 +0000 UTC

Nodes:
Name:             far0
Endpoint:         tcp://127.0.0.1:18123
Status:           running
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64, linux/amd64/v2, linux/arm64
"""
NOBODY_THERE = """Name:          far
Driver:        remote
Last Activity: 2026-11-25 15:32:14 +0000 UTC

Nodes:
Name:     far0
Endpoint: tcp://127.0.0.1:1
Status:   inactive
"""
CONTAINED = """Name:          contained
Driver:        docker-container
Last Activity: 2026-11-25 15:32:14 +0000 UTC

Nodes:
Name:                  contained0
Endpoint:              unix:///x/docker.sock
Status:                inactive
BuildKit daemon flags: --allow-insecure-entitlement=network.host
Platforms:             linux/arm64*
"""
NO_BUILDER = 'ERROR: no builder "nobody" found'


def running(text: str) -> str:
    """The same builder once its BuildKit runs."""
    return text.replace("inactive", "running")


def beside(text: str, other: str) -> str:
    """A builder with the nodes of two, as `docker buildx create --append` makes it: node blocks follow each other after a blank line."""
    return f"{text}\n{other.split('Nodes:', 1)[1].lstrip()}"


def context(host: str, *, tls: bool = False, unverified: bool = False) -> str:
    """The answer of `docker context inspect`."""
    material = {"docker": ["ca.pem", "cert.pem", "key.pem"]} if tls else {}
    document = {
        "Name": "x",
        "Metadata": {},
        "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": unverified}},
        "TLSMaterial": material,
        "Storage": {"MetadataPath": "/c/meta/1", "TLSPath": "/c/tls/1"},
    }
    return json.dumps([document])


def info(identity: str, *, machine: str = "x86_64", cores: int = 2, gib: float = 23.5, kernel: str = "6.1") -> str:
    """The answer of `docker info`, as far as it is read."""
    return json.dumps(
        {
            "ID": identity,
            "Architecture": machine,
            "OSType": "linux",
            "NCPU": cores,
            "MemTotal": int(gib * 1024**3),
            "KernelVersion": kernel,
        }
    )
