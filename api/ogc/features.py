"""Features of a collection: filtered, in pages by id, as GeoJSON (RFC 7946)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import shapely
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import DBAPIError

from api.ogc.conditions import condition_of
from base.database import sqlstate
from base.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.ogc.collections import Collection
    from gis.cql2 import Expression
    from models.scope import Scope

DIGITS = 7
"""Decimals of a degree: a centimetre, as RFC 7946 advises."""


DATA_EXCEPTION = "22"
"""Class of what a value can do wrong while a statement runs: out of range, above all (SQL standard)."""


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """Which features are meant; all parts must hold.

    Attributes:
        limit: Most that are wanted.
        after: Only ids above it.
        box: Where: one rectangle, or two across the antimeridian.
        expressions: Filters.
        moments: Beginning and end of the collection's moment, or None.
    """

    limit: int
    after: int = 0
    box: shapely.Geometry | None = None
    expressions: tuple[Expression, ...] = ()
    moments: tuple[datetime | None, datetime | None] | None = None

    def conditions(self, collection: Collection) -> list[ColumnElement[bool]]:
        """In the store's terms.

        Raises:
            InvalidInputError: The filter does not fit the collection.
        """
        found: list[ColumnElement[bool]] = []
        if self.box is not None:
            shape = func.ST_GeomFromWKB(shapely.to_wkb(self.box), 4326)
            found.append(func.ST_Intersects(collection.geometry, shape))
        found += [condition_of(each, collection.queryables) for each in self.expressions]
        if self.moments is not None and collection.moment is not None:
            begin, end = self.moments
            column = collection.named[collection.moment].sql
            found += [column >= begin] if begin else []
            found += [column <= end] if end else []
        return found


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """A page of features.

    Attributes:
        features: Each a GeoJSON object, encoded.
        matched: How many there are on all pages; None on pages after the first, which need not count again.
        next_after: Where the next page begins, or None on the last.
    """

    features: list[bytes]
    matched: int | None
    next_after: int | None


async def read_features(
    connection: AsyncConnection, scope: Scope, collection: Collection, query: FeatureQuery
) -> FeaturePage:
    """A page of the features within ``scope``.

    Raises:
        InvalidInputError: The filter cannot be worked out.
    """
    meant = and_(collection.seen(scope), *query.conditions(collection))
    page = (
        _select(collection)
        .where(meant, collection.key > query.after)
        .order_by(collection.key)
        .limit(query.limit + 1)
    )
    try:
        rows = (await connection.execute(page)).mappings().all()
        matched = None
        if not query.after:
            count = select(func.count()).select_from(collection.source).where(meant)
            matched = (await connection.execute(count)).scalar_one()
    except DBAPIError as err:
        if not sqlstate(err).startswith(DATA_EXCEPTION):
            raise
        raise InvalidInputError(
            "filter: the store cannot work it out: a number is out of its range.",
            remedy="Use smaller numbers.",
        ) from err
    shown = rows[: query.limit]
    return FeaturePage(
        features=[_feature(collection, row) for row in shown],
        matched=matched,
        next_after=shown[-1]["id"] if len(rows) > query.limit else None,
    )


async def read_feature(
    connection: AsyncConnection, scope: Scope, collection: Collection, feature_id: int
) -> dict[str, Any]:
    """One feature.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
    """
    query = _select(collection).where(collection.seen(scope), collection.key == feature_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no feature {feature_id} in {collection.id}.")
    feature: dict[str, Any] = orjson.loads(_feature(collection, row))
    return feature


async def extent_of(connection: AsyncConnection, scope: Scope, collection: Collection) -> list[float] | None:
    """West, south, east, north of what ``scope`` holds of it; None if nothing has a place."""
    box = (
        select(func.ST_Extent(collection.geometry).label("box"))
        .select_from(collection.source)
        .where(collection.seen(scope))
        .subquery()
    )
    edges = [edge(box.c.box) for edge in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)]
    row = (await connection.execute(select(*edges))).one()
    return None if row[0] is None else list(row)


def _select(collection: Collection) -> Select[Any]:
    return select(
        collection.key.label("id"),
        func.ST_AsGeoJSON(collection.geometry, DIGITS).label("place"),
        *(each.sql.label(f"p_{each.name}") for each in collection.properties),
    ).select_from(collection.source)


def _feature(collection: Collection, row: Mapping[str, Any]) -> bytes:
    place = row["place"]
    return orjson.dumps(
        {
            "type": "Feature",
            "id": row["id"],
            "geometry": orjson.Fragment(place) if place else None,
            "properties": {each.name: row[f"p_{each.name}"] for each in collection.properties},
        }
    )
