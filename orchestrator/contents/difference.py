"""What changed among the packages from one image to another."""

from __future__ import annotations

from orchestrator.contents.model import Contents
from orchestrator.report.run.model import PackageChange


def package_changes(before: Contents, after: Contents) -> tuple[PackageChange, ...]:
    """List the packages that were added, removed or have another version, in the order of their ecosystems and names.

    Two versions of one package at once, as of a Python distribution in two places, are told as one: `1.0, 2.0`.
    """
    old, new = _versions(before), _versions(after)
    return tuple(
        PackageChange(name=name, before=old.get((ecosystem, name), ""), after=new.get((ecosystem, name), ""))
        for ecosystem, name in sorted(old.keys() | new.keys())
        if old.get((ecosystem, name)) != new.get((ecosystem, name))
    )


def _versions(contents: Contents) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in contents.components:
        found.setdefault((str(one.ecosystem), one.name), []).append(one.version)
    return {key: ", ".join(sorted(versions)) for key, versions in found.items()}
