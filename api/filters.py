"""Which cameras a request means: the same filter in a query string and in a body."""

from typing import Annotated, Any

import shapely
from fastapi import Depends, Query
from pydantic import Field
from shapely.errors import ShapelyError

from api.cursor import MAX_ID
from api.schemas import STATE_NAMES, Box, Line, Sent, StateName
from base.errors import InvalidInputError
from camera_registry.selection import CameraFilter

STATES = {name: state for state, name in STATE_NAMES.items()}

MAX_LISTED = 50_000
"""Cameras that one request may name one by one."""

MAX_VERTICES = 5_000
"""Corners of a lasso; a hand draws some hundreds."""


class CameraFilterBody(Sent):
    """Which cameras are meant; what is left out lets all through, and all parts must hold."""

    units: list[Line] = Field(default=[], max_length=200, examples=[["370602"]], description="their subtrees")
    scenes: list[Line] = Field(default=[], max_length=100, examples=[["snow-point"]])
    classified: bool | None = Field(default=None, examples=[False])
    states: list[StateName] = Field(default=[], max_length=4, examples=[["offline"]])
    owners: list[Line] = Field(default=[], max_length=200, examples=[["公安局"]])
    sources: list[Line] = Field(default=[], max_length=200, examples=[["police-2026"]])
    ids: list[Annotated[int, Field(ge=1, le=MAX_ID)]] | None = Field(default=None, max_length=MAX_LISTED)
    codes: list[Line] | None = Field(default=None, max_length=MAX_LISTED)
    area: dict[str, Any] | None = Field(
        default=None,
        description="a GeoJSON Polygon or MultiPolygon, WGS-84",
        examples=[
            {"type": "Polygon", "coordinates": [[[121.3, 37.4], [121.5, 37.4], [121.5, 37.6], [121.3, 37.4]]]}
        ],
    )
    q: Line | None = Field(default=None, max_length=64, examples=["红旗"])

    def filter(self) -> CameraFilter:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: The area is none.
        """
        return CameraFilter(
            units=tuple(self.units),
            scenes=tuple(self.scenes),
            classified=self.classified,
            states=tuple(STATES[state] for state in self.states),
            owners=tuple(self.owners),
            sources=tuple(self.sources),
            ids=None if self.ids is None else tuple(self.ids),
            codes=None if self.codes is None else tuple(self.codes),
            area=None if self.area is None else area_of(self.area),
            words=self.q,
        )


def area_of(geojson: dict[str, Any]) -> shapely.Geometry:
    """The shape of a GeoJSON polygon (RFC 7946); one that crosses itself is repaired, as a lasso often does.

    Raises:
        InvalidInputError: It is no polygon of this world.
    """
    try:
        shape = shapely.geometry.shape(geojson)
    except (ShapelyError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as err:
        raise InvalidInputError("area: it is no GeoJSON polygon.") from err
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        raise InvalidInputError("area: a Polygon or MultiPolygon with corners is needed.")
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise InvalidInputError(f"area: it has more than {MAX_VERTICES} corners.", remedy="Simplify it.")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInputError("area: its corners are longitudes and latitudes in degrees, WGS-84.")
    return shapely.force_2d(shapely.make_valid(shape))


def filter_of_query(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    unit: Annotated[list[Line] | None, Query(description="codes of units", examples=[["370602"]])] = None,
    scene: Annotated[
        list[Line] | None, Query(description="codes of scenes", examples=[["snow-point"]])
    ] = None,
    classified: Annotated[
        bool | None, Query(description="whether they serve any scene", examples=[False])
    ] = None,
    state: Annotated[list[StateName] | None, Query(examples=[["offline"]])] = None,
    owner: Annotated[list[Line] | None, Query(description="departments", examples=[["公安局"]])] = None,
    source: Annotated[
        list[Line] | None, Query(description="lists they came from", examples=[["police-2026"]])
    ] = None,
    bbox: Annotated[
        str | None,
        Query(
            max_length=120, description="west,south,east,north in degrees", examples=["121.3,37.4,121.5,37.6"]
        ),
    ] = None,
    q: Annotated[Line | None, Query(max_length=64, examples=["红旗"])] = None,
) -> CameraFilter:
    """The filter of a query string."""
    box = Box.parse(bbox) if bbox is not None else None
    return CameraFilter(
        units=tuple(unit or ()),
        scenes=tuple(scene or ()),
        classified=classified,
        states=tuple(STATES[each] for each in state or ()),
        owners=tuple(owner or ()),
        sources=tuple(source or ()),
        area=shapely.box(box.west, box.south, box.east, box.north) if box else None,
        words=q,
    )


FilterQuery = Annotated[CameraFilter, Depends(filter_of_query)]
