"""A comparison as the document of `diff --json`."""

from __future__ import annotations

from typing import Any

from orchestrator.compare.entries import summary_of
from orchestrator.compare.model import Comparison, Fate

_KEYS = {
    Fate.NEW: "new",
    Fate.BUILT: "built_again",
    Fate.PROVEN: "proven_again",
    Fate.RETAGGED: "tagged_anew",
    Fate.GONE: "gone",
    Fate.KEPT: "kept",
}


def document_of(comparison: Comparison) -> dict[str, Any]:
    """Describe all of it.

    `changes` is a list of `{"topic", "kind", "subject", "before", "after", "where"}`: topic one of `Topic`, kind added, removed or changed, `before`
    and `after` a string or null, empty where being there is all; `where` the lines, suites or images. `cells` maps each fate to ids.
    """
    return {
        "before": comparison.before,
        "after": comparison.after,
        "empty": comparison.empty,
        "text_changed": comparison.text_changed,
        "summary": summary_of(comparison),
        "changes": [
            {
                "topic": str(change.topic),
                "kind": str(change.kind),
                "subject": change.subject,
                "before": change.before,
                "after": change.after,
                "where": list(change.where),
            }
            for change in comparison.changes
        ],
        "cells": {key: [cell.id for cell in comparison.fated(fate)] for fate, key in _KEYS.items()},
        "notes": list(comparison.notes),
    }
