"""`make bench`: what this program costs. Writes `benchmarks/results.json` with machine, versions and date; prints the README's tables."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime

from benchmarks import commands, proofs
from orchestrator import __version__


def main() -> None:
    """Measure, write, print."""
    of_commands, of_proofs = commands.measure(), proofs.measure()
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "orchestrator": __version__,
        "python": platform.python_version(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        **of_commands,
        "proofs": of_proofs,
    }
    (commands.ROOT / "benchmarks" / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join([*commands.table(of_commands), "", *proofs.table(of_proofs)]) + "\n")


if __name__ == "__main__":
    main()
