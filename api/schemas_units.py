"""Units of the organisation tree on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.file_names import plain_name
from api.schemas import Line, Sent, Wire
from api.schemas_jobs import MAX_MAPPED
from base.errors import InvalidInputError
from camera_registry.units.export import LEVELS
from gis.boundaries import REPAIR_LIMIT

LevelName = Literal["city", "district", "township"]

_SQUARE = {
    "type": "MultiPolygon",
    "coordinates": [[[[121.3, 37.5], [121.4, 37.5], [121.4, 37.6], [121.3, 37.6], [121.3, 37.5]]]],
}


class UnitRecord(Wire):
    """Everything that is held of one unit."""

    code: str = Field(examples=["YT-ZF-01"], description="the operations centre's own code")
    name: str = Field(examples=["向阳街道"])
    name_en: str = Field(examples=["Xiangyang"])
    civil_code: str | None = Field(examples=["370602001"], description="GB/T 2260 and 10114")
    level: LevelName = Field(examples=["township"])
    parent: str | None = Field(examples=["YT-ZF"], description="code of the unit above")
    path: list[str] = Field(examples=[["烟台市", "芝罘区", "向阳街道"]], description="from the city down")
    children: list[str] = Field(examples=[[]], description="codes of the units below")
    cameras: int = Field(examples=[5441], description="in its subtree, within the asker's sensitivity")
    points: int = Field(examples=[533], description="in its subtree")
    area_m2: float | None = Field(examples=[11_620_000.0])
    bounds: list[float] | None = Field(
        examples=[[121.3, 37.5, 121.4, 37.6]], description="west, south, east, north"
    )
    boundary: dict[str, Any] | None = Field(
        examples=[_SQUARE], description="a GeoJSON MultiPolygon, WGS-84; null if it has none"
    )
    version: int = Field(examples=[3], description="the number in the ETag")
    updated_at: datetime = Field(examples=["2026-01-17T17:06:42Z"])


class UnitEdit(Sent):
    """What of a unit is to be changed; what is left out stays as it is. Boundaries come by import."""

    name: Annotated[Line, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, examples=["向阳街道"]
    )
    name_en: Annotated[Line, StringConstraints(max_length=100)] | None = Field(
        default=None, examples=["Xiangyang"]
    )
    civil_code: Annotated[str, StringConstraints(pattern=r"^(\d{4}|\d{6}|\d{9}|\d{12})$")] | None = Field(
        default=None, examples=["370602001"], description="GB/T 2260 and 10114; null empties it"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.model_fields_set
        if not given:
            raise ValueError("names nothing to change")
        empty = sorted(field for field in given & {"name", "name_en"} if getattr(self, field) is None)
        if empty:
            raise ValueError(f"{', '.join(empty)} cannot be emptied")
        return self


class Flaws(Wire):
    """Overlaps, gaps and overreach of boundaries, as a GeoJSON FeatureCollection (RFC 7946)."""

    type: Literal["FeatureCollection"] = Field(examples=["FeatureCollection"])
    features: list[dict[str, Any]] = Field(
        examples=[
            [
                {
                    "type": "Feature",
                    "geometry": _SQUARE,
                    "properties": {
                        "flaw": "overlap",
                        "level": 2,
                        "units": ["YT-ZF-01", "YT-ZF-03"],
                        "names": ["玉园街道", "永泉街道"],
                        "area_m2": 127_725.0,
                        "width_m": 71.4,
                        "sliver": False,
                    },
                }
            ]
        ],
        description="`flaw` is overlap, gap or outside; `sliver`: no wider than the error of drawing",
    )


class UnitsOptions(Sent):
    """What is asked of an import of boundaries."""

    filename: Annotated[Line, StringConstraints(min_length=1)] = Field(
        examples=["街道边界.zip"], description="what its sender calls it"
    )
    crs: Line = Field(
        default="", examples=["EPSG:4549"], description="reference system; else as the file says"
    )
    level: LevelName | None = Field(
        default=None, examples=["township"], description="of units of which nothing says it"
    )
    city: Line = Field(
        default="", examples=["YT=烟台市"], description="`code=name` of the city, where the file lacks it"
    )
    missing: Literal["keep", "retire"] = Field(
        default="keep", examples=["keep"], description="what becomes of units that the file does not have"
    )
    skip_faulty: bool = Field(
        default=False, examples=[False], description="import the rest when some units cannot be used"
    )
    repair_limit: float = Field(
        default=REPAIR_LIMIT,
        ge=0,
        le=1,
        examples=[0.01],
        description="share of its area that a repair may change",
    )
    dry_run: bool = Field(default=False, examples=[True], description="report everything and change nothing")
    map: list[Line] = Field(
        default=[], max_length=MAX_MAPPED, examples=[["code=XZQDM"]], description="`field=column`"
    )

    def parameters(self) -> dict[str, Any]:
        """The parameters of the job.

        Raises:
            InvalidInputError: A pair is none.
        """
        decided = self.model_dump(exclude={"filename", "map", "city", "level"})
        return {
            **decided,
            "filename": plain_name(self.filename),
            "level": None if self.level is None else LEVELS.index(self.level),
            "city": list(_pair("city", self.city)) if self.city else None,
            "mapping": dict(_pair("map", each) for each in self.map),
        }


def _pair(field: str, text: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not (left.strip() and sign and right.strip()):
        raise InvalidInputError(f"{field}: {text!r} is no pair joined by =.")
    return left.strip(), right.strip()


class UnitChangeRecord(Wire):
    """A change of the tree as a whole."""

    id: int = Field(examples=[4], description="by which it can be undone")
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    username: str | None = Field(examples=["zhou.hang"], description="null is the system itself")
    file: str = Field(examples=["街道边界.zip"])
    new: int = Field(examples=[1], description="units that were not there")
    changed: int = Field(examples=[3], description="units that became different")
    removed: int = Field(examples=[1], description="units that went")
    cameras: int = Field(examples=[312], description="cameras that changed their unit")
