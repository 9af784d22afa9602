"""That exactly the extension modules are there that the recipe leads to."""

from orchestrator.prove.proofs.modules import files, imports

PROOFS = (files.PROOF, imports.PROOF)
