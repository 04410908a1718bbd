"""What the calendar plans, and what each rule remembers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from models.tables.base import Moment, metadata

watch = Table(
    "watch",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), nullable=False),
    Column("rule", Text, nullable=False, comment="name of the scene rule"),
    Column("recogniser", Text, nullable=False),
    Column("scene_id", ForeignKey("scene.id")),
    Column("cadence_s", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column(
        "settings",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="overrides of the rule's presets",
    ),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("camera_id", "rule"),
    CheckConstraint("cadence_s > 0", name="cadence"),
    CheckConstraint("priority between 1 and 5", name="priority"),
    comment="camera x rule x cadence: what the calendar plans",
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("watch_id", ForeignKey("watch.id", ondelete="CASCADE"), primary_key=True),
    Column("captured_at", Moment, nullable=False, comment="of the newest observation that counted"),
    Column("look_id", UUID(as_uuid=True), nullable=False),
    Column("state", JSONB, nullable=False),
    Column("incident_id", BigInteger, comment="the incident that this watch holds open"),
    postgresql_with={"fillfactor": 70},
    comment="what each watch's rule remembers",
)
