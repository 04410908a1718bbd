"""The catalogue: cameras, organisations, scenes, points, and what is known of each."""
