"""What every part stands on: settings, clock, ids, errors, redaction, log, embedded store and engine."""
