"""Library files, and what differs between two, as JSON documents and as lines."""

from __future__ import annotations

from typing import Any

from orchestrator.library.difference import Difference, FieldChange, TagChange
from orchestrator.library.model import Entry, Library


def describe_library(library: Library) -> dict[str, Any]:
    """Give `{"maintainers","git_repo","entries":[{"tags","shared_tags","architectures","git_commit","directory",...}]}`.

    An entry has "git_repo", "git_fetch", "file", "builder", "constraints" and "special" (field to value: `{"arm64v8-Directory": "aarch64"}`) only where it
    says something else than is usual.
    """
    return {
        "maintainers": list(library.shared.maintainers),
        "git_repo": library.shared.git_repo,
        "entries": [_describe_entry(entry, library.shared) for entry in library.entries],
    }


def _describe_entry(entry: Entry, shared: Entry) -> dict[str, Any]:
    usual = Entry()
    found: dict[str, Any] = {
        "tags": list(entry.tags),
        "shared_tags": list(entry.shared_tags),
        "architectures": list(entry.architectures),
        "git_commit": entry.git_commit,
        "directory": entry.directory,
    }
    if entry.git_repo != shared.git_repo:
        found["git_repo"] = entry.git_repo
    if entry.git_fetch != usual.git_fetch:
        found["git_fetch"] = entry.git_fetch
    if entry.file != usual.file:
        found["file"] = entry.file
    if entry.builder:
        found["builder"] = entry.builder
    if entry.constraints:
        found["constraints"] = list(entry.constraints)
    if entry.special:
        found["special"] = {one.name: one.value for one in entry.special}
    return found


def describe_difference(found: Difference, file: str) -> dict[str, Any]:
    """Give `{"file","same","added":[{"tag","to"}],"removed":[{"tag","from"}],"moved":[{"tag","from","to"}],"changed":[{"directory","field","from","to"}]}`."""
    return {
        "file": file,
        "same": not found,
        "added": [{"tag": one.tag, "to": one.after} for one in found.added],
        "removed": [{"tag": one.tag, "from": one.before} for one in found.removed],
        "moved": [{"tag": one.tag, "from": one.before, "to": one.after} for one in found.moved],
        "changed": [
            {"directory": one.directory, "field": str(one.name), "from": one.before, "to": one.after}
            for one in found.changed
        ],
    }


def difference_lines(found: Difference) -> list[str]:
    """Say it, a line per tag or field."""
    return [
        *(f"+ {one.tag}: {one.after}" for one in found.added),
        *(f"- {one.tag}: {one.before}" for one in found.removed),
        *(_moved(one) for one in found.moved),
        *(_changed(one) for one in found.changed),
    ]


def _moved(one: TagChange) -> str:
    return f"~ {one.tag}: {one.before} -> {one.after}"


def _changed(one: FieldChange) -> str:
    return f"~ {one.directory or 'all'}, {one.name}: {one.before or '(none)'} -> {one.after or '(none)'}"
