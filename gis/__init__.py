"""Reference systems, jurisdiction and tiles."""
