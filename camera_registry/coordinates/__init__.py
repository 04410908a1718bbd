"""Coordinates that are not what they are declared to be: found by what is around them, and declared anew."""
