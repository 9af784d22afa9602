"""Whether a tarball is signed by the key that a line pins: gpg, in a home of its own, read by its status lines."""
