"""Bringing a line to another patch release: verified first, written only when everything verified."""
