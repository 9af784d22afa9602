"""Does pip work, at the pinned version, and is nothing else installed with it?"""

from orchestrator.prove.proofs.pip import distributions, install, version

PROOFS = (distributions.PROOF, version.PROOF, install.PROOF)
