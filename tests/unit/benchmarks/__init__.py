"""What `make bench` makes of what it measures; nothing is measured here."""
