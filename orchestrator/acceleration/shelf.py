"""Where native tools lie: `<identity>/` with a record and an OCI image layout, below one root."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from orchestrator.acceleration.model import Made, ToolsPlan
from orchestrator.bases.oci import LayoutError, check_layout
from orchestrator.system.files import locked, write_atomically

#: Seconds after which using tools is written down again: `prune` keeps what is in use, to the day.
_NOTED = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is remembered of tools; `size` is the compressed bytes, `seconds` what making them took, `made` and `used` seconds since the epoch."""

    suite: str
    target: str
    host: str
    base_digest: str
    digest: str
    size: int
    seconds: float
    made: float
    used: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """All tools of one user."""

    root: Path
    clock: Callable[[], float] = time.time

    def directory(self, identity: str) -> Path:
        """Where tools of an identity lie."""
        return self.root / identity

    def read(self, identity: str) -> Record | None:
        """Return the record, if there is one and its layout is whole."""
        directory = self.directory(identity)
        with contextlib.suppress(OSError, ValueError, LayoutError):
            record = _shape().validate_json((directory / "record.json").read_bytes(), strict=True, extra="forbid")
            check_layout(directory / "layout", record.digest)
            return record
        return None

    def made(self, plan: ToolsPlan) -> Made | None:
        """Give tools that are there, and note that they are used."""
        record = self.read(plan.identity)
        if record is None:
            return None
        if self.clock() - record.used > _NOTED:
            with contextlib.suppress(OSError):
                self._write(plan.identity, replace(record, used=self.clock()))
        return self._form(plan, record)

    def place(self, plan: ToolsPlan, layout: Path, record: Record) -> Made:
        """Move a finished layout to its place, and remember it. What lies there is not whole, or it would have been used."""
        directory = self.directory(plan.identity)
        shutil.rmtree(directory / "layout", ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        shutil.move(layout, directory / "layout")
        self._write(plan.identity, record)
        return self._form(plan, record)

    def forget(self, made: Made) -> None:
        """Let tools be made again that turned out to be of other versions than what they stand in for."""
        (made.layout.parent / "record.json").unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, plan: ToolsPlan) -> Iterator[None]:
        """Keep others from making the same tools."""
        with locked(self.root / "locks" / plan.identity, what=str(plan.tools), wait=1800.0):
            yield

    def _write(self, identity: str, record: Record) -> None:
        write_atomically(
            self.directory(identity) / "record.json", (json.dumps(asdict(record), indent=2) + "\n").encode()
        )

    def _form(self, plan: ToolsPlan, record: Record) -> Made:
        return Made(
            tools=plan.tools,
            identity=plan.identity,
            layout=self.directory(plan.identity) / "layout",
            digest=record.digest,
            size=record.size,
            seconds=record.seconds,
        )


@cache
def _shape() -> TypeAdapter[Record]:
    return TypeAdapter(Record)
