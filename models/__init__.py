"""The shared language: value types, tables, migrations and wire messages. No I/O, and no neural network."""
