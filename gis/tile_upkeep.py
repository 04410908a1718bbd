"""Keeping what camera tiles are drawn from: the statements, and the channels on which the store tells."""

# ruff: noqa: S608 - only constants are put into the statements

from models.migrations.tiles_0009 import REFRESH_LOCK

DUE_CHANNEL = "dengta_tiles_due"
"""Cameras were changed: a refresh has something to do."""

CHANGED_CHANNEL = "dengta_tiles"
"""A refresh tells which parts of the map changed."""

REFRESH = "select camera_tile_refresh()"
"""Makes anew what tiles are drawn from, for the cameras that were changed, and announces where they are.
Tiles are right without it, and the sooner drawn with it. Null if another process is at it."""

SETTLED_VERSION = f"""
with settled as materialized (select pg_advisory_xact_lock_shared({REFRESH_LOCK}))
select coalesce(pg_sequence_last_value('camera_tile_version'), 0) from settled
"""
"""The version announced last. It waits for a refresh under way, so that no smaller one is announced later."""
