"""Emulated builds at nearly native speed: the building machine's own programs, handed in, and shown to do the same work first."""
