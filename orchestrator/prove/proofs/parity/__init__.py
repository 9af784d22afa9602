"""Is the image the same on every architecture? Made where the others have been built from the same Dockerfile, and are there."""

from orchestrator.prove.proofs.parity import configuration, files, packages

PROOFS = (files.PROOF, packages.PROOF, configuration.PROOF)
