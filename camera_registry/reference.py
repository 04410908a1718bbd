"""The tables a new installation starts with: the scenes, the point layers, and the rules that judge."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from base.errors import SetupError
from camera_registry.suggestion.rule_book import load_presets

if TYPE_CHECKING:
    import asyncpg

FAMILIES = ("traffic", "weather", "crowd", "public", "safety", "nature", "street")
"""The seven families by which the console colours scenes and layers."""

INSERT_SCENE = """
insert into scene (id, code, name, name_en, family, looks_for, cadence_s, alert_cadence_s, priority)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
"""

INSERT_LAYER = """
insert into point_layer (id, code, name, name_en, family, position, symbol, color, min_zoom, visible)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""

# Layers that are older than styles have none that anybody chose.
STYLE_LAYER = """
update point_layer set symbol = $2, color = $3, min_zoom = $4, visible = $5
 where code = $1 and symbol = 'dot' and version = 1
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One application scene; the attributes are the columns of the table ``scene``."""

    id: int
    code: str
    name: str
    name_en: str
    family: str
    looks_for: tuple[str, ...]
    cadence_s: int
    alert_cadence_s: int | None
    priority: int


@dataclass(frozen=True, slots=True)
class PointLayer:
    """One professional map layer; the attributes are the columns of the table ``point_layer``."""

    id: int
    code: str
    name: str
    name_en: str
    family: str
    position: int
    symbol: str
    color: str | None
    min_zoom: int
    visible: bool


def scenes() -> tuple[Scene, ...]:
    """The presets, by number.

    Raises:
        SetupError: The installation lacks its data file.
    """
    return tuple(Scene(**{**row, "looks_for": tuple(row["looks_for"])}) for row in _rows("scenes.json"))


def point_layers() -> tuple[PointLayer, ...]:
    """The presets, by number.

    Raises:
        SetupError: The installation lacks its data file.
    """
    return tuple(PointLayer(**row) for row in _rows("point_layers.json"))


async def load_reference(connection: asyncpg.Connection[Any]) -> None:
    """Insert what is missing; a row that is there already is the city's own and stays as it is.

    Only a layer that never had a style is given one.
    """
    await connection.executemany(
        INSERT_SCENE,
        [
            (
                s.id,
                s.code,
                s.name,
                s.name_en,
                s.family,
                list(s.looks_for),
                s.cadence_s,
                s.alert_cadence_s,
                s.priority,
            )
            for s in scenes()
        ],
    )
    layers = point_layers()
    await connection.executemany(INSERT_LAYER, [astuple(layer) for layer in layers])
    styles = [(layer.code, layer.symbol, layer.color, layer.min_zoom, layer.visible) for layer in layers]
    await connection.executemany(STYLE_LAYER, styles)
    await load_presets(connection)


def _rows(file_name: str) -> list[dict[str, Any]]:
    try:
        text = resources.files("models").joinpath("data", file_name).read_bytes()
    except OSError as err:
        raise SetupError(
            f"The installation lacks models/data/{file_name}.", remedy="Install Dengta again."
        ) from err
    rows: list[dict[str, Any]] = orjson.loads(text)
    return rows
