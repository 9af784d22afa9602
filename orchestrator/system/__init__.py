"""Seams to the machine: processes, files, places, the clock and the terminal. No stage's logic lives here."""
