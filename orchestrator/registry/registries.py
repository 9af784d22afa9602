"""All registries of a run: each with one client, one patience and one memory; many questions at once; trouble as errors with a mend."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

import httpx

from orchestrator.errors import UnreachableError
from orchestrator.registry.conversation import Conversation, RefusedError, make_client
from orchestrator.registry.credentials import login_for
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.gate import Gate
from orchestrator.registry.reference import Reference
from orchestrator.system.retrying import Reachability, Retries, TransientError

#: Requests that are under way at once.
LANES = 16
_MEND = "check that the registry runs and that 'docker login' was done for it; then run the same again"


@dataclass(kw_only=True)
class Registries:
    """Registries by name (`HOST[:PORT]`), opened when asked for and closed with the context.

    `environment` says where docker keeps logins, `plain` names registries without TLS (those on the loopback address need not be named).
    `retries` hold the patience with all of them, count what was repeated and tell of it; `reachability` remembers those that did not answer at
    all, for which there are `without_connection` tries (None: as many as else). `http` makes a client. Threads may share it.
    """

    environment: Mapping[str, str]
    plain: frozenset[str] = frozenset()
    retries: Retries = field(default_factory=Retries)
    reachability: Reachability = field(default_factory=Reachability)
    http: Callable[[str], httpx.Client] = make_client
    without_connection: int | None = 5
    _open: dict[str, Distribution] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open.values():
            one.conversation.client.close()

    @property
    def sent(self) -> int:
        """How many blobs and manifests were pushed."""
        return sum(one.memory.sent for one in self._open.values())

    def at(self, registry: str) -> Distribution:
        """Give the protocol of one registry. Raises `UnreachableError` when it did not answer before."""
        self.reachability.check(registry)
        with self._lock:
            if registry not in self._open:
                conversation = Conversation(
                    registry=registry,
                    client=self.http(registry),
                    login=lambda: login_for(registry, self.environment),
                    plain=registry in self.plain,
                    gate=Gate(sleep=self.retries.sleep),
                )
                self._open[registry] = Distribution(
                    conversation=conversation, retries=self.retries, without_connection=self.without_connection
                )
            return self._open[registry]

    @contextlib.contextmanager
    def asking(self, registry: str, trouble: str) -> Iterator[Distribution]:
        """Speak to a registry; what it refuses, and patience that ends, become `UnreachableError`s that begin with `trouble`."""
        distribution = self.at(registry)
        try:
            yield distribution
        except RefusedError as error:
            raise UnreachableError(f"{trouble}: {error}", mend=_MEND) from error
        except TransientError as error:
            if not error.connected:
                self.reachability.down(registry, error.reason)
            raise UnreachableError(f"{trouble}: {error}", mend=_MEND) from error

    def heads(self, references: Iterable[str]) -> dict[str, str | None]:
        """Map references to the digests that they lead to, with one request each, many at once. Raises `UnreachableError`."""
        names = tuple(dict.fromkeys(references))
        if not names:
            return {}
        first, *rest = names
        # The first one alone: a registry that is not there, or that wants to know who we are, is asked once.
        found = {first: self.head(first)}
        with ThreadPoolExecutor(max_workers=LANES, thread_name_prefix="head") as pool:
            try:
                found.update(zip(rest, pool.map(self.head, rest), strict=True))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def head(self, reference: str) -> str | None:
        """Tell the digest that a reference leads to; None where there is nothing. Raises `UnreachableError`."""
        where = Reference.parse(reference)
        with self.asking(where.registry, f"{reference} cannot be read") as distribution:
            return distribution.head(where.repository, where.wanted)
