"""That the image is the same on every architecture; made where the others have been built from the same Dockerfile, and are there."""

from orchestrator.prove.proofs.parity import configuration, content, files, packages

PROOFS = (files.PROOF, content.PROOF, packages.PROOF, configuration.PROOF)
