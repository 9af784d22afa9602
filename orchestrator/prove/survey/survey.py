"""An image's files as its layers give them, one upon the other; and what the base alone has."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from orchestrator.prove.survey.layer import File, FileKind, Layer

#: A symlink that leads on through more than this is taken for a loop, as the kernel does.
#: https://man7.org/linux/man-pages/man7/path_resolution.7.html
_HOPS = 40


@dataclass(frozen=True, kw_only=True)
class View:
    """Some layers merged: absolute path to file, and the contents that are kept."""

    files: Mapping[str, File]
    contents: Mapping[str, bytes]

    def resolve(self, path: str) -> str | None:
        """Follow symlinks, in the path's directories too; None where it leads nowhere."""
        left = _HOPS
        done = "/"
        parts = [part for part in path.split("/") if part][::-1]
        while parts:
            part = parts.pop()
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            found = self.files.get(here)
            if found is None:
                return None
            if found.kind is not FileKind.SYMLINK:
                done = here
                continue
            left -= 1
            if left < 0:
                return None
            if found.target.startswith("/"):
                done = "/"
            parts += [one for one in found.target.split("/") if one not in {"", "."}][::-1]
        return done

    def below(self, directory: str) -> Iterator[tuple[str, File]]:
        """Every path below a directory, sorted."""
        prefix = directory.rstrip("/") + "/"
        return ((path, self.files[path]) for path in sorted(self.files) if path.startswith(prefix))

    def text(self, path: str) -> str:
        """A kept file's content; empty where it is not there."""
        return self.contents.get(path, b"").decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """An image's layers, lowest first; the first `base_layers` of them came with the base."""

    layers: tuple[Layer, ...]
    base_layers: int

    @cached_property
    def whole(self) -> View:
        """What a container of the image sees."""
        return merge(self.layers)

    @cached_property
    def base(self) -> View:
        """What the base alone has."""
        return merge(self.layers[: self.base_layers])

    @cached_property
    def own(self) -> Mapping[str, File]:
        """What the layers above the base added or changed, as the image has it in the end; directories left out."""
        return {
            path: file
            for path, file in self.whole.files.items()
            if file.layer >= self.base_layers and file.kind is not FileKind.DIRECTORY
        }

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """Files that one layer above the base brought and a later one removed: gone from sight, not from the image."""
        gone = []
        for number in range(self.base_layers, len(self.layers)):
            for path in sorted(self.layers[number].files):
                file = self.layers[number].files[path]
                if file.kind is FileKind.FILE and path not in self.whole.files:
                    gone.append(path)
        return tuple(dict.fromkeys(gone))


def merge(layers: Sequence[Layer]) -> View:
    """Lay layers upon each other: whiteouts first, then what the layer brings."""
    files: dict[str, File] = {}
    contents: dict[str, bytes] = {}
    for number, layer in enumerate(layers):
        for directory in layer.emptied:
            _drop(files, contents, directory, itself=False)
        for path in layer.removed:
            _drop(files, contents, path, itself=True)
        for path, file in layer.files.items():
            before = files.get(path)
            if before is not None and before.kind is FileKind.DIRECTORY and file.kind is not FileKind.DIRECTORY:
                _drop(files, contents, path, itself=True)
            contents.pop(path, None)
            files[path] = replace(file, layer=number)
            if path in layer.contents:
                contents[path] = layer.contents[path]
    return View(files=files, contents=contents)


def _drop(files: dict[str, File], contents: dict[str, bytes], path: str, *, itself: bool) -> None:
    prefix = path.rstrip("/") + "/"
    for gone in [one for one in files if one.startswith(prefix) or (itself and one == path)]:
        del files[gone]
        contents.pop(gone, None)
