"""R2xx: the rules, by themselves and together with the matrix."""

from orchestrator.lint.checks.rules import (
    absent_suite,
    both_roles,
    dead_link,
    doubled,
    idle,
    impossible,
    insecure_link,
    loading,
    misspelt_suite,
    reason,
    unfit,
)

CHECKS = (
    loading.CHECK,
    reason.CHECK,
    insecure_link.CHECK,
    impossible.CHECK,
    idle.CHECK,
    absent_suite.CHECK,
    misspelt_suite.CHECK,
    doubled.CHECK,
    both_roles.CHECK,
    unfit.CHECK,
    dead_link.CHECK,
)
