"""Base images: pinned by digest in a registry, or bootstrapped from a Debian mirror."""
