"""That the examples work which the README shows to the users of the image."""

from orchestrator.prove.proofs.readme import dockerfile, script

PROOFS = (script.PROOF, dockerfile.PROOF)
