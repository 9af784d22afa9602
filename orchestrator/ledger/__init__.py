"""The memory between runs: one SQLite file with runs, attempts, phases and proofs."""
