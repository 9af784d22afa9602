"""What a container of an image under proof may use. The host sees to it: an image that misbehaves must not be asked to behave.

BusyBox before 1.30 has another `timeout` than everybody else, one more reason to keep time from here.
"""

from __future__ import annotations

from typing import Any

from docker.types import LogConfig, Ulimit

from orchestrator.matrix.model import Cell
from orchestrator.prove.containers.owners import labels
from orchestrator.prove.model import Where

#: Bytes that a program may write to both streams together before it is ended.
OUTPUT_BYTES = 1024 * 1024
#: Seconds after which a container whose runner was killed ends by itself.
LIFETIME = 4 * 3600

_MEMORY = "1g"
#: A user and a group that no image knows.
_STRANGER = "12345:12345"


def options(cell: Cell) -> dict[str, Any]:
    """Options of `docker create` that every container of a proof has."""
    return {
        "labels": labels(cell),
        "network_mode": "none",
        "mem_limit": _MEMORY,
        "memswap_limit": _MEMORY,
        "pids_limit": 256,
        "security_opt": ["no-new-privileges"],
        "platform": str(cell.architecture.platform),
        # Python 2 closes every possible descriptor before it starts a program: a million of them take minutes under an emulator.
        # https://bugs.python.org/issue8052
        "ulimits": [Ulimit(name="nofile", soft=1024, hard=4096), Ulimit(name="core", soft=0, hard=0)],
        # What it writes is read as it comes; the engine's disk is not for it.
        "log_config": LogConfig(type="none"),
    }


def sandbox_options(cell: Cell, where: Where) -> dict[str, Any]:
    """Options of a long-lived container: it sleeps, and programs are executed beside that."""
    common = options(cell) | {"entrypoint": ["sleep", str(LIFETIME)], "command": []}
    if where is Where.WRITABLE:
        return common
    return common | {
        "read_only": True,
        "user": _STRANGER,
        "cap_drop": ["ALL"],
        "tmpfs": {"/tmp": "rw,exec,mode=1777,size=512m"},  # noqa: S108 - the container's
    }
