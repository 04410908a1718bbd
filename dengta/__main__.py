"""``python -m dengta``."""

from dengta.cli import main

main()
