"""What this program itself costs, measured as ratios within one run: `make bench`."""
