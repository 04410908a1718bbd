"""Recognition: the model shelf, the engine, and what turns pictures into observations."""
