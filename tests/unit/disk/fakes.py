"""An engine's images in memory, in the shape of the Docker SDK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from docker.errors import APIError, ImageNotFound


@dataclass
class FakeImages:
    """Maps references to ids; `times` says when an id was tagged last, `used` which references the engine will not give up."""

    by_reference: dict[str, str]
    times: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    broken: Exception | None = None

    @property
    def client(self) -> Any:
        return SimpleNamespace(
            api=SimpleNamespace(images=self._list), images=SimpleNamespace(get=self._get, remove=self._remove)
        )

    def _list(self) -> list[dict[str, Any]]:
        if self.broken is not None:
            raise self.broken
        return [
            {
                "Id": digest,
                "RepoTags": self._names(digest),
                "RepoDigests": [f"{name.rpartition(':')[0]}@{digest}" for name in self._names(digest)],
                "Size": 100,
                "Created": 0,
            }
            for digest in dict.fromkeys(self.by_reference.values())
        ]

    def _names(self, digest: str) -> Sequence[str]:
        return [name for name, one in self.by_reference.items() if one == digest]

    def _get(self, word: str) -> Any:
        self.asked.append(word)
        digest = word if word in self.by_reference.values() else self.by_reference.get(word)
        if digest is None:
            raise ImageNotFound("no such image")
        metadata = {"LastTagTime": self.times.get(digest, "0001-01-01T00:00:00Z")}
        return SimpleNamespace(id=digest, attrs={"Id": digest, "Created": "2019-01-01T00:00:00Z", "Metadata": metadata})

    def _remove(self, reference: str) -> None:
        if reference in self.used:
            raise APIError("conflict", explanation="container 12ab is using it")
        del self.by_reference[reference]
