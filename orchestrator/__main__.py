"""`python -m orchestrator` and the console script: the only place that turns an error into an exit."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn


def main(commands: Sequence[Sequence[str]] = ()) -> None:
    """Run the command line (or commands in its place, up to the first that fails) and exit with its code."""
    # A CI system that gives up on a job sends TERM: end as cleanly as for Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    # A script's background job inherits an ignored INT; who sends one to this process all the same means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        from orchestrator.cli.group import complete, run  # noqa: PLC0415 - keeps `import orchestrator` free of the command line

        # Set by a shell that completes a line: see `orchestrator/completion/protocol.py`.
        if instruction := os.environ.get("_ORCHESTRATOR_COMPLETE"):
            sys.exit(complete(instruction, sys.argv[1:]))
        sys.exit(next((code for code in map(run, commands or (sys.argv[1:],)) if code), 0))
    except KeyboardInterrupt:
        sys.exit(130)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
