"""What a comparison with a registry found, as people and machines read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestrator.reconcile.model import Compared, Finding
from orchestrator.report.wording import count

_NOWHERE = "declared nowhere"


def describe_compared(found: Compared) -> dict[str, Any]:
    """Give the public JSON form."""
    return {
        "findings": [_described(one) for one in found.findings],
        "checked": found.checked,
        "requests": found.requests,
        "former": found.former,
        "fixed": [_described(one) for one in found.fixed],
        "notes": list(found.notes),
    }


def _described(one: Finding) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "image": one.image,
        **({"cell": one.cell} if one.cell else {}),
        "reference": one.reference,
        "expected": one.expected,
        "seen": one.seen,
        "reason": one.reason,
        "mend": one.mend,
    }


def compared_lines(found: Compared) -> list[str]:
    """Write a line for each finding, those of an image together; tags of which the same is to be said share one."""
    lines: list[str] = []
    for image in dict.fromkeys(one.image for one in found.findings):
        some = [one for one in found.findings if one.image == image]
        width = max(len(one.kind) for one in some)
        lines.append(image or _NOWHERE)
        lines += [f"  {group[0].kind:{width}}  {_line(group)}" for group in _alike(some)]
    kinds = Counter(str(one.kind) for one in found.findings)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    said = f"{count(len(found.findings), 'finding')} ({told})" if kinds else "all is as it should be"
    if found.fixed:
        said = f"{count(len(found.fixed), 'finding')} mended, " + (f"left: {said}" if kinds else said)
    former = f"; {count(found.former, 'tag')} of former releases" if found.former else ""
    lines += found.notes
    return [
        *lines,
        f"{count(found.checked, 'reference')} looked at in {count(found.requests, 'request')}: {said}{former}",
    ]


def _alike(some: Sequence[Finding]) -> list[list[Finding]]:
    groups: dict[object, list[Finding]] = {}
    for one in some:
        apart = one.reference if not one.image else ""
        groups.setdefault((one.kind, one.cell, one.expected, one.seen, one.reason, one.mend, apart), []).append(one)
    return list(groups.values())


def _line(group: Sequence[Finding]) -> str:
    first = group[0]
    more = f" and {count(len(group) - 1, 'tag')} more" if len(group) > 1 else ""
    digests = [
        f"{word} {digest[:19]}"
        for word, digest in (("there:", first.seen), ("expected:", first.expected))
        if digest is not None
    ]
    shown = f" ({', '.join(digests)})" if digests else ""
    return f"{first.reference}{more}: {first.reason}{shown}; mend: {first.mend}"
