"""What proofs bring along: packages for pip, certificates for TLS. Made when they are needed; nothing of it lies in the repository."""
