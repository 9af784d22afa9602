"""What a shell offers when TAB is pressed: real values, from the matrix, the rules, the proofs, the settings and the ledger."""
