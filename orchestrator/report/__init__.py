"""What people and machines see of a run: console board, tables, JSON."""
