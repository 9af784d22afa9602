"""That the interpreter starts, and is the release that the tags promise."""

from orchestrator.prove.proofs.interpreter import starts, version

PROOFS = (starts.PROOF, version.PROOF)
