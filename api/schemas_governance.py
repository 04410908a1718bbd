"""Governance on the wire: scores, indicators, faults, rules; each number says what it counts."""

from datetime import date, datetime
from typing import Annotated, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas import CameraRef, Line, Sent, UnitRef, Wire

Words = Annotated[Line, StringConstraints(min_length=1, max_length=500)]
Outcome = Literal["passed", "failed", "not-checked"]
FaultState = Literal["open", "excused", "mended"]
Edit = TypeVar("Edit", bound=Sent)
Duty = Literal["unit", "owner", "maintainer", "platform"]


class Count(Wire):
    """A number, and the address of the list of what it counts."""

    n: int = Field(examples=[1784])
    opens: str = Field(
        examples=["/api/v1/governance/faults?rule=civil-code-elsewhere"],
        description="lists exactly what is counted",
    )


class IndicatorResult(Wire):
    """How a set of cameras does by one indicator. What was not checked is neither passed nor failed."""

    code: str = Field(examples=["record"])
    title: str = Field(examples=["档案合格率"])
    title_en: str = Field(examples=["Record completeness"])
    rate: float | None = Field(examples=[0.983], description="of the checked, 0 to 1; null: nothing checked")
    checked_share: float = Field(examples=[1.0], description="checked ÷ all, 0 to 1")
    threshold: float = Field(examples=[0.98], description="least rate that passes")
    meets: bool | None = Field(examples=[True], description="null where nothing was checked")
    passed: Count
    failed: Count
    not_checked: Count


class RuleCount(Wire):
    """How many cameras a rule finds fault with."""

    code: str = Field(examples=["civil-code-elsewhere"])
    title: str = Field(examples=["行政区划代码与所在地不符"])
    title_en: str = Field(examples=["Administrative code of another area"])
    family: str = Field(examples=["identity"])
    severity: int = Field(examples=[2], description="1 highest to 4")
    required: bool = Field(examples=[True], description="whether record completeness asks for it")
    open: Count
    excused: Count


class ScoreBand(Wire):
    """How many records score so."""

    least: float = Field(examples=[90])
    below: float | None = Field(examples=[None], description="null: up to 100")
    cameras: Count


class GovernanceSummary(Wire):
    """What is wrong within the asker's scope, in numbers."""

    assessed_at: datetime | None = Field(
        examples=["2026-01-17T19:00:00Z"], description="of the last assessment of all; null: none yet"
    )
    cameras: Count
    assessed: int = Field(examples=[230000], description="cameras that have a score")
    mean_score: float | None = Field(examples=[95.2], description="0 to 100")
    excused: Count = Field(description="records that pass by an excuse alone")
    bands: list[ScoreBand]
    indicators: list[IndicatorResult]
    rules: list[RuleCount] = Field(description="those that find something, most severe first")


class GovernanceRow(Wire):
    """One unit, scene, owner, source or vendor."""

    key: str = Field(examples=["YT-ZF"], description="code or name; empty: not reported")
    title: str = Field(examples=["芝罘区"])
    title_en: str = Field(examples=["Zhifu"])
    cameras: Count
    mean_score: float | None = Field(examples=[95.2])
    faults: Count = Field(description="open ones")
    indicators: list[IndicatorResult]
    small: bool = Field(examples=[False], description="too few cameras for a rank: rates say little")
    rank: int | None = Field(examples=[3], description="1 is best; null: too small, or nothing checked")


class GovernanceTable(Wire):
    """A comparison."""

    by: str = Field(examples=["unit"])
    ranked_by: str = Field(examples=["record"])
    ranked_from: int = Field(examples=[30], description="fewest cameras that are ranked")
    total: GovernanceRow = Field(description="all cameras that were asked for, each counted once")
    rows: list[GovernanceRow]
    more: int = Field(examples=[0], description="rows beyond those that are told: the smallest")


class TrendPoint(Wire):
    """One day."""

    day: date = Field(examples=["2026-01-17"])
    value: float | None = Field(
        examples=[0.983],
        description="rate of an indicator, mean score, or a count; null: nothing was checked",
    )
    cameras: int = Field(examples=[230000])
    checked: int = Field(examples=[230000], description="cameras that the value speaks for")
    passed: int | None = Field(examples=[226090], description="of an indicator alone")
    rules_changed: bool = Field(examples=[False], description="the rules were edited since the day before")


