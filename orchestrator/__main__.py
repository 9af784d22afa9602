"""`python -m orchestrator` and the console script: the only place that turns an error into an exit."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from orchestrator.cli.group import run  # noqa: PLC0415 - keeps `import orchestrator` free of the command line

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
