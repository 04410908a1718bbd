"""Scene rules, one a file: pure functions of (state, observation)."""
