"""Containers of images under proof: limited from the host, without network, and removed whatever happens."""
