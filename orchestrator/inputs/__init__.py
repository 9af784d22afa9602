"""What a build needs from upstream (tarballs, wheels): fetched once, verified, stored by digest."""
