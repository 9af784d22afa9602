"""BuildKit's progress as `buildx --progress=rawjson` writes it: a stream of JSON objects, with plain text where buildx itself speaks.

Source: https://github.com/moby/buildkit/blob/master/client/graph.go (SolveStatus: vertexes, statuses, logs)
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Vertex:
    """One state of a build step. `started` and `completed` are None until it is so; `error` is empty unless it failed."""

    digest: str
    name: str
    started: datetime | None
    completed: datetime | None
    cached: bool
    error: str

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        if self.started is None or self.completed is None:
            return 0.0
        return (self.completed - self.started).total_seconds()


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOutput:
    """What a step wrote."""

    vertex: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A line of plain text between the objects: buildx's own errors and warnings."""

    text: str


Event = Vertex | LogOutput | Said


class Decoder:
    """Turns the bytes of the stream into events, whatever the pieces they come in."""

    def __init__(self) -> None:
        self._text = ""
        self._pending = b""
        self._json = json.JSONDecoder()

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take the next bytes; yields what is complete by now."""
        data = self._pending + data
        # A multi-byte character may be cut in two by the pipe.
        keep = next((n for n in range(1, 4) if len(data) >= n and data[-n] >= 0xC0), 0)
        self._pending = data[len(data) - keep :] if keep else b""
        self._text += data[: len(data) - keep].decode("utf-8", "replace")
        yield from self._events(last=False)

    def close(self) -> Iterator[Event]:
        """Take what is left at the end of the stream; an object cut off by a kill comes out as text."""
        self._text += self._pending.decode("utf-8", "replace")
        self._pending = b""
        yield from self._events(last=True)

    def _events(self, *, last: bool) -> Iterator[Event]:
        while True:
            self._text = self._text.lstrip()
            if not self._text:
                return
            if self._text.startswith("{"):
                try:
                    value, end = self._json.raw_decode(self._text)
                except json.JSONDecodeError:
                    # Incomplete, unless a new object begins on a line of its own: then this one was never one.
                    if not last and "\n{" not in self._text:
                        return
                else:
                    written, self._text = self._text[:end], self._text[end:]
                    try:
                        events: list[Event] = list(_of_status(value))
                    except (AttributeError, TypeError, ValueError):
                        events = [Said(text=written)]  # JSON, but not BuildKit's
                    yield from events
                    continue
            line, newline, rest = self._text.partition("\n")
            if not newline and not last:
                return
            self._text = rest
            yield Said(text=line.rstrip())


def _of_status(status: dict[str, Any]) -> Iterator[Event]:
    for vertex in status.get("vertexes") or ():
        yield Vertex(
            digest=str(vertex.get("digest", "")),
            name=str(vertex.get("name", "")),
            started=_time(vertex.get("started")),
            completed=_time(vertex.get("completed")),
            cached=bool(vertex.get("cached")),
            error=str(vertex.get("error", "")),
        )
    for log in status.get("logs") or ():
        yield LogOutput(vertex=str(log.get("vertex", "")), data=base64.b64decode(log.get("data") or ""))


def _time(text: str | None) -> datetime | None:
    """Read Go's RFC 3339 with nanoseconds; Python keeps microseconds."""
    if not text:
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
