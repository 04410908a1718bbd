"""Points of interest and the professional layers they lie in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
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

from models.tables.base import NOW, TILE_X, TILE_Y, Moment, metadata, point_column

point_layer = Table(
    "point_layer",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("position", SmallInteger, nullable=False, comment="drawing order, lowest first"),
    Column("symbol", Text, nullable=False, server_default="dot", comment="name of the sign that maps draw"),
    Column("color", Text, comment="#rrggbb; null is the family's"),
    Column("min_zoom", SmallInteger, nullable=False, server_default="10", comment="drawn from this zoom on"),
    Column("visible", Boolean, nullable=False, server_default=text("true"), comment="drawn until hidden"),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),
    CheckConstraint("min_zoom between 0 and 22", name="min_zoom"),
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
    Column("longitude", Double, comment="as declared, in declared_crs"),
    Column("latitude", Double, comment="as declared, in declared_crs"),
    Column("declared_crs", Text, comment="WGS-84, CGCS2000, GCJ-02 or BD-09, as declared"),
    point_column(nullable=False),
    Column("unit_id", ForeignKey("organisation.id")),
    Column("unit_tree", Integer),
    Column("source", Text, comment="the list it came from; null if it was entered by hand"),
    Column("source_key", Text, comment="what the source itself calls it, where the code cannot tell"),
    Column("source_seen_at", Moment, comment="when its source last said something new of it"),
    Column("gone_since", Moment, comment="when its source ceased to list it; null is listed"),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    Column("tile_x", Integer, Computed(TILE_X, persisted=True), comment="web mercator, 2^26 to the world"),
    Column("tile_y", Integer, Computed(TILE_Y, persisted=True), comment="web mercator, 2^26 to the world"),
    UniqueConstraint("layer_id", "code"),
    UniqueConstraint("source", "source_key"),
    Index("ix_point_geom", "geom", postgresql_using="gist"),
    Index("ix_point_layer_id", "layer_id", "id"),
    Index("ix_point_unit_tree", "unit_tree", "id"),
    Index("ix_point_tile", "tile_x", "tile_y", postgresql_include=["id", "layer_id", "unit_tree"]),
    comment="points of interest",
)
