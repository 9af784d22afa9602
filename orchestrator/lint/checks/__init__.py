"""The checks, a folder per kind and a file per check; `orchestrator.lint.catalogue` lists them in the order of their codes."""
