"""What checks may ask of servers, and what could not be asked. A server that does not answer is waited for once."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urldefrag, urlsplit

from docker.errors import DockerException

from orchestrator.config.settings import BasePolicy
from orchestrator.errors import OrchestratorError, UnreachableError
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.inputs.wheels import absent, fetch_wheels
from orchestrator.matrix.model import Pin
from orchestrator.matrix.platforms import normalise
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.lanes import side_by_side
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.progress import Silent

T = TypeVar("T")
U = TypeVar("U")
#: Addresses that are asked at once; and processes of pip, which work themselves.
_LANES = 8
_PIPS = 2


@dataclass(kw_only=True)
class Outside:
    """The servers that upstreams, bases and links lie on.

    `mirror` is the host's Debian mirror (None: it has none), `base_registry` a mirror of bases as in the settings, `bases` says whether bases come
    from a registry at all. `runner` starts pip. `unreached` maps what could not be asked (a host, a registry, pip's index) to the reason.
    """

    transfer: Transfer
    registries: Registries
    mirror: Mirror | None = None
    base_registry: str | None = None
    bases: BasePolicy = BasePolicy.AUTO
    runner: Runner = run
    unreached: dict[str, str] = field(default_factory=dict)
    _there: dict[str, bool | None] = field(default_factory=dict, init=False, repr=False)
    _bases: dict[str, frozenset[str] | None] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def there(self, addresses: Iterable[str]) -> Mapping[str, bool | None]:
        """Tell of addresses whether something is there; None where that could not be found out. Each is asked once, its body is not read.

        An answer that refuses us (403) is one: something is there.
        """
        wanted = tuple(dict.fromkeys(addresses))
        new = [one for one in wanted if one not in self._there]
        first = tuple({_host(one): one for one in reversed(new)}.values())
        # Of each host one address alone first: a host that does not answer is waited for once.
        for some in (first, tuple(one for one in new if one not in first)):
            self._there.update(zip(some, _each(self._look, some), strict=True))
        return {one: self._there[one] for one in wanted}

    def _look(self, address: str) -> bool | None:
        host = _host(address)
        if host in self.unreached:
            return None
        try:
            self.transfer.look(urldefrag(address).url)
        except TransferError as error:
            if error.refused:
                return not error.missing
            self._down(host, error.reason)
            return None
        return True

    def platforms(self, references: Iterable[str]) -> Mapping[str, frozenset[str] | None]:
        """Give the normalised platforms of base images, as their registry has them: empty where it has none of that name.

        None where that could not be found out, or where it is no index (of a single manifest only its config would tell).
        """
        wanted = tuple(dict.fromkeys(references))
        if self.bases is BasePolicy.BOOTSTRAP:
            return dict.fromkeys(wanted)
        new = [one for one in wanted if one not in self._bases]
        # The first one alone: a registry that does not answer is waited for once.
        for some in (new[:1], new[1:]):
            self._bases.update(zip(some, _each(self._platforms, some), strict=True))
        return {one: self._bases[one] for one in wanted}

    def _platforms(self, reference: str) -> frozenset[str] | None:
        name = f"{self.base_registry}/{reference}" if self.base_registry else reference
        try:
            where = Reference.parse(name)
        except DockerException as error:
            self._down(name, str(error))
            return None
        if where.registry in self.unreached:
            return None
        try:
            digest = self.registries.head(name)
            if digest is None:
                return frozenset()
            with self.registries.asking(where.registry, f"{name} cannot be read") as distribution:
                children = distribution.manifest(where.repository, digest).children
        except OrchestratorError as error:
            self._down(where.registry, error.message)
            return None
        seen = [child.get("platform") or {} for child in children]
        return frozenset(_platform(one) for one in seen if one.get("os") == "linux") or None

    def wheels(self, pins: Iterable[Pin]) -> Mapping[Pin, str]:
        """Ask pip's index for wheels; gives the pins that cannot be had as they are pinned, each with the reason. Nothing is kept."""
        wanted = tuple(dict.fromkeys(pins))
        return {pin: why for pin, why in zip(wanted, _each(self._wheel, wanted, _PIPS), strict=True) if why}

    def _wheel(self, pin: Pin) -> str:
        ended: list[Completed] = []

        def remembering(command: Command) -> Completed:
            ended.append(self.runner(command))
            return ended[-1]

        with tempfile.TemporaryDirectory(prefix="orchestrator-lint-") as directory:
            try:
                fetch_wheels([pin], store=Store(root=Path(directory)), progress=Silent(), runner=remembering)
            except UnreachableError as error:
                # It answered, and has no such wheel; or only one that is not for every Python.
                if ended and (absent(ended[-1]) or ended[-1].ok):
                    return error.message
                self._down("pip's index", error.message)
            except OrchestratorError as error:
                if ended and ended[-1].ok:
                    return error.message  # other bytes than those that are pinned
                self._down("pip's index", error.message)
        return ""

    def _down(self, what: str, reason: str) -> None:
        with self._lock:
            self.unreached.setdefault(what, reason)


def _each(work: Callable[[T], U], items: Sequence[T], lanes: int = _LANES) -> list[U]:
    # What is asked changes nothing: an interrupt leaves it to itself.
    return list(side_by_side(work, items, lanes=lanes, cancel=lambda: None, grace=0.0))


def _host(address: str) -> str:
    return urlsplit(address).netloc


def _platform(entry: Mapping[str, object]) -> str:
    parts = (entry.get("os"), entry.get("architecture"), entry.get("variant"))
    return normalise("/".join(str(part) for part in parts if part))
