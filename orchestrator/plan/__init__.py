"""What would be done to each cell, and why; decided from keys and the ledger, without an engine."""
