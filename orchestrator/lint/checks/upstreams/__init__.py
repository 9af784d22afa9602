"""U6xx: upstreams that rot. U60x read files only, U61x and U690 ask servers (`--online`)."""

from orchestrator.lint.checks.upstreams import (
    absent_pool,
    absent_source,
    absent_suite,
    absent_wheel,
    apt_key,
    departed_suite,
    get_pip,
    keyserver,
    plain_download,
    present_suite,
    unreached,
)

CHECKS = (
    keyserver.CHECK,
    get_pip.CHECK,
    plain_download.CHECK,
    apt_key.CHECK,
    departed_suite.CHECK,
    absent_source.CHECK,
    absent_pool.CHECK,
    absent_suite.CHECK,
    present_suite.CHECK,
    absent_wheel.CHECK,
    unreached.CHECK,
)
