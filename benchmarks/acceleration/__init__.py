"""What native tools make of emulated builds: native, plain and accelerated ones by phase, rebuilds, and whether the images are equal."""
