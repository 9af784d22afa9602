"""What a rendered Dockerfile will leave in an image's history: the instructions of its last stage and of those that it builds on."""

from __future__ import annotations

import re
import shlex

from orchestrator.prove.image import instruction

#: What the engine takes for PATH where no image sets it. https://github.com/moby/moby/blob/master/oci/defaults.go
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NOTHING: tuple[str, ...] = ()


def expand(value: str) -> str:
    """Fill in what an ENV value refers to: PATH as the bases have it."""
    return value.replace("$PATH", DEFAULT_PATH)


def instructions(dockerfile: str) -> tuple[str, ...]:
    """List the instructions above the base, in the form of `image.instruction`."""
    stages: dict[str, tuple[str, ...]] = {}
    name, current = "", _NOTHING
    for text in _logical_lines(dockerfile):
        word, _, rest = text.partition(" ")
        if word == "FROM":
            stages[name] = current
            source, *alias = [one for one in shlex.split(rest) if not one.startswith("--")]
            name = alias[1] if len(alias) > 1 else ""
            current = stages.get(source, _NOTHING)
        else:
            current = (*current, _as_recorded(word, rest))
    return current


def makes_layer(text: str) -> bool:
    """Tell whether an instruction makes a layer."""
    return text.startswith(("RUN ", "COPY ", "ADD ", "WORKDIR "))


def _logical_lines(dockerfile: str) -> list[str]:
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [line.strip() for line in "\n".join(lines).replace("\\\n", " ").splitlines()]


def _as_recorded(word: str, rest: str) -> str:
    """Mount flags and the stage that is copied from are not recorded."""
    rest = re.sub(r"^(?:--[a-z]+=\S+\s+)+", "", rest.strip())
    if word == "RUN":
        return instruction(f"RUN /bin/sh -c {rest}")
    return instruction(f"{word} {expand(rest) if word == 'ENV' else rest}")
