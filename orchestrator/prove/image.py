"""What an image's config says, as values.

Source: https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's own fields beside it:
https://github.com/moby/docker-image-spec/blob/main/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_COMMENT = " # buildkit"
_NOP = "/bin/sh -c #(nop) "
#: Fields of `config` that have a place of their own here; anything else that is set is listed in `others`.
_KNOWN = frozenset({"Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Labels", "ArgsEscaped"})
#: What the classic builder and `docker commit` write about the container that an image was made from: no run of the image sees it.
_OF_THE_BUILDER = frozenset(
    {"Image", "Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One instruction: `text` as a Dockerfile has it, on one line; `empty` where it made no layer."""

    text: str
    empty: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageConfig:
    """The config: platform, what a container of the image starts with, and how it was made.

    `others` are further fields that change how a container runs (ports, volumes, a health check ...), by name. `created` is a time as
    RFC 3339 has it; empty where none is stated. `texts` are all names and strings of the document, known here or not.
    """

    os: str
    architecture: str
    variant: str
    environment: tuple[str, ...]
    command: tuple[str, ...]
    entrypoint: tuple[str, ...]
    directory: str
    user: str
    labels: Mapping[str, str]
    others: Mapping[str, Any]
    history: tuple[HistoryEntry, ...]
    created: str = ""
    texts: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """`linux/arm64/v8`, as far as it is stated."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def own_history(self) -> tuple[HistoryEntry, ...]:
        """The instructions above the base: from the first one that our Dockerfiles have; all, where that is not found."""
        start = self._own_start()
        return self.history if start is None else self.history[start:]

    @property
    def base_layers(self) -> int:
        """How many layers came with the base; 0 where the history does not tell, so that every layer counts as ours."""
        start = self._own_start()
        return 0 if start is None else sum(not entry.empty for entry in self.history[:start])

    def _own_start(self) -> int | None:
        return next((n for n, entry in enumerate(self.history) if entry.text.startswith(_FIRST)), None)


#: The first instruction of every Dockerfile of this family, upstream's own included: no base puts /usr/local/bin first.
_FIRST = "ENV PATH=/usr/local/bin:"


def parse_config(document: Mapping[str, Any]) -> ImageConfig:
    """Read a config blob; what is missing is empty."""
    config: Mapping[str, Any] = document.get("config") or {}
    return ImageConfig(
        os=str(document.get("os") or ""),
        architecture=str(document.get("architecture") or ""),
        variant=str(document.get("variant") or ""),
        environment=_words(config.get("Env")),
        command=_words(config.get("Cmd")),
        entrypoint=_words(config.get("Entrypoint")),
        directory=str(config.get("WorkingDir") or ""),
        user=str(config.get("User") or ""),
        labels={str(name): str(value) for name, value in (config.get("Labels") or {}).items()},
        others={
            name: value
            for name, value in config.items()
            if value and name not in _KNOWN and name not in _OF_THE_BUILDER
        },
        history=tuple(
            HistoryEntry(text=instruction(str(entry.get("created_by") or "")), empty=bool(entry.get("empty_layer")))
            for entry in document.get("history") or ()
        ),
        created=str(document.get("created") or ""),
        texts=tuple(_texts(document)),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def instruction(text: str) -> str:
    """Bring an instruction into one form: as in a Dockerfile, on one line, without what a builder adds to it."""
    text = text.removesuffix(_COMMENT)
    if text.startswith(_NOP):
        text = text.removeprefix(_NOP).strip()
    elif text.startswith("/bin/sh -c "):
        text = f"RUN {text}"
    text = text.replace("\\\n", " ")
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"^(CMD|ENTRYPOINT) \[(.*)\]$", lambda match: f"{match[1]} [{_list(match[2])}]", text)


def _list(text: str) -> str:
    """The classic builder writes lists without commas: `["python" "-c"]`."""
    return ", ".join(re.findall(r'"(?:[^"\\]|\\.)*"', text))


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value)
