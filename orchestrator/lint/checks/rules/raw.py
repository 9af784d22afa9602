"""Rules that do not load, read leniently: to tell one of them without a reason from other trouble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from orchestrator.errors import InvalidFileError
from orchestrator.lint.subject import Subject
from orchestrator.system.strict import Place

_REASON = ("why", "link")


@dataclass(frozen=True, kw_only=True, slots=True)
class RawRule:
    """A rule by its place: `missing` names what its reason lacks (`why`, `link`), `link` is as it is written."""

    file: str
    place: Place
    missing: tuple[str, ...]
    link: str

    @property
    def unreasoned(self) -> bool:
        """Whether the sentence or the link is not there."""
        return bool(self.missing)

    @property
    def insecure(self) -> bool:
        """Whether its link is none with TLS."""
        return bool(self.link) and not self.link.startswith("https://")


def raw_rules(subject: Subject) -> Iterator[RawRule]:
    """List the rules of those files that are YAML; nothing where the rules load, as they are known to be right then."""
    if not isinstance(subject.rules, InvalidFileError):
        return
    for path in sorted(subject.rules_directory.glob("*.yaml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, OSError, UnicodeDecodeError):
            continue
        for place, rule in _rules(content, ()):
            missing = tuple(key for key in _REASON if not str(rule.get(key) or "").strip())
            yield RawRule(file=path.name, place=place, missing=missing, link=str(rule.get("link") or ""))


def _rules(value: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Find the mappings that stand in lists: the rules, in a list of the file or of one of its keys."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            if isinstance(one, dict):
                yield (*place, index), one
    elif isinstance(value, dict) and not place:
        for key, one in value.items():
            yield from _rules(one, (key,))