class Trend(Wire):
    """How a number went from day to day."""

    measure: str = Field(examples=["record"])
    points: list[TrendPoint]


class RuleRef(Wire):
    """A rule, shortly."""

    code: str = Field(examples=["civil-code-elsewhere"])
    title: str = Field(examples=["行政区划代码与所在地不符"])
    title_en: str = Field(examples=["Administrative code of another area"])
    severity: int = Field(examples=[2])
    weight: float = Field(examples=[8.0], description="points that it costs")
    required: bool = Field(examples=[True])


class Excuse(Wire):
    """Why a fault may stay."""

    reason: str = Field(examples=["道路改造,十月复测"])
    until: datetime = Field(examples=["2026-10-31T16:00:00Z"])
    by: str | None = Field(examples=["zhou.hang"])


class FaultRecord(Wire):
    """One thing that is wrong with one camera."""

    camera: CameraRef
    camera_code: str | None = Field(examples=["37060200081326000001"])
    unit: UnitRef | None
    owner: str | None = Field(examples=["公安局"])
    address: str | None = Field(examples=["芝罘区红旗路12号"])
    rule: RuleRef
    field: str = Field(examples=["civil_code"], description="the field that is to be mended")
    value: str | None = Field(
        examples=["370611"], description="what stands there; never a network address or a contact"
    )
    reason: str = Field(examples=["行政区划代码“370611”与坐标和设备编码所指地区都不符"])
    reason_en: str = Field(examples=["“370611” is not that of its place …"])
    remedy: str = Field(examples=["改正“行政区划”列为坐标所在区市的代码"])
    remedy_en: str = Field(examples=["Correct the column civil code"])
    duty: Duty = Field(examples=["unit"])
    responsible: str = Field(examples=["向阳街道"], description="who has to mend it")
    other: CameraRef | None = Field(description="a camera that it clashes with, if the asker may see it")
    state: FaultState = Field(examples=["open"])
    since: datetime = Field(examples=["2026-01-10T19:00:00Z"])
    mended_at: datetime | None = Field(examples=[None])
    excuse: Excuse | None


class ScoredCamera(Wire):
    """A camera and what its record is worth."""

    id: int = Field(examples=[17])
    code: str | None = Field(examples=["37060200081326000001"])
    name: str = Field(examples=["红旗路坡道西"])
    owner: str | None = Field(examples=["公安局"])
    unit: UnitRef | None
    score: float | None = Field(examples=[92.0], description="0 to 100; null until it is assessed")
    passed: bool | None = Field(examples=[False], description="every required rule")
    excused: bool | None = Field(examples=[False], description="passes by an excuse alone")
    faults: int | None = Field(examples=[1], description="open ones")


class RuleAnswer(Wire):
    """What one camera's record answers to one rule, as it is now."""

    rule: RuleRef
    field: str = Field(examples=["civil_code"])
    result: Literal["passed", "open", "excused"] = Field(examples=["open"])
    value: str | None = Field(default=None, examples=["370611"])
    reason: str | None = Field(default=None, examples=["行政区划代码“370611”与坐标和设备编码所指地区都不符"])
    reason_en: str | None = Field(default=None, examples=["“370611” is not that of its place …"])
    remedy: str | None = Field(default=None, examples=["改正“行政区划”列为坐标所在区市的代码"])
    remedy_en: str | None = Field(default=None, examples=["Correct the column civil code"])
    responsible: str | None = Field(default=None, examples=["向阳街道"])
    other: CameraRef | None
    since: datetime | None = Field(
        default=None, examples=["2026-01-10T19:00:00Z"], description="null: found just now"
    )
    excuse: Excuse | None


class IndicatorAnswer(Wire):
    """How one camera does by one indicator."""

    code: str = Field(examples=["picture"])
    title: str = Field(examples=["图像完好率"])
    title_en: str = Field(examples=["Picture quality"])
    outcome: Outcome = Field(examples=["not-checked"])
    value: float | None = Field(examples=[None], description="what it reached, 0 to 1")


