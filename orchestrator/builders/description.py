"""What `docker buildx inspect` says of a builder. It has no JSON form, so its lines are read.

Source of the form: https://github.com/docker/buildx/blob/master/commands/inspect.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"^(?P<key>[A-Z][^:]*):\s*(?P<value>.*)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One node of a builder. `platforms` are as printed, without the star of those that were set by hand; `error` is empty when it answers."""

    name: str
    endpoint: str
    status: str
    error: str
    platforms: tuple[str, ...]

    @property
    def running(self) -> bool:
        """Whether a build can be sent to it right now."""
        return self.status == "running" and not self.error


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """A builder as buildx sees it; a builder that cannot be loaded has an error and no parts."""

    driver: str
    error: str
    parts: tuple[Part, ...]


def read_description(text: str) -> Description:
    """Read the output of `docker buildx inspect NAME`; lines that it does not know are skipped."""
    head, *_ = blocks = _blocks(text)
    return Description(
        driver=head.get("Driver", ""),
        error=head.get("Error", ""),
        parts=tuple(
            Part(
                name=block.get("Name", ""),
                endpoint=block.get("Endpoint", ""),
                status=block.get("Status", ""),
                error=block.get("Error", ""),
                platforms=tuple(
                    word for word in (part.strip(" *") for part in block.get("Platforms", "").split(",")) if word
                ),
            )
            for block in blocks[1:]
        ),
    )


def _blocks(text: str) -> list[dict[str, str]]:
    """Cut into the builder's own lines and those of each node; labels and policies are indented or have keys that nobody asks for."""
    blocks: list[dict[str, str]] = [{}]
    below = False
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        key = match["key"]
        if key == "Nodes" and not below:
            below = True
            continue
        if below and key == "Name":
            blocks.append({})
        blocks[-1].setdefault(key, match["value"].strip())
    return blocks
