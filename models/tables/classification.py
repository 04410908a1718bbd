"""Which scenes a camera serves, and who says so."""

from __future__ import annotations

from sqlalchemy import REAL, CheckConstraint, Column, ForeignKey, Index, Table, Text

from models.tables.base import NOW, Moment, metadata

camera_scene = Table(
    "camera_scene",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("scene_id", ForeignKey("scene.id"), primary_key=True),
    Column("source", Text, nullable=False, comment="person, rule, suggestion or import"),
    Column("confidence", REAL),
    Column("reason", Text),
    Column("assigned_by", ForeignKey("account.id")),
    Column("assigned_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("source in ('person', 'rule', 'suggestion', 'import')", name="source"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    Index("ix_camera_scene_scene_id", "scene_id", "camera_id"),
    comment="which scenes a camera serves, and who says so",
)
