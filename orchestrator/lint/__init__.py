"""Checks of what is committed, beyond what loading refuses: matrix, rules, templates, Dockerfiles, tags, and with `--online` what they lead to."""
