"""Which tags an image carries, and in which order. The published lists of the official image are the specification."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.matrix.model import Flavor, Variant


def line_aliases(release: str, line: str, extra: Sequence[str]) -> tuple[str, ...]:
    """All names of a line, most exact first: full version, line, then the extra aliases (`3`, `latest`)."""
    return (release, line, *extra)


def variant_names(variant: Variant, *, default_suite: str, default_alpine: str | None) -> tuple[str, ...]:
    """Give the variant's own name, then the short one that the default suite's slim and the default Alpine also answer to."""
    if variant.flavor is Flavor.SLIM and variant.suite.name == default_suite:
        return variant.name, "slim"
    if variant.flavor is Flavor.ALPINE and variant.suite.name == default_alpine:
        return variant.name, "alpine"
    return (variant.name,)


def simple_tags(aliases: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Join every alias with every variant name; `latest-` is stripped, so that `latest` on `slim` is just `slim`."""
    return tuple(f"{alias}-{name}".removeprefix("latest-") for name in names for alias in aliases)


def shared_tags(aliases: Sequence[str], variant: Variant, *, default_suite: str) -> tuple[str, ...]:
    """Give the bare aliases, which belong to the default suite's full image alone."""
    return tuple(aliases) if variant.flavor is Flavor.FULL and variant.suite.name == default_suite else ()
