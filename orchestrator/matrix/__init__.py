"""The first stage: `versions.json` in, a typed and frozen `Matrix` out. Nothing after it sees a dict or unvalidated text."""
