"""The proofs, a folder per kind and a file per proof; `orchestrator.prove.catalogue` lists them in the order they are made."""
