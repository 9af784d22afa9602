"""That the image is safe to hand out, and lives with the restrictions that careful users set."""

from orchestrator.prove.proofs.security import confined, passwords, setuid, shellshock, writable

PROOFS = (passwords.PROOF, setuid.PROOF, writable.PROOF, shellshock.PROOF, confined.PROOF)
