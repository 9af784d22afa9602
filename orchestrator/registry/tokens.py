"""What a registry gave us for saying who we are, kept while it is good: asked for once, by whoever comes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.registry.credentials import Login

#: Seconds that a token is good for where nothing else is said: https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
LIFETIME = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """The value of an `Authorization` header, good for `seconds` (None: as long as the login behind it)."""

    value: str = field(repr=False)
    seconds: float | None = None


@dataclass(kw_only=True, slots=True)
class Tokens:
    """Tokens by scope. Threads may share it: those that need the same one wait for the first of them to get it."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[Token, float]] = field(default_factory=dict, repr=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, repr=False)

    def value(self, scope: str) -> str:
        """Give the token of a scope; empty where there is none."""
        known = self._known.get(scope)
        return "" if known is None else known[0].value

    def renewed(self, scope: str, refused: str, get: Callable[[], Token]) -> str:
        """Give another token than the `refused` one: what another thread got meanwhile, else what `get` gets. Raises what that raises."""
        with self._locks.setdefault(scope, threading.Lock()):
            if (known := self.value(scope)) not in {"", refused}:
                return known
            token = get()
            self._known[scope] = (token, self.clock())
            return token.value

    def share(self, scope: str, other: str) -> None:
        """Use the token of a scope for another one as well, which it includes."""
        if (known := self._known.get(scope)) is not None:
            self._known[other] = known

    def forget(self, scope: str, refused: str) -> None:
        """Forget a token that has never been any good."""
        with self._locks.setdefault(scope, threading.Lock()):
            if self.value(scope) == refused:
                self._known.pop(scope, None)

    def fresh(self, scope: str) -> bool:
        """Tell whether the token of a scope has half of its time before it, or more."""
        known = self._known.get(scope)
        if known is None:
            return False
        token, got = known
        return token.seconds is None or self.clock() - got < token.seconds / 2


@dataclass(kw_only=True, slots=True)
class KnownLogin:
    """A login that is looked up when it is first needed, and remembered, or why it cannot be had. Threads may share it."""

    find: Callable[[], Login | None]
    _found: list[Login | Exception | None] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, *, instead_of: Login | None = None) -> Login | None:
        """Give the login; `instead_of` one that is no good any more, it is looked up again. Raises what `find` raises."""
        with self._lock:
            if self._found and instead_of is not None and self._found[0] == instead_of:
                self._found.clear()
            if not self._found:
                try:
                    self._found.append(self.find())
                except Exception as error:  # noqa: BLE001 - raised below, and for whoever asks next
                    self._found.append(error)
            found = self._found[0]
        if isinstance(found, Exception):
            raise found
        return found
