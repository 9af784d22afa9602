"""Registries, spoken to in their own protocol: manifests, blobs, tags, referrers; who we are there; and one to run on this machine."""
