"""Units, roads and the application scenes: what the city itself consists of."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from models.tables.base import metadata

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
    CheckConstraint("level between 0 and 2", name="level"),
    CheckConstraint("tree_left <= tree_right", name="tree"),
    Index("ix_organisation_geom", "geom", postgresql_using="gist"),
    comment="1 city, 16 districts, 153 townships, with their boundaries",
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
