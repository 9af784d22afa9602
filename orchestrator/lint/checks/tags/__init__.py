"""T5xx: tags, by themselves and compared with those of an earlier commit."""

from orchestrator.lint.checks.tags import (
    back,
    doubled,
    forward,
    replaced,
    retired,
    superseded,
    uncompared,
    vanished,
)

CHECKS = (
    doubled.CHECK,
    vanished.CHECK,
    back.CHECK,
    replaced.CHECK,
    forward.CHECK,
    superseded.CHECK,
    retired.CHECK,
    uncompared.CHECK,
)
