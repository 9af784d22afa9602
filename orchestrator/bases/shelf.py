"""Where bootstrapped bases lie: `<reference>/<architecture>/` with a record and layouts by digest, below one root.

A newer base gets a directory of its own and the record is switched over, so a build that still reads the old one is not disturbed.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.bases.model import Base, How
from orchestrator.bases.oci import LayoutError, check_layout
from orchestrator.system.files import locked, write_atomically


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is remembered of a base.

    `release` is the digest of the suite's Release file, `recipe` that of everything else that went in; `built` and `checked` (when the
    mirror was last asked) are seconds since the epoch.
    """

    reference: str
    architecture: str
    digest: str
    release: str
    recipe: str
    built: float
    checked: float
    size: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """The place of one base of one architecture."""

    root: Path
    reference: str
    architecture: str

    @property
    def directory(self) -> Path:
        """Its directory; the reference is made into one name that no other reference makes."""
        name = self.reference.replace("/", "++").replace(
            ":", "+"
        )  # a reference has no plus sign; buildx takes it in a path
        return self.root / "images" / name / self.architecture

    def layout(self, digest: str) -> Path:
        """Where the layout of a digest lies."""
        return self.directory / digest.removeprefix("sha256:")

    def read(self) -> Record | None:
        """Return the record, if there is one and its layout is whole."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            record = Record(**json.loads((self.directory / "record.json").read_text(encoding="utf-8")))
            with contextlib.suppress(LayoutError):
                check_layout(self.layout(record.digest), record.digest)
                return record
        return None

    def write(self, record: Record) -> None:
        """Remember a base whose layout is in its place."""
        write_atomically(self.directory / "record.json", (json.dumps(asdict(record), indent=2) + "\n").encode())

    def place(self, made: Path, digest: str) -> None:
        """Move a finished layout to its place."""
        target = self.layout(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            try:
                check_layout(target, digest, thorough=True)
            except LayoutError:
                shutil.rmtree(target)
            else:
                return  # the same bytes once more: somebody may be reading them
        made.rename(target)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep others from making the same base; one may wait for a whole bootstrap."""
        with locked(self.directory / "lock", what=f"{self.reference} for {self.architecture}", wait=3600.0):
            yield

    def base(self, record: Record, built: str) -> Base:
        """Give the public form; `built` as ISO 8601."""
        return Base(
            reference=record.reference,
            architecture=record.architecture,
            layout=self.layout(record.digest),
            digest=record.digest,
            built=built,
            how=How.BOOTSTRAPPED,
            size=record.size,
            seconds=record.seconds,
        )


def records(root: Path) -> Iterator[tuple[Slot, Record]]:
    """All whole bases, by reference and architecture."""
    for path in sorted((root / "images").glob("*/*/record.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            raw = json.loads(path.read_text(encoding="utf-8"))
            slot = Slot(root=root, reference=raw["reference"], architecture=raw["architecture"])
            record = slot.read()
            if record is not None and slot.directory == path.parent:
                yield slot, record


def prune(root: Path, keep: set[tuple[str, str]]) -> list[Path]:
    """Remove what is not current, and what is not in `keep` (reference, architecture); returns the directories removed."""
    removed: list[Path] = []
    current: dict[Path, tuple[Slot, Record]] = {slot.directory: (slot, record) for slot, record in records(root)}
    for directory in sorted(path for path in (root / "images").glob("*/*") if path.is_dir()):
        slot, record = current.get(directory, (None, None))
        wanted = slot is not None and (slot.reference, slot.architecture) in keep
        with locked(directory / "lock", what=str(directory)):
            layouts = [path for path in directory.iterdir() if path.is_dir()]
            if not wanted:
                (directory / "record.json").unlink(missing_ok=True)
            for layout in layouts:
                if not wanted or slot is None or record is None or layout != slot.layout(record.digest):
                    shutil.rmtree(layout)
                    removed.append(layout)
    return removed
