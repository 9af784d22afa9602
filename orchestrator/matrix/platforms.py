"""One spelling for each platform: `linux/arm64`, as buildx prints it, and `linux/arm64/v8`, as the matrix writes it, are the same."""

from __future__ import annotations

_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
#: The variant that is meant where none is written. (containerd itself drops arm64's v8 again; the matrix writes it, so it stays here.)
_MEANT = {"arm64": "v8", "arm": "v7"}
#: The variant that says no more than the architecture does.
_EMPTY = {"amd64": "v1"}
#: A 32-bit Arm CPU runs what was built for its forerunners.
_ARM = ("v5", "v6", "v7")


def normalise(platform: str) -> str:
    """Give the one spelling of an OCI platform: `linux/arm64` is `linux/arm64/v8`, `linux/arm` is `linux/arm/v7`, `linux/amd64` stays.

    Source: https://github.com/containerd/platforms/blob/main/database.go
    """
    os, _, rest = platform.lower().partition("/")
    architecture, _, variant = rest.partition("/")
    architecture = _ALIASES.get(architecture, architecture)
    if variant.isdigit():
        variant = f"v{variant}"
    if variant == _EMPTY.get(architecture) or architecture == "386":
        variant = ""
    return "/".join(part for part in (os, architecture, variant or _MEANT.get(architecture, "")) if part)


def runs_too(platform: str) -> frozenset[str]:
    """Give the platforms, itself included, whose programs a machine of a normalised platform runs because they are older variants of it."""
    os, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    if architecture != "arm" or variant not in _ARM:
        return frozenset({platform})
    return frozenset(f"{os}/arm/{older}" for older in _ARM[: _ARM.index(variant) + 1])
