"""Coordinates that look misdeclared, and their repair, on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from api.cursor import MAX_ID
from api.schemas import CameraSummary, Declared, Place, Sent, Wire
from gis.crs_check import Reading

GroupingName = Literal["source", "owner", "unit"]
ReadingName = Literal["GCJ_02", "BD_09", "SWAPPED"]
assert {"AS_DECLARED", *ReadingName.__args__} == set(Reading.__members__)  # type: ignore[attr-defined]

MOST_NAMED = 50_000
"""Cameras that one request may name one by one."""


class CrsFinding(Wire):
    """Cameras of one group that look misdeclared in one way."""

    id: int = Field(examples=[7])
    group: str = Field(examples=["公安局"], description="what they share; empty: that it is not known")
    reading: ReadingName = Field(examples=["GCJ_02"], description="what their coordinates are")
    cameras: int = Field(examples=[312], description="within the asker's scope")
    group_size: int = Field(examples=[5123], description="cameras of the group that were checked")
    confidence: float = Field(examples=[0.97], description="share that is expected to be rightly named")
    sentence: str = Field(
        examples=["312 of 5123 in 公安局 look like GCJ-02 declared as WGS-84 (confidence 97%)"]
    )


class CrsFindings(Wire):
    """What the last survey found."""

    grouping: GroupingName = Field(examples=["owner"], description="what the cameras of a group share")
    surveyed_at: datetime | None = Field(examples=["2026-01-17T17:06:42Z"], description="null: never yet")
    checked: int = Field(examples=[217_547], description="cameras that declare WGS-84, CGCS2000 or nothing")
    backed: int = Field(
        examples=[176_531],
        description="of these, cameras that name a road or a point: they speak for themselves",
    )
    items: list[CrsFinding]


class CrsSuspect(Wire):
    """A camera of a finding."""

    camera: CameraSummary
    likely: float = Field(examples=[0.96], description="how likely it is rightly named, 0 to 1")
    declared: Declared
    place_if: Place = Field(description="where it would be")


class SurveyOptions(Sent):
    """What is asked of a survey."""

    grouping: GroupingName = Field(
        default="source", examples=["owner"], description="what the cameras of a group share"
    )


class RepairNew(Sent):
    """Which cameras are to be declared anew, and as what: those of a finding, or named ones."""

    finding: int | None = Field(default=None, ge=1, le=2**31 - 1, examples=[7])
    least: float = Field(
        default=0.9,
        ge=0,
        le=1,
        examples=[0.9],
        description="of a finding, cameras that are at least so likely",
    )
    cameras: list[Annotated[int, Field(ge=1, le=MAX_ID)]] | None = Field(
        default=None, max_length=MOST_NAMED, min_length=1, examples=[[17, 18]]
    )
    reading: ReadingName | None = Field(
        default=None, examples=["GCJ_02"], description="what named cameras' coordinates are"
    )
    dry_run: bool = Field(default=False, examples=[True], description="count and change nothing")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.finding is None) == (self.cameras is None):
            raise ValueError("names a finding or cameras, one of them")
        if (self.cameras is None) != (self.reading is None):
            raise ValueError("cameras come with their reading, a finding has its own")
        return self


class UnitMove(Wire):
    """Cameras that change their unit."""

    before: str | None = Field(examples=["YT-ZF-01"], description="null was nobody's")
    after: str | None = Field(examples=["YT-ZF-03"], description="null is nobody's")
    count: int = Field(examples=[12])


class RepairResult(Wire):
    """What a repair, or its undoing, did; of a dry run, what it would do."""

    id: int | None = Field(examples=[3], description="by which it can be undone; null of a dry run")
    dry_run: bool = Field(examples=[False])
    cameras: int = Field(examples=[298], description="how many were declared anew")
    moved_m: float | None = Field(examples=[456.2], description="median of the metres that they move")
    skipped: dict[str, int] = Field(
        examples=[{"edited since": 2}], description="why others were left as they are, and how many"
    )
    skipped_cameras: dict[str, list[int]] = Field(
        examples=[{"edited since": [17, 18]}], description="the first of them"
    )
    moves: list[UnitMove] = Field(description="changes of unit, the most first")


class RepairRecord(Wire):
    """A repair that was made."""

    id: int = Field(examples=[3])
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    username: str | None = Field(examples=["zhou.hang"], description="null is the system itself")
    reading: ReadingName = Field(examples=["GCJ_02"])
    cameras: int = Field(examples=[298])
    facts: dict[str, Any] = Field(
        examples=[{"finding": 7, "group": "公安局"}], description="what it was asked for by"
    )
    undone_at: datetime | None = Field(examples=[None])
