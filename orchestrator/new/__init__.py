"""Adding a line, a suite, an Alpine release or an architecture to the matrix: what a maintainer has to answer, and what comes of it."""
