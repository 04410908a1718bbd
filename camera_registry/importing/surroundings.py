"""What the rules need to know of the city before a list is read: its units, extent, layers and the asker."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from base.errors import InvalidInputError
from camera_registry.importing.check import Surroundings
from camera_registry.importing.identify import AUTO_KEY
from camera_registry.importing.report import Severity
from camera_registry.importing.request import Kind
from camera_registry.importing.values import Noted, Problem, fold, nothing
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.importing.request import ImportRequest
    from camera_registry.importing.values import Parser

MOST_SENSITIVE = 3

_UNITS = "select id, code, name, name_en, level, parent_id from organisation"
_EXTENT = """
select ST_XMin(e) as west, ST_YMin(e) as south, ST_XMax(e) as east, ST_YMax(e) as north
  from (select ST_Extent(geom) as e from organisation where level > 0) extent
 where e is not null
"""
_LAYERS = "select id, code, name, name_en from point_layer"
_AUTO = "select exists (select from {table} where source = $1 and starts_with(source_key, $2))"


async def survey(
    connection: asyncpg.Connection[Any], request: ImportRequest, source: str, crs: str, *, sealer: bool
) -> Surroundings:
    """What the rules need.

    Args:
        connection: The import's transaction.
        request: What is asked.
        source: The list's name.
        crs: The reference system of rows that declare none, in words.
        sealer: Whether credentials can be sealed.

    Raises:
        InvalidInputError: There is no such reference system or layer.
    """
    extent = await connection.fetchrow(_EXTENT)
    layers = await connection.fetch(_LAYERS) if request.kind is Kind.POINTS else []
    table = "camera" if request.kind is Kind.CAMERAS else "point"
    return Surroundings(
        crs=ReferenceSystem.parse(crs).value if crs else "",
        extent=tuple(extent.values()) if extent else None,
        unit=unit_reader(await connection.fetch(_UNITS)),
        layer=layer_reader(layers),
        default_layer=_default_layer(layers, request, source),
        max_sensitivity=request.scope.max_sensitivity if request.scope else MOST_SENSITIVE,
        takes_credentials=sealer,
        auto_keys=await connection.fetchval(_AUTO.format(table=table), source, AUTO_KEY),
    )


UNKNOWN_UNIT = Problem(
    "unknown-unit",
    "It is no unit of this city.",
    "Write the unit's name or code as the catalogue has it; where a place is given, the place decides.",
    Severity.WARNING,
)
AMBIGUOUS_UNIT = Problem(
    "ambiguous-unit",
    "Several units of this city are called so.",
    "Write the unit's code, or district and township together.",
    Severity.WARNING,
)


def unit_reader(rows: list[Any]) -> Parser:
    """Reads a unit by its code, its name, or its district's and its own name together."""
    names: dict[str, set[int]] = defaultdict(set)
    by_id = {row["id"]: row for row in rows}
    city = next((_bare(row["name"]) for row in rows if row["level"] == 0), "")
    for row in rows:
        if row["level"] == 0:
            continue  # the city itself is no unit that a camera could stand in
        parent = by_id.get(row["parent_id"])
        whole = f"{parent['name']}{row['name']}" if parent else ""
        for name in (row["code"], row["name"], row["name_en"], whole):
            names[_bare(name)].add(row["id"])
    names.pop("", None)

    def parse(text: str) -> Any:
        bare = _bare(text)
        found = names.get(bare) or names.get(bare.removeprefix(city)) or set()
        if len(found) == 1:
            return next(iter(found))
        return Noted(None, (AMBIGUOUS_UNIT if found else UNKNOWN_UNIT,))

    return nothing(parse)


def _bare(name: str | None) -> str:
    return "".join(fold(name or "").replace("/", "").replace("-", "").split())


def layer_reader(rows: list[Any]) -> Parser:
    """Reads a layer by its number, code, Chinese or English name."""
    names = {
        _bare(str(name)): row["id"]
        for row in rows
        for name in (row["id"], row["code"], row["name"], row["name_en"])
    }
    unknown = Problem(
        "unknown-layer",
        "It is no layer that is known here.",
        f"Write one of: {'、'.join(row['name'] for row in rows)}.",
    )

    def parse(text: str) -> Any:
        bare = _bare(text)
        found = names.get(bare.removesuffix(".0"))
        return Noted(None, (unknown,)) if found is None else found

    return nothing(parse)


def _default_layer(rows: list[Any], request: ImportRequest, source: str) -> int | None:
    """The layer that is asked for, or the one that the list's name names."""
    if request.kind is not Kind.POINTS:
        return None
    if request.layer:
        found = layer_reader(rows)(request.layer)
        if not isinstance(found, int):
            raise InvalidInputError(
                f"There is no layer {request.layer!r}.",
                remedy=f"There are: {'、'.join(row['name'] for row in rows)}.",
            )
        return found
    named = {row["id"] for row in rows for text in (source, request.name) if row["name"] in text}
    return named.pop() if len(named) == 1 else None
