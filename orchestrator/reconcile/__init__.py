"""A registry is compared with what should be there, and mended."""
