"""One loop per process kind: calendar, looker, relay."""
