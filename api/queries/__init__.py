"""What the routes ask of the store; each question carries the scope in its own condition."""
