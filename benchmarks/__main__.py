"""`make bench`: what this program costs. Writes `benchmarks/results.json` with machine, versions and date; prints the README's tables."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime

from benchmarks import commands, nightly, proofs, scheduling
from orchestrator import __version__


def main() -> None:
    """Measure, write, print."""
    of_commands, of_scheduling, of_nights = commands.measure(), scheduling.measure(), nightly.measure()
    of_proofs = proofs.measure()
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "orchestrator": __version__,
        "python": platform.python_version(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        **of_commands,
        "scheduling": of_scheduling,
        "nightly": of_nights,
        "proofs": of_proofs,
    }
    (commands.ROOT / "benchmarks" / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    tables = (
        commands.table(of_commands),
        scheduling.table(of_scheduling),
        nightly.table(of_nights),
        proofs.table(of_proofs),
    )
    sys.stdout.write("\n\n".join("\n".join(one) for one in tables) + "\n")


if __name__ == "__main__":
    main()
