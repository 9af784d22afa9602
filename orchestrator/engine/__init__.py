"""The Docker Engine that does the work: the one that is reachable, else a private one, and its emulators."""
