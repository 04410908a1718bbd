"""Units, roads and the application scenes: what the city itself consists of."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.tables.base import NOW, Moment, metadata

organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True, comment="the operations centre's own code"),
    Column("civil_code", Text, comment="GB/T 2260 administrative code, where there is one"),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("level", SmallInteger, nullable=False, comment="0 city, 1 district, 2 township"),
    Column("parent_id", ForeignKey("organisation.id")),
    # Nested set: a unit's subtree is the units whose tree_left lies in its own [tree_left, tree_right].
    Column("tree_left", Integer, nullable=False),
    Column("tree_right", Integer, nullable=False),
    Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), comment="its boundary"),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("level between 0 and 2", name="level"),
    CheckConstraint("tree_left <= tree_right", name="tree"),
    Index("ix_organisation_geom", "geom", postgresql_using="gist"),
    comment="1 city, 16 districts, 153 townships, with their boundaries",
)

unit_change = Table(
    "unit_change",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("account_id", ForeignKey("account.id"), comment="who asked; null is the system itself"),
    Column("file", Text, nullable=False, comment="its name, as its sender calls it"),
    Column("sha256", Text, nullable=False, comment="of the file"),
    Column("report", JSONB, nullable=False, server_default=text("'{}'"), comment="what came of it"),
    comment="every change of the tree as a whole: imports of boundaries, and their undoing",
)

unit_before = Table(
    "unit_before",
    metadata,
    Column("change_id", ForeignKey("unit_change.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("civil_code", Text),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("parent_code", Text),
    Column("position", BigInteger, nullable=False, comment="order in the tree"),
    Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False)),
    comment="the tree as it was before each change, so that a change can be undone",
)

scene = Table(
    "scene",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("looks_for", ARRAY(Text), nullable=False),
    Column("cadence_s", Integer, nullable=False, comment="seconds between looks in ordinary times"),
    Column("alert_cadence_s", Integer, comment="seconds between looks under a warning, where it differs"),
    Column("priority", SmallInteger, nullable=False, comment="1 highest"),
    CheckConstraint("cadence_s > 0", name="cadence"),
    CheckConstraint("priority between 1 and 5", name="priority"),
    comment="the application scenes; rows are data that a city edits",
)

road = Table(
    "road",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("road_class", Text, nullable=False, comment="expressway, arterial, secondary, branch or coastal"),
    Column("geom", Geometry("LINESTRING", srid=4326, spatial_index=False), nullable=False),
    Index("ix_road_geom", "geom", postgresql_using="gist"),
    comment="roads for addresses and for the offline base map",
)
