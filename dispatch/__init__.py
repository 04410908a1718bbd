"""Incidents and their delivery: recorded with their outbox row in one transaction, relayed without loss."""
