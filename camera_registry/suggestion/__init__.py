"""Which scenes cameras should serve, and why: rules that a city edits, and a classifier that staff teach."""
