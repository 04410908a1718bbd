"""The filter itself: what may be asked of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from camera_registry.selection import conditions as condition
from camera_registry.selection import spatial
from models.tables import camera

if TYPE_CHECKING:
    import shapely
    from sqlalchemy import ColumnElement

    from models.camera import CameraState


@dataclass(frozen=True, slots=True)
class Near:
    """Around a place.

    Attributes:
        longitude: WGS-84 degrees.
        latitude: WGS-84 degrees.
        metres: True metres, on the ellipsoid.
    """

    longitude: float
    latitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Along:
    """Beside a line, or beside roads; both if both are given.

    Attributes:
        metres: Greatest distance from the line, true metres.
        line: A LineString or MultiLineString, WGS-84.
        roads: Names of roads.
        road_ids: Rows of roads.
    """

    metres: float
    line: shapely.Geometry | None = None
    roads: tuple[str, ...] = ()
    road_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NearPoints:
    """Around points of interest.

    Attributes:
        layers: Codes of layers; a point of one of them.
        metres: Greatest distance, true metres.
    """

    layers: tuple[str, ...]
    metres: float


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """A place that they see, or can be turned to.

    Attributes:
        longitude: WGS-84 degrees.
        latitude: WGS-84 degrees.
    """

    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """Which cameras are meant.

    What is empty or None lets all through; all parts must hold; of several values of one part one must. An
    empty tuple of ``ids`` or ``codes`` is a list of none and lets nothing through. A fact that nobody
    reported matches no value of its part.

    Attributes:
        units: Codes of units; one of their subtrees.
        scenes: Codes of scenes; they serve one of them.
        classified: Whether they serve any scene at all.
        states: What is known of their health.
        owners: Departments that own them.
        manufacturers: Who made them.
        models: Their models.
        sources: Lists they came from.
        ptz_types: GB/T 28181 PTZType.
        room_types: GB/T 28181 RoomType.
        directions: GB/T 28181 DirectionType.
        protocols: How they are reached.
        sensitivities: 0 open to 3 highest.
        simulated: Whether they are simulated.
        has_stream: Whether a stream is known.
        has_place: Whether a place is known.
        gone: Whether their source ceased to list them, or somebody retired them.
        ids: Rows.
        codes: Device ids.
        area: Where they stand, WGS-84; a lasso, a box, a unit's boundary.
        near: Around a place.
        along: Beside a line or a road.
        near_points: Around points of interest.
        sees: They see a place, or can be turned to it.
        faults: Codes of governance rules; a fault of one of them is open.
        faulty: Whether any fault is open, or none as far as was assessed.
        score: Least and greatest score of the record, 0 to 100.
        words: What staff would type into a search box: each word stands in the name, address, owner or device
            id as it is. Neither pinyin nor typing errors: this filter is also used to change things.
    """

    units: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    classified: bool | None = None
    states: tuple[CameraState, ...] = ()
    owners: tuple[str, ...] = ()
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    ptz_types: tuple[int, ...] = ()
    room_types: tuple[int, ...] = ()
    directions: tuple[int, ...] = ()
    protocols: tuple[str, ...] = ()
    sensitivities: tuple[int, ...] = ()
    simulated: bool | None = None
    has_stream: bool | None = None
    has_place: bool | None = None
    gone: bool | None = None
    ids: tuple[int, ...] | None = None
    codes: tuple[str, ...] | None = None
    area: shapely.Geometry | None = None
    near: Near | None = None
    along: Along | None = None
    near_points: NearPoints | None = None
    sees: SeenPlace | None = None
    faults: tuple[str, ...] = ()
    faulty: bool | None = None
    score: tuple[float, float] | None = None
    words: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in the store's terms: conditions on ``camera`` that stand alone, without a join."""
        return [*self._of_the_record(), *self._of_other_tables(), *self._of_the_place()]

    def _of_the_record(self) -> list[ColumnElement[bool]]:
        one_of = {
            camera.c.owner: self.owners,
            camera.c.manufacturer: self.manufacturers,
            camera.c.model: self.models,
            camera.c.source: self.sources,
            camera.c.ptz_type: self.ptz_types,
            camera.c.room_type: self.room_types,
            camera.c.direction_type: self.directions,
            camera.c.protocol: self.protocols,
            camera.c.sensitivity: self.sensitivities,
        }
        known = {
            camera.c.stream_url: self.has_stream,
            camera.c.geom: self.has_place,
            camera.c.gone_since: self.gone,
        }
        found = [condition.one_of(column, values) for column, values in one_of.items() if values]
        found += [
            column.is_not(None) if wanted else column.is_(None)
            for column, wanted in known.items()
            if wanted is not None
        ]
        if self.simulated is not None:
            found.append(camera.c.simulated.is_(self.simulated))
        if self.ids is not None:
            found.append(condition.one_of(camera.c.id, self.ids))
        if self.codes is not None:
            found.append(condition.one_of(camera.c.code, self.codes))
        return found

    def _of_other_tables(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.units:
            found.append(condition.within_units(camera, self.units))
        if self.scenes:
            found.append(condition.serves(self.scenes))
        if self.classified is not None:
            found.append(condition.serves() if self.classified else ~condition.serves())
        if self.states:
            found.append(condition.in_state(self.states))
        if self.faults:
            found.append(condition.has_fault(self.faults))
        if self.faulty is not None:
            found.append(condition.has_fault() if self.faulty else ~condition.has_fault())
        if self.score is not None:
            found.append(condition.scores(*self.score))
        if self.words is not None and self.words.strip():
            found.append(condition.says(self.words))
        return found

    def _of_the_place(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.area is not None:
            found.append(spatial.stands_in(self.area))
        if self.near is not None:
            found.append(spatial.near(self.near.longitude, self.near.latitude, self.near.metres))
        if self.along is not None:
            along = self.along
            beside = [] if along.line is None else [spatial.beside(along.line, along.metres)]
            if along.roads or along.road_ids:
                beside.append(spatial.beside_roads(along.roads, along.road_ids, along.metres))
            found += beside or [condition.nothing()]
        if self.near_points is not None:
            found.append(spatial.near_points(self.near_points.layers, self.near_points.metres))
        if self.sees is not None:
            found.append(spatial.sees(self.sees.longitude, self.sees.latitude))
        return found
