"""Is the image safe to hand out, and does it live with the restrictions that careful users set?"""

from orchestrator.prove.proofs.security import confined, passwords, setuid, shellshock, writable

PROOFS = (passwords.PROOF, setuid.PROOF, writable.PROOF, shellshock.PROOF, confined.PROOF)
