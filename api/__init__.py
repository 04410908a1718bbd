"""HTTP: the catalogue, events, evidence, tiles and the console, closed by default."""
