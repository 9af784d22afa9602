"""Pushing what is proven: per-architecture tags first, then indexes, moving tags last."""
