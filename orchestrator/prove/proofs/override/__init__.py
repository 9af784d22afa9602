"""That a user can run something else in the image than its command."""

from orchestrator.prove.proofs.override import command, default, entrypoint

PROOFS = (command.PROOF, entrypoint.PROOF, default.PROOF)
