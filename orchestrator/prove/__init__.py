"""Proofs: an image is shown to be what it says, on its own architecture, before it gets a tag."""
