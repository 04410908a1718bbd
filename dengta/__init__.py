"""The command line, the supervisor, and the composition of each process."""
