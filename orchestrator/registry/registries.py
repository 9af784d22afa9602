"""All registries of a run: each with one client, one patience and one memory; many questions at once; trouble as errors with a mend."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self, TypeVar

import httpx

from orchestrator.errors import OrchestratorError, UnreachableError
from orchestrator.registry.answers import RefusedError
from orchestrator.registry.conversation import Conversation
from orchestrator.registry.credentials import login_for
from orchestrator.registry.distribution import Distribution
from orchestrator.registry.exchange import make_client
from orchestrator.registry.gate import Gate
from orchestrator.registry.reference import Reference
from orchestrator.registry.tokens import KnownLogin
from orchestrator.system.retrying import Reachability, Retries, TransientError

T = TypeVar("T")
U = TypeVar("U")
#: Requests that are under way at once.
LANES = 16
_MEND = "check that the registry runs and that 'docker login' was done for it; then run the same again"


@dataclass(kw_only=True)
class Registries:
    """Registries by name (`HOST[:PORT]`), opened when asked for and closed with the context; left with an error, it stops what is under way.

    `environment` says where docker keeps logins, `plain` names registries without TLS (those on the loopback address need not be named).
    `retries` hold the patience with all of them, count what was repeated and tell of it; `reachability` remembers those that did not answer at
    all, for which there are `without_connection` tries (None: as many as else). `http` makes a client. Threads may share it.
    """

    environment: Mapping[str, str] = field(repr=False)
    plain: frozenset[str] = frozenset()
    retries: Retries = field(default_factory=Retries)
    reachability: Reachability = field(default_factory=Reachability)
    http: Callable[[str], httpx.Client] = make_client
    without_connection: int | None = 5
    _open: dict[str, Distribution] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.stop()
        for one in self._all():
            one.conversation.client.close()

    def stop(self) -> None:
        """Have nothing asked any more, as when a run is interrupted: threads that wait for an answer or for another try raise `OrchestratorError`."""
        self.retries.stop()
        for one in self._all():
            one.conversation.cut()

    def _all(self) -> tuple[Distribution, ...]:
        with self._lock:
            return tuple(self._open.values())

    @property
    def sent(self) -> int:
        """How many blobs and manifests were pushed."""
        return sum(one.memory.sent for one in self._all())

    def at(self, registry: str) -> Distribution:
        """Give the protocol of one registry. Raises `UnreachableError` when it did not answer before."""
        self.reachability.check(registry)
        with self._lock:
            if registry not in self._open:
                conversation = Conversation(
                    registry=registry,
                    client=self.http(registry),
                    login=KnownLogin(find=lambda: login_for(registry, self.environment)),
                    plain=registry in self.plain,
                    gate=Gate(sleep=self.retries.pause),
                    check=self.retries.check,
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
            raise UnreachableError(f"{trouble}: {error}", mend=error.mend or _MEND) from error
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
        found.update(zip(rest, self.each(self.head, rest), strict=True))
        return found

    def each(self, work: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """Do `work` for many items, `LANES` at once; results in their order. The first error is raised when those under way have ended.

        An interrupt stops them, and so all that is asked of these registries.
        """
        with ThreadPoolExecutor(max_workers=LANES, thread_name_prefix="ask") as pool:
            try:
                return list(pool.map(work, items))
            except OrchestratorError:
                pool.shutdown(cancel_futures=True)
                raise
            except BaseException:
                self.stop()
                pool.shutdown(cancel_futures=True)
                raise

    def introduce(self, references: Iterable[str]) -> None:
        """Say who we are, where that is asked for, ahead of pushing to these references. Raises `UnreachableError` where that is not taken."""
        repositories = dict.fromkeys((where.registry, where.repository) for where in map(Reference.parse, references))

        def say(where: tuple[str, str]) -> None:
            registry, repository = where
            with self.asking(registry, f"{registry}/{repository} cannot be pushed to") as distribution:
                distribution.introduce(repository)

        self.each(say, tuple(repositories))

    def head(self, reference: str) -> str | None:
        """Tell the digest that a reference leads to; None where there is nothing. Raises `UnreachableError`."""
        where = Reference.parse(reference)
        with self.asking(where.registry, f"{reference} cannot be read") as distribution:
            return distribution.head(where.repository, where.wanted)
