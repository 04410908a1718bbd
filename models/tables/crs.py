"""Coordinates that look misdeclared, and the repairs of them."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.tables.base import Moment, metadata

crs_survey = Table(
    "crs_survey",
    metadata,
    Column("grouping", Text, primary_key=True, comment="what the cameras of a group share"),
    Column("at", Moment, nullable=False, comment="when it was last made"),
    Column("checked", Integer, nullable=False, comment="cameras that declare WGS-84, CGCS2000 or nothing"),
    Column("backed", Integer, nullable=False, comment="of these, cameras that name a road or a point"),
    CheckConstraint("grouping in ('source', 'owner', 'unit')", name="grouping"),
    comment="the last survey of declared coordinates, by what groups them",
)

crs_finding = Table(
    "crs_finding",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("grouping", ForeignKey("crs_survey.grouping", ondelete="CASCADE"), nullable=False),
    Column("group_name", Text, nullable=False, comment="empty: they share that it is not known"),
    Column("reading", Text, nullable=False, comment="gis.crs_check.Reading, by name"),
    Column("group_size", Integer, nullable=False, comment="cameras of the group that were checked"),
    Column("members", ARRAY(BigInteger), nullable=False, comment="the cameras, ascending"),
    Column("likely", ARRAY(REAL), nullable=False, comment="how likely each is rightly named, 0 to 1"),
    CheckConstraint("cardinality(members) = cardinality(likely)", name="members"),
    Index("ix_crs_finding_grouping", "grouping", "id"),
    comment="what the last survey found of coordinates that look misdeclared",
)

crs_repair = Table(
    "crs_repair",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("account_id", ForeignKey("account.id"), comment="who asked; null is the system itself"),
    Column("reading", Text, nullable=False, comment="gis.crs_check.Reading, by name"),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'"), comment="what it was asked for by"),
    Column("undone_at", Moment, comment="when it was undone, as far as it could be"),
    comment="cameras whose coordinates were declared anew",
)

crs_repair_camera = Table(
    "crs_repair_camera",
    metadata,
    Column("repair_id", ForeignKey("crs_repair.id", ondelete="CASCADE"), primary_key=True),
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("before", JSONB, nullable=False, comment="the columns of its place as they were"),
    Column("version", Integer, nullable=False, comment="of its record after the repair"),
    Index("ix_crs_repair_camera_camera_id", "camera_id"),
    comment="each camera of a repair, and how its place was declared before",
)
