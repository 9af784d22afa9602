"""M1xx: what `versions.json` says, beyond what loading refuses."""

from orchestrator.lint.checks.matrix import (
    architecture_order,
    archived,
    beyond_rules,
    default_alpine,
    foreign_alias,
    line_end,
    line_order,
    missing_alias,
    newest_alias,
    plain_http,
    signing_key,
    suite_end,
    unbuilt_variant,
    unlinked_reason,
    unused_suite,
    variant_order,
)

CHECKS = (
    unused_suite.CHECK,
    unbuilt_variant.CHECK,
    foreign_alias.CHECK,
    newest_alias.CHECK,
    missing_alias.CHECK,
    default_alpine.CHECK,
    signing_key.CHECK,
    line_end.CHECK,
    suite_end.CHECK,
    plain_http.CHECK,
    beyond_rules.CHECK,
    line_order.CHECK,
    variant_order.CHECK,
    architecture_order.CHECK,
    archived.CHECK,
    unlinked_reason.CHECK,
)
