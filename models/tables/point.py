"""Points of interest and the professional layers they lie in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from models.tables.base import metadata, point_column

point_layer = Table(
    "point_layer",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("position", SmallInteger, nullable=False, comment="drawing order, lowest first"),
    comment="the professional map layers",
)

point = Table(
    "point",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("layer_id", ForeignKey("point_layer.id"), nullable=False),
    Column("code", Text),
    Column("name", Text, nullable=False),
    Column("address", Text),
    point_column(nullable=False),
    Column("unit_id", ForeignKey("organisation.id")),
    Column("unit_tree", Integer),
    UniqueConstraint("layer_id", "code"),
    Index("ix_point_geom", "geom", postgresql_using="gist"),
    comment="points of interest",
)
