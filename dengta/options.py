"""What several commands take: a polygon in a file, the name of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from base.errors import InvalidInputError
from models.camera import CameraState

if TYPE_CHECKING:
    from pathlib import Path


def state_named(name: str) -> CameraState:
    """The state of this name.

    Raises:
        InvalidInputError: There is none.
    """
    try:
        return CameraState[name.upper()]
    except KeyError as err:
        raise InvalidInputError(
            f"--state {name}: there is none such.",
            remedy=f"There are {', '.join(state.name.lower() for state in CameraState)}.",
        ) from err


def area_of(file: Path) -> shapely.Geometry:
    """The polygon of a GeoJSON file: a geometry, a feature, or those of a collection together.

    Raises:
        InvalidInputError: The file cannot be read, or holds no polygon.
    """
    try:
        shape = shapely.from_geojson(file.read_bytes())
    except OSError as err:
        raise InvalidInputError(f"{file} cannot be read: {err.strerror}.") from err
    except shapely.errors.ShapelyError as err:
        raise InvalidInputError(f"{file} is no GeoJSON.") from err
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in {"Polygon", "MultiPolygon"}]
    if not parts:
        raise InvalidInputError(f"{file} holds no polygon.")
    return shapely.make_valid(shapely.union_all(parts))
