"""D3xx: rendered Dockerfiles and the templates that they come from."""

from orchestrator.lint.checks.dockerfiles import (
    missing,
    orphaned,
    package_order,
    stale,
    unknown_name,
    unrenderable,
    unused_template,
)

CHECKS = (
    stale.CHECK,
    missing.CHECK,
    orphaned.CHECK,
    unrenderable.CHECK,
    unknown_name.CHECK,
    unused_template.CHECK,
    package_order.CHECK,
)
