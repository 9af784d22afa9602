"""A bump of one line to a release whose checksum the maintainer gives; the tarball is fetched and verified before anything is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Line, Matrix
from orchestrator.matrix.places import offset_of
from orchestrator.render.tree import Rendered, render_images, write
from orchestrator.system.files import read_text, write_atomically
from orchestrator.system.strict import Place, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Bump:
    """What a bump means: the line before and after, the new text of the matrix, and the Dockerfiles that it changes."""

    before: Line
    after: Line
    text: str
    matrix: Matrix
    rendered: tuple[Rendered, ...]


def propose(path: Path, line: str, release: str, sha256: str) -> Bump:
    """Work out a bump without writing. Raises `UsageError` for a line that is not there, `InvalidFileError` for a result that is invalid."""
    text = read_text(path, what="matrix")
    matrix = parse_matrix(text, path)
    before = next((one for one in matrix.lines if one.name == line), None)
    if before is None:
        raise UsageError(
            f'there is no line "{line}" in {path}', mend=did_you_mean(line, [one.name for one in matrix.lines])
        )
    if before.release == release:
        raise UsageError(f"{line} is at {release} already", mend="give another release with --to")
    if before.source.pool is not None:
        raise UsageError(
            f"{line} takes its source from the Debian pool, which does not have {release}",
            mend=f'set "release", "sha256" and "pool" of lines["{line}"] in {path} by hand',
        )
    changed = _put(text, ("lines", line, "release"), before.release, release)
    changed = _put(changed, ("lines", line, "source", "sha256"), before.source.sha256, sha256)
    after_matrix = parse_matrix(changed, path)
    after = next(one for one in after_matrix.lines if one.name == line)
    rendered = render_images(after_matrix, after_matrix.images)
    return Bump(
        before=before,
        after=after,
        text=changed,
        matrix=after_matrix,
        rendered=tuple(one for one in rendered if one.committed != one.text),
    )


def verify(bump: Bump, inputs: Inputs) -> None:
    """Fetch the tarball of the new release. Raises `VerificationError` or `UnreachableError`; then nothing is to be written."""
    inputs.source(bump.after)


def apply(bump: Bump) -> None:
    """Write the matrix, then its Dockerfiles. After a crash between the two, `render` finishes it."""
    write_atomically(bump.matrix.path, bump.text.encode())
    write(bump.rendered)


def _put(text: str, place: Place, before: str, after: str) -> str:
    """Change one string of the document and nothing else of the file."""
    at = offset_of(text, place)
    old = json.dumps(before)
    if not text.startswith(old, at):
        raise UsageError(
            f"{'.'.join(map(str, place))} is not written plainly",
            mend="change it by hand, then run 'orchestrator render'",
        )
    return text[:at] + json.dumps(after) + text[at + len(old) :]
