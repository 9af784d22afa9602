"""Does the interpreter start, and is it the release that the tags promise?"""

from orchestrator.prove.proofs.interpreter import starts, version

PROOFS = (starts.PROOF, version.PROOF)
