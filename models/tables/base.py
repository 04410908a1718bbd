"""What every table is made with: the metadata, the type of a moment, the column of a place."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import Column, MetaData, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from models.migrations.tiles_0009 import TILE_X, TILE_Y

__all__ = ["MERCATOR_BITS", "NOW", "TILE_X", "TILE_Y", "Moment", "metadata", "point_column"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Moment = TIMESTAMP(timezone=True)
NOW = text("now()")

MERCATOR_BITS = 26
"""Tile coordinates are integers, 2^26 to the width of the world: 0.6 m at the equator."""


def point_column(*, nullable: bool = True) -> Column[object]:
    """The place of a row, WGS-84 longitude and latitude."""
    return Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=nullable)
