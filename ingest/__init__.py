"""Looking: one key picture from a camera, and the calendar that decides whose turn it is."""
