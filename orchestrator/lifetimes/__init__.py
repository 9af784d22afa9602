"""How long upstream's lines and the distributions' suites are maintained: facts as data, with their sources."""
