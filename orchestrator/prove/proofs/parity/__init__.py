"""That the image is the same on every architecture; made where the others have been built from the same Dockerfile, and are there."""

from orchestrator.prove.proofs.parity import configuration, files, packages

PROOFS = (files.PROOF, packages.PROOF, configuration.PROOF)
