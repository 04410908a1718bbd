"""Imports of lists: what came in by which file, and what is remembered of each source."""

from __future__ import annotations

from sqlalchemy import (
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
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.base import Moment, metadata

import_source = Table(
    "import_source",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("kind", Text, nullable=False, comment="cameras or points"),
    Column("name", Text, nullable=False, comment="as camera.source has it"),
    Column("mapping", JSONB, nullable=False, server_default=text("'{}'"), comment="header to field, as told"),
    Column("crs", Text, comment="reference system of rows that declare none, as told"),
    Column("listed_at", Moment, nullable=False, comment="when its last whole list came in"),
    UniqueConstraint("kind", "name"),
    CheckConstraint("kind in ('cameras', 'points')", name="kind"),
    comment="the lists that records come from, and what was told of their columns",
)

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source_id", ForeignKey("import_source.id"), nullable=False),
    Column("file", Text, nullable=False, comment="its name, as its sender calls it"),
    Column("sha256", Text, nullable=False, comment="of the file"),
    Column("account_id", ForeignKey("account.id"), comment="who asked; null is the system itself"),
    Column("unit_tree", Integer, comment="tree_left of the asker's unit: the report is for it and above"),
    Column("sensitivity", SmallInteger, nullable=False, comment="up to which the asker sees"),
    Column("begun_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("partial", Boolean, nullable=False, comment="a supplement, after which nothing is gone"),
    Column("rows", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("report", JSONB, nullable=False, comment="camera_registry.importing.ImportReport"),
    Index("ix_import_batch_source_id", "source_id", "id"),
    comment="every list that came in, and what came of it",
)
