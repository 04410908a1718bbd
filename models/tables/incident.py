"""Matters that somebody must act on, and the events that tell of them."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from models.tables.base import NOW, Moment, metadata, point_column

incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False, comment="GB/T 28181 alarm priority, 1 highest"),
    Column("confidence", REAL, nullable=False),
    Column("scene_id", ForeignKey("scene.id")),
    Column("camera_id", ForeignKey("camera.id"), nullable=False),
    Column("watch_id", ForeignKey("watch.id", ondelete="SET NULL")),
    Column("unit_id", ForeignKey("organisation.id"), comment="the responsible unit"),
    Column("unit_tree", Integer),
    Column("sensitivity", SmallInteger, nullable=False, server_default="0", comment="of its camera"),
    point_column(),
    Column("accuracy_m", REAL),
    Column("address", Text),
    Column("evidence", Text, comment="sha256 of the picture that decided it"),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'"), comment="what the rule weighed"),
    Column("exercise", Boolean, nullable=False, server_default=text("false")),
    Column("sequence", Integer, nullable=False, server_default="1", comment="of its newest event"),
    Column("opened_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("closed_at", Moment),
    CheckConstraint("state in ('suspected', 'confirmed', 'closed')", name="state"),
    CheckConstraint("severity between 1 and 4", name="severity"),
    CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed"),
    Index("ix_incident_geom", "geom", postgresql_using="gist"),
    Index("ix_incident_opened_at", "opened_at", "id"),
    Index("ix_incident_evidence", "evidence", postgresql_where=text("evidence is not null")),
    # One watch holds at most one matter open: the second of two racing recorders is refused here.
    Index("uq_incident_open_watch", "watch_id", unique=True, postgresql_where=text("closed_at is null")),
    comment="matters that somebody must act on",
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False, comment="the CloudEvent, complete"),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("published_at", Moment),
    UniqueConstraint("incident_id", "sequence"),
    Index("ix_outbox_unpublished", "seq", postgresql_where=text("published_at is null")),
    comment="events that were decided; the relay publishes them in order",
)
