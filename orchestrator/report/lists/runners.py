"""Which machine of a CI system a job goes to: `--runner ARCH=LABEL`, else a default for each architecture."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from orchestrator.errors import UsageError
from orchestrator.system.strict import did_you_mean

#: Labels are names, or expressions over names (Jenkins: `linux && arm64`).
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/&|!()-]{0,199}")


def read_runners(words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Read `ARCH=LABEL` words into labels by architecture. Raises `UsageError` for what is none, and for an architecture named twice."""
    labels: dict[str, str] = {}
    for word in words:
        arch, equals, label = word.partition("=")
        if not equals or not _LABEL.fullmatch(label):
            raise UsageError(
                f'"{word[:80]}" is not a runner', mend="write ARCH=LABEL, such as arm64v8=ubuntu-24.04-arm"
            )
        if arch not in known:
            raise UsageError(f'there is no architecture "{arch[:80]}" in the matrix', mend=did_you_mean(arch, known))
        if arch in labels:
            raise UsageError(f"{arch} has two runners", mend=f"give --runner {arch}=... once")
        labels[arch] = label
    return labels


def label_of(architectures: Iterable[str], labels: Mapping[str, str], default: str) -> str:
    """Choose the runner of a job: that of the first of its architectures that has one of its own."""
    return next((labels[one] for one in architectures if one in labels), default)
