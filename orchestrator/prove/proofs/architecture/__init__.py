"""That the image is for the architecture that it is tagged with: what its config says, what its files are, what runs."""

from orchestrator.prove.proofs.architecture import elf, interpreter, machine, platform

PROOFS = (platform.PROOF, interpreter.PROOF, elf.PROOF, machine.PROOF)
