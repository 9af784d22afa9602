"""What changed among the packages."""

from __future__ import annotations

from orchestrator.contents.difference import package_changes
from orchestrator.contents.model import Component, Contents, Ecosystem
from orchestrator.report.run.model import PackageChange


def contents(*words: str) -> Contents:
    """Components as `deb/zlib1g 1.2`."""
    components = []
    for word in words:
        name, _, version = word.partition(" ")
        ecosystem, _, name = name.partition("/")
        components.append(Component(ecosystem=Ecosystem(ecosystem), name=name, version=version))
    return Contents(digest="sha256:1", platform="linux/amd64", created="", components=tuple(components))


def test_added_removed_and_changed() -> None:
    before = contents("deb/same 1", "deb/gone 2", "deb/libc6 2.31-1", "pypi/pip 18.1")
    after = contents("deb/same 1", "deb/libc6 2.31-2", "deb/new 3", "pypi/pip 19.0")
    assert package_changes(before, after) == (
        PackageChange(name="gone", before="2", after=""),
        PackageChange(name="libc6", before="2.31-1", after="2.31-2"),
        PackageChange(name="new", before="", after="3"),
        PackageChange(name="pip", before="18.1", after="19.0"),
    )
    assert package_changes(after, after) == ()


def test_names_are_apart_by_ecosystem_and_versions_side_by_side_are_told_together() -> None:
    found = package_changes(contents("deb/x 1", "pypi/x 2"), contents("deb/x 1", "pypi/x 3", "pypi/x 2"))
    assert found == (PackageChange(name="x", before="2", after="2, 3"),)
