"""Building a cell: the buildx call, its progress, its result."""
