"""The machine behind a builder, as far as its Docker Engine tells; and how to reach that engine."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.builders.model import Access
from orchestrator.engine.embedded import oci_name
from orchestrator.engine.model import Engine
from orchestrator.matrix.platforms import normalise
from orchestrator.system.process import Command, Completed, Runner

#: Seconds that one question may take.
SECONDS = 20.0
_VARIANTS = {"armv6l": "/v6"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """An engine's machine: `identity` is the engine's own, `memory` is in bytes, `platform` is normalised, `kernel` as `uname -r` says."""

    identity: str
    platform: str
    cores: int
    memory: int
    kernel: str


def access_of(endpoint: str, engine: Engine, runner: Runner) -> Access | None:
    """Resolve a node's endpoint: the name of a Docker context, or a host as DOCKER_HOST has it. None when there is no such context."""
    if "://" in endpoint:
        return Access(host=endpoint, inherited=True)
    document = _document(_ask(engine, engine.environment, runner, "context", "inspect", endpoint))
    found = document[0] if isinstance(document, list) and document else {}
    docker = found.get("Endpoints", {}).get("docker", {}) if isinstance(found, dict) else {}
    host = str(docker.get("Host") or "")
    if not host:
        return None
    if endpoint == "default":
        return Access(host=host, inherited=True)
    kept = "docker" in (found.get("TLSMaterial") or {})
    return Access(
        host=host,
        certificates=Path(found["Storage"]["TLSPath"]) / "docker" if kept else None,
        verify=not docker.get("SkipTLSVerify"),
    )


def machine_of(access: Access | None, engine: Engine, runner: Runner) -> Machine | str:
    """Ask an engine (None: the one that the program works with) about its machine; a text says why there is no answer."""
    environment = engine.environment if access is None else access.environment(engine.environment)
    answer = _ask(engine, environment, runner, "info", "--format", "{{json .}}")
    document = _document(answer)
    if not isinstance(document, dict) or not document.get("ID"):
        errors = document.get("ServerErrors") if isinstance(document, dict) else None
        return str(errors[0]) if errors else answer.reason
    machine = str(document.get("Architecture", ""))
    return Machine(
        identity=str(document["ID"]),
        platform=normalise(f"{document.get('OSType') or 'linux'}/{oci_name(machine)}{_VARIANTS.get(machine, '')}"),
        cores=int(document.get("NCPU") or 0),
        memory=int(document.get("MemTotal") or 0),
        kernel=str(document.get("KernelVersion", "")),
    )


def is_local(access: Access | None, machine: Machine | None) -> bool:
    """Whether a machine is this one: reached by a socket of this host, and under the same kernel."""
    if access is None or machine is None:
        return False
    return access.host.startswith("unix://") and machine.kernel == platform.release()


def _ask(engine: Engine, environment: Mapping[str, str], runner: Runner, *words: str) -> Completed:
    return runner(Command(argv=(engine.docker, *words), environment=environment, timeout=SECONDS))


def _document(answer: Completed) -> Any:
    try:
        return json.loads(answer.text)
    except ValueError:
        return None
