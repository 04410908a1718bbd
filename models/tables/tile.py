"""What camera tiles are drawn from: narrow rows in the order of the map, kept from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
    event,
)

from models.migrations.tiles_0009 import AFTER_TABLES, BEFORE_TABLES
from models.tables.base import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

camera_tile_due = Table(
    "camera_tile_due",
    metadata,
    Column(
        "camera_ids", ARRAY(BigInteger), nullable=False, comment="may come twice, may be deleted meanwhile"
    ),
    Column("cameras", Integer, nullable=False, comment="how many"),
    comment="what statements noted: cameras whose row in camera_tile is to be made anew",
)

camera_tile = Table(
    "camera_tile",
    metadata,
    Column("camera_id", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False, comment="tile_place(tile_x, tile_y)"),
    Column("tile_x", Integer, nullable=False),
    Column("tile_y", Integer, nullable=False),
    Column("unit_tree", Integer),
    Column("sensitivity", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("heading", SmallInteger, comment="degrees clockwise from north"),
    Column("scene", SmallInteger, comment="its first"),
    Index("ix_camera_tile_place", "place"),
    # A state changes often and no index has it: there is room for the new row beside the old one.
    postgresql_with={"fillfactor": 80},
    comment="each camera that has a place, with what a tile shows of it",
)

camera_cell = Table(
    "camera_cell",
    metadata,
    Column("place", BigInteger, nullable=False, comment="the first of its cell, a tile of zoom 17"),
    Column("unit_tree", Integer),
    Column("sensitivity", SmallInteger, nullable=False),
    Column("cameras", Integer, nullable=False),
    Column("online", Integer, nullable=False),
    Column("degraded", Integer, nullable=False),
    Column("offline", Integer, nullable=False),
    Column("sum_x", Double, nullable=False, comment="of tile_x: whole numbers below 2^53"),
    Column("sum_y", Double, nullable=False),
    UniqueConstraint("place", "unit_tree", "sensitivity", postgresql_nulls_not_distinct=True),
    comment="cameras of camera_tile counted by cell and by all that decides who may see them",
)


@event.listens_for(metadata, "before_create")
def _functions(_target: object, connection: Connection, **_options: object) -> None:
    for statement in BEFORE_TABLES:
        connection.exec_driver_sql(statement)


@event.listens_for(metadata, "after_create")
def _upkeep(_target: object, connection: Connection, **_options: object) -> None:
    for statement in AFTER_TABLES:
        connection.exec_driver_sql(statement)
