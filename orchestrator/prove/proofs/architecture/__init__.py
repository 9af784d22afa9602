"""Is the image for the architecture that it is tagged with? What its config says, what its files are, what runs."""

from orchestrator.prove.proofs.architecture import elf, interpreter, machine, platform

PROOFS = (platform.PROOF, interpreter.PROOF, elf.PROOF, machine.PROOF)
