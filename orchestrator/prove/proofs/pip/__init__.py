"""That pip works, at the pinned version, and that nothing else is installed with it."""

from orchestrator.prove.proofs.pip import distributions, files, install, version

PROOFS = (distributions.PROOF, files.PROOF, version.PROOF, install.PROOF)
