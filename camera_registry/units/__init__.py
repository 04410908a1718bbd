"""The tree of units, 1 + 16 + 153: boundaries read from files, checked, put in place, and undone."""
