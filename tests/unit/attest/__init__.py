"""Attestations and signatures."""