class CameraGovernance(Wire):
    """One camera under all rules."""

    camera: CameraRef
    score: float = Field(examples=[92.0], description="100 less the weights of the open faults, at least 0")
    passed: bool = Field(examples=[False], description="every required rule")
    answers: list[RuleAnswer] = Field(description="faults first")
    indicators: list[IndicatorAnswer]


class RuleThreshold(Wire):
    """The number that a rule compares with."""

    value: float = Field(examples=[90.0])
    least: float = Field(examples=[1.0])
    most: float = Field(examples=[3650.0])
    unit: str = Field(examples=["days"])


class RuleRecord(RuleRef):
    """A rule in full."""

    family: str = Field(examples=["freshness"])
    field: str = Field(examples=["source_seen_at"])
    reason: str = Field(examples=["来源最近一次列出它是 {value},已超过 {threshold} 天"])
    reason_en: str = Field(examples=["Its source listed it last on {value}, more than {threshold} days ago"])
    remedy: str = Field(examples=["请来源单位重新报送目录,或核实设备是否已拆除"])
    remedy_en: str = Field(
        examples=["Ask the source for a fresh list, or find out whether it was taken down"]
    )
    duty: Duty = Field(examples=["platform"])
    enabled: bool = Field(examples=[True])
    threshold: RuleThreshold | None
    version: int = Field(examples=[1], description="the number in the ETag")
    open: Count


class RuleEdit(Sent):
    """What is to be changed; what is left out stays as it is. It counts from the next assessment on."""

    title: Words | None = None
    title_en: Words | None = None
    remedy: Words | None = None
    remedy_en: Words | None = None
    weight: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    severity: int | None = Field(default=None, ge=1, le=4)
    required: bool | None = None
    duty: Duty | None = None
    enabled: bool | None = None
    threshold: float | None = Field(default=None, allow_inf_nan=False)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"weight": 6, "threshold": 60, "enabled": True}]}
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return _named(self)


class IndicatorRecord(Wire):
    """An indicator in full."""

    code: str = Field(examples=["online"])
    title: str = Field(examples=["在线率"])
    title_en: str = Field(examples=["Online rate"])
    formula: str = Field(examples=["在线时长 ÷ 应在线时长"])
    formula_en: str = Field(examples=["online seconds ÷ required seconds"])
    measure: str = Field(examples=["mean"], description="share that passes, or mean of what each reached")
    threshold: float = Field(examples=[0.95], description="least rate that passes, 0 to 1")
    valid_hours: int = Field(examples=[24], description="an older check counts as none")
    version: int = Field(examples=[1], description="the number in the ETag")


class IndicatorEdit(Sent):
    """What is to be changed; what is left out stays as it is."""

    threshold: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    valid_hours: int | None = Field(default=None, ge=1, le=8760)

    model_config = ConfigDict(json_schema_extra={"examples": [{"threshold": 0.97}]})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return _named(self)


class SettingRecord(Wire):
    """Something else that a city decides."""

    code: str = Field(examples=["ranked-from"])
    title: str = Field(examples=["参与排名的最少路数"])
    title_en: str = Field(examples=["Fewest cameras for a rank"])
    value: float = Field(examples=[30])
    least: float = Field(examples=[1])
    most: float = Field(examples=[10000])
    unit: str = Field(examples=["cameras"])
    version: int = Field(examples=[1], description="the number in the ETag")


class SettingEdit(Sent):
    """Its new value."""

    value: float = Field(allow_inf_nan=False, examples=[50])


class ExcuseNew(Sent):
    """Why a fault may stay, and until when."""

    reason: Annotated[Line, StringConstraints(min_length=3, max_length=500)] = Field(
        examples=["道路改造,十月复测"]
    )
    until: date = Field(examples=["2026-10-31"], description="the last day, in the city's time zone")


def _named(edit: Edit) -> Edit:
    """Refuse an edit that names nothing, or empties what cannot be empty."""
    if not edit.model_fields_set:
        raise ValueError("names nothing to change")
    empty = sorted(name for name in edit.model_fields_set if getattr(edit, name) is None)
    if empty:
        raise ValueError(f"{', '.join(empty)} cannot be emptied")
    return edit
