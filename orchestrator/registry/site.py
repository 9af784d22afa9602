"""Where a registry answers, and which of the addresses that it names are still itself: only there it is said who we are."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

import httpx

from orchestrator.registry.reference import address

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Scheme (`http` or `https`), host and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of_registry(cls, registry: str, *, plain: bool = False) -> Self:
        """Where `HOST[:PORT]` answers: with TLS, unless it is `plain` or on the loopback address, which engines and buildx take without, too."""
        scheme = "http" if plain or is_loopback(registry) else "https"
        return cls.of(httpx.URL(f"{scheme}://{address(registry)}/"))

    @classmethod
    def of(cls, url: httpx.URL) -> Self:
        """The site of an address."""
        return cls(scheme=url.scheme, host=url.host, port=_port(url))

    @property
    def base(self) -> str:
        """What all addresses of the registry's protocol begin with."""
        return str(httpx.URL(scheme=self.scheme, host=self.host, port=self.port, path="/v2/"))

    def has(self, url: httpx.URL) -> bool:
        """Tell whether an address is of this site: what is secret may be said there.

        The default port may be written or not, and TLS may come on top; it never goes: what is said with TLS is not repeated without.
        """
        if url.host != self.host:
            return False
        port = _port(url)
        if url.scheme == self.scheme:
            return port == self.port
        return url.scheme == "https" and self.scheme == "http" and port in {self.port, _twin(self)}

    def home(self, url: httpx.URL) -> httpx.URL:
        """Give an address in the site's own scheme.

        A registry behind a proxy that does TLS for it may know nothing of that, and name itself with `http://`. That is asked with TLS, as
        everything else there.
        """
        if self.scheme == "https" and url.scheme == "http" and url.host == self.host:
            port = _port(url)
            if port == self.port or (port == _PORTS["http"] and self.port == _PORTS["https"]):
                return url.copy_with(scheme="https", port=self.port)
        return url


def is_loopback(registry: str) -> bool:
    """Tell whether `HOST[:PORT]` is this machine."""
    host = httpx.URL(f"http://{registry}/").host
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS.get(url.scheme, 0)


def _twin(site: Site) -> int:
    """The port that goes with TLS where the site has the one that goes without."""
    return _PORTS["https"] if site.port == _PORTS["http"] else site.port
