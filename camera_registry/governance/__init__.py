"""Governance: what is wrong with the records, whose task it is, and how it changes from day to day."""
