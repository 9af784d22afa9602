"""Reports of a run, from the ledger: gathered once as values, then written as JSON, JUnit, a page, badges or Markdown."""
