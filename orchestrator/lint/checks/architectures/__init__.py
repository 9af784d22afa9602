"""A4xx: architectures, of the matrix and of the bases."""

from orchestrator.lint.checks.architectures import absent_base, base_has_more, base_lacks, lacking, nowhere

CHECKS = (lacking.CHECK, nowhere.CHECK, absent_base.CHECK, base_lacks.CHECK, base_has_more.CHECK)
