"""Safe mends, put together per file and written atomically, or only shown."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Finding
from orchestrator.lint.positions import shown
from orchestrator.system.files import write_atomically


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A file before and after; None where it is not there."""

    path: Path
    before: str | None
    after: str | None

    @property
    def diff(self) -> str:
        """Unified diff."""
        name = shown(self.path)
        return "".join(
            difflib.unified_diff(
                (self.before or "").splitlines(keepends=True),
                (self.after or "").splitlines(keepends=True),
                fromfile=f"a/{name}" if self.before is not None else "/dev/null",
                tofile=f"b/{name}" if self.after is not None else "/dev/null",
            )
        )

    @property
    def done(self) -> str:
        """Say in a line what was done."""
        return f"{'removed' if self.after is None else 'wrote'} {shown(self.path)}"


def changes(findings: Sequence[Finding]) -> tuple[Changed, ...]:
    """Put together what the safe mends make of each file. Nothing is written. Raises `InvalidFileError`."""
    before: dict[Path, str | None] = {}
    after: dict[Path, str | None] = {}
    for finding in findings:
        if (rewrite := finding.spot.rewrite) is not None:
            if rewrite.path not in before:
                before[rewrite.path] = after[rewrite.path] = _read(rewrite.path)
            after[rewrite.path] = rewrite.change(after[rewrite.path])
    return tuple(
        Changed(path=path, before=before[path], after=text) for path, text in after.items() if text != before[path]
    )


def write(changed: Sequence[Changed], root: Path) -> None:
    """Write files, each as a whole or not at all; directories below `root` that become empty go, too. Raises `InvalidFileError`."""
    for one in changed:
        try:
            if one.after is not None:
                # Line ends are as the text has them.
                write_atomically(one.path, one.after.encode())
                continue
            one.path.unlink(missing_ok=True)
        except OSError as error:
            raise InvalidFileError(
                f"{one.path}: cannot be changed: {error.strerror}",
                mend="make the directory writable, or free some space",
            ) from None
        with contextlib.suppress(OSError):  # the first one that is not empty
            for directory in one.path.relative_to(root).parents[:-1]:
                (root / directory).rmdir()


def settled(first: Sequence[Finding], left: Sequence[Finding]) -> tuple[Finding, ...]:
    """Join what was found before mending and what is found after it: what was mended and is not found again is `fixed`."""
    still = {_identity(one) for one in left}
    return (
        *(replace(one, fixed=True) for one in first if one.fixable and _identity(one) not in still),
        *left,
    )


def _identity(one: Finding) -> tuple[str, str, str]:
    """What a finding is known by when its file has changed: not the line."""
    file, _, line = one.spot.place.rpartition(":")
    return one.code, file if line.isdigit() else one.spot.place, one.spot.message


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFileError(f"{path}: cannot be read: {error}", mend="make it a readable file") from None
