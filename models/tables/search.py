"""The search index: what is written of each camera, normalised, and which pairs of characters occur."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    event,
    table,
    text,
)
from sqlalchemy import column as bare_column

from models.migrations.search_0008 import FUNCTIONS, REMOVED, UPKEEP
from models.tables.base import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["REMOVED", "camera_search", "camera_words", "search_behind", "search_gram"]

camera_search = Table(
    "camera_search",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    # Compared byte by byte: the same on every server, and what LIKE can use an index for.
    Column("name", Text(collation="C"), nullable=False, comment="search_key of the name"),
    Column("code", Text(collation="C"), nullable=False, comment="search_key of the device id"),
    Column("rest", Text(collation="C"), nullable=False, comment="of the address and the owner"),
    # With all that a search reads, so that walking the names needs no look at the table.
    Index("ix_camera_search_name", "name", "camera_id", postgresql_include=["code", "rest"]),
    Index("ix_camera_search_code", "code", "camera_id"),
    Index(
        "ix_camera_search_grams",
        text("search_grams(name)"),
        text("search_grams(rest)"),
        postgresql_using="gin",
    ),
    comment="what is written of each camera, normalised; kept by a trigger and by the keeper of the index",
)

search_gram = Table(
    "search_gram",
    metadata,
    Column("gram", BigInteger, primary_key=True, autoincrement=False, comment="as search_grams has it"),
    Column(
        "in_name", Integer, nullable=False, server_default="0", comment="names with it, when last counted"
    ),
    Column("elsewhere", Integer, nullable=False, server_default="0", comment="addresses and owners with it"),
    comment="pairs that occur: for spelling, pinyin and the choice of a plan; 0 counts cameras",
)

search_behind = Table(
    "search_behind",
    metadata,
    Column("xact", BigInteger, primary_key=True, autoincrement=False),
    comment="transactions whose cameras are not all indexed yet",
)

camera_words = table(
    "camera_words",
    bare_column("camera_id", BigInteger),
    bare_column("name", Text),
    bare_column("code", Text),
    bare_column("rest", Text),
)
"""A view: ``camera_search``, and what is not indexed yet."""


@event.listens_for(camera_search, "before_create")
def _functions(_target: Table, connection: Connection, **_options: object) -> None:
    for statement in FUNCTIONS:
        connection.exec_driver_sql(statement)


@event.listens_for(metadata, "after_create")
def _upkeep(_target: object, connection: Connection, **_options: object) -> None:
    for statement in UPKEEP:
        connection.exec_driver_sql(statement)
