"""Governance: what is wrong with the records, in numbers that open what they count, and as lists."""

from datetime import date, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request

from api import cursor as cursors
from api.context import CameraReader, Ctx, Cursor, Limit
from api.filters import FilterQuery
from api.governance_answers import (
    fault_record,
    governance_row,
    indicator_results,
    mean,
    rule_counts,
    scored_camera,
)
from api.governance_links import Links
from api.schemas import Line, Page
from api.schemas_governance import (
    Duty,
    FaultRecord,
    FaultState,
    GovernanceSummary,
    GovernanceTable,
    Outcome,
    ScoreBand,
    ScoredCamera,
    Trend,
    TrendPoint,
)
from base.errors import InvalidInputError
from camera_registry.governance.compare import compare
from camera_registry.governance.faults import FaultFilter, list_faults
from camera_registry.governance.meant import Cameras
from camera_registry.governance.rollup import EVERYTHING, By, tallies_of
from camera_registry.governance.rules import RuleBook, read_rules
from camera_registry.governance.scored import ScoreFilter, bands, last_assessment, list_scored
from camera_registry.governance.tally import Tally
from camera_registry.governance.trends import TrendQuestion, trend

router = APIRouter(prefix="/governance", tags=["governance"])

DAYS = 90
"""Of a trend that says no first day."""

MOST_DAYS = 1000

Codes = Annotated[
    list[Line] | None, Query(max_length=100, description="codes of rules", examples=[["place-missing"]])
]


def cameras_of_query(
    wanted: FilterQuery,
    vendor: Annotated[
        Line | None, Query(description="manufacturer; empty: not reported", examples=["海康威视"])
    ] = None,
    unowned: Annotated[bool, Query(description="only without an owner", examples=[False])] = False,
    unlisted: Annotated[bool, Query(description="only of no source", examples=[False])] = False,
) -> Cameras:
    """Which cameras are meant: the filter of the camera list, and what nobody reported."""
    return Cameras(wanted, vendor, unowned, unlisted)


CamerasQuery = Annotated[Cameras, Depends(cameras_of_query)]


def faults_of_query(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    rule: Codes = None,
    family: Annotated[
        list[Line] | None, Query(max_length=20, description="families of rules", examples=[["place"]])
    ] = None,
    severity: Annotated[
        list[Annotated[int, Query(ge=1, le=4)]] | None,
        Query(max_length=4, description="1 highest to 4", examples=[[1, 2]]),
    ] = None,
    duty: Annotated[
        list[Duty] | None, Query(max_length=4, description="who has to mend them", examples=[["unit"]])
    ] = None,
    required: Annotated[
        bool | None, Query(description="whether record completeness asks for the rule", examples=[True])
    ] = None,
    fate: Annotated[
        list[FaultState] | None, Query(max_length=3, description="what became of them", examples=[["open"]])
    ] = None,
) -> FaultFilter:
    """Which faults are meant."""
    return FaultFilter(
        rules=tuple(rule or ()),
        families=tuple(family or ()),
        severities=tuple(severity or ()),
        duties=tuple(duty or ()),
        required=required,
        states=tuple(fate or ("open",)),
    )


FaultsQuery = Annotated[FaultFilter, Depends(faults_of_query)]


@router.get("/summary", summary="What is wrong, in numbers")
async def summary(
    request: Request, context: Ctx, scope: CameraReader, wanted: CamerasQuery
) -> GovernanceSummary:
    """Scores, indicators and faults of the cameras that are meant. Each number opens what it counts."""
    links = Links(request)
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        now = context.clock.now()
        found = await tallies_of(connection, book, now, scope, wanted, EVERYTHING)
        counted = await bands(connection, scope, wanted)
        assessed_at = await last_assessment(connection)
    tally = found.get((), Tally())
    return GovernanceSummary(
        assessed_at=assessed_at,
        cameras=links.cameras(tally.cameras),
        assessed=tally.assessed,
        mean_score=mean(tally),
        excused=links.cameras(tally.excused, excused=True),
        bands=[
            ScoreBand(
                least=band.least,
                below=band.below,
                cameras=links.cameras(
                    band.cameras,
                    least=f"{band.least:g}",
                    **({} if band.below is None else {"below": f"{band.below:g}"}),
                ),
            )
            for band in counted
        ],
        indicators=indicator_results(book, tally, links),
        rules=rule_counts(book, tally, links),
    )


@router.get("/indicators", summary="Compare units, scenes, owners, sources or vendors")
async def indicators(  # noqa: PLR0913, PLR0917 - each is one part of the question
    request: Request,
    context: Ctx,
    scope: CameraReader,
    wanted: CamerasQuery,
    by: Annotated[By, Query(description="what is compared", examples=["unit"])] = "unit",
    rank_by: Annotated[
        Line, Query(description="code of an indicator, or score", examples=["record"])
    ] = "record",
) -> GovernanceTable:
    """By unit: the units below `unit`, or below the asker's own; each with all that lies in it.

    A group with fewer cameras than the setting `ranked-from` is `small` and has no rank. A camera of two
    scenes counts in both rows and once in `total`; so the rows need not add up to it.
    """
    links = Links(request)
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        if rank_by != "score" and rank_by not in book.indicators:
            raise InvalidInputError(f"rank_by: use score or one of {', '.join(book.indicators)}.")
        found = await compare(connection, book, context.clock.now(), scope, wanted, by, rank_by)
    return GovernanceTable(
        by=by,
        ranked_by=rank_by,
        ranked_from=int(book.setting("ranked-from")),
        total=governance_row(book, found.total, links, key="", title="合计", title_en="Total"),
        rows=[
            governance_row(
                book,
                group.tally,
                _narrowed(links, by, group.key),
                key=group.key,
                title=group.title,
                title_en=group.title_en,
                rank=group.rank,
            )
            for group in found.groups
        ],
        more=found.more,
    )


def _narrowed(links: Links, by: By, key: str) -> Links:
    """The addresses of one group."""
    if not key and by == "owner":
        return links.within(unowned=True)
    if not key and by == "source":
        return links.within(unlisted=True)
    return links.within(**{by: key})


@router.get("/trends", summary="How a number went from day to day")
async def trends(  # noqa: PLR0913, PLR0917 - each is one part of the question
    context: Ctx,
    scope: CameraReader,
    measure: Annotated[
        Line,
        Query(description="code of an indicator or a rule, score or cameras", examples=["record"]),
    ] = "record",
    unit: Annotated[Line | None, Query(description="a unit's code; its subtree", examples=["YT-ZF"])] = None,
    scene: Annotated[Line | None, Query(description="a scene's code", examples=["snow-point"])] = None,
    owner: Annotated[
        Line | None, Query(description="a department; not with a scene", examples=["公安局"])
    ] = None,
    since: Annotated[date | None, Query(description="first day", examples=["2026-01-01"])] = None,
    until: Annotated[date | None, Query(description="last day", examples=["2026-01-31"])] = None,
) -> Trend:
    """From what each day's assessment counted, within the asker's scope; a day without one is left out."""
    last = until or context.clock.now().astimezone(ZoneInfo(context.settings.time_zone)).date()
    first = since or last - timedelta(days=min(DAYS, (last - date.min).days))
    if (last - first).days > MOST_DAYS:
        raise InvalidInputError(f"since: a trend has {MOST_DAYS} days at most.")
    asked = TrendQuestion(measure, unit, scene, owner, first, last)
    async with context.database.raw() as connection:
        points = await trend(connection, await read_rules(connection), scope, asked)
    return Trend(
        measure=measure,
        points=[
            TrendPoint(
                day=point.day,
                value=None if point.value is None else round(point.value, 6),
                cameras=point.cameras,
                checked=point.checked,
                passed=point.passed,
                rules_changed=point.rules_changed,
            )
            for point in points
        ],
    )


@router.get("/faults", summary="List faults")
async def faults(  # noqa: PLR0913, PLR0917 - each is one part of the question
    context: Ctx,
    scope: CameraReader,
    wanted: CamerasQuery,
    which: FaultsQuery,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[FaultRecord]:
    """What is wrong, since when, what to do and whose task it is. Without `fate` the open ones."""
    after = cursors.decode_pair(cursor) if cursor is not None else (0, 0)
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        _require_known(book, which)
        found = await list_faults(connection, book, scope, wanted, which, after=after, limit=limit + 1)
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = cursors.encode(last.camera_id, last.rule.id)
    return Page(items=[fault_record(fault) for fault in found[:limit]], next=more)


def _require_known(book: RuleBook, which: FaultFilter) -> None:
    for code in which.rules:
        if code not in book.rules:
            raise InvalidInputError(f"rule: there is no {code!r}.", remedy="Read /governance/rules.")


@router.get("/cameras", summary="List cameras by their records")
async def cameras(  # noqa: PLR0913, PLR0917 - each is one part of the question
    context: Ctx,
    scope: CameraReader,
    wanted: CamerasQuery,
    indicator: Annotated[Line | None, Query(description="code of an indicator", examples=["record"])] = None,
    outcome: Annotated[
        Outcome | Literal["checked"] | None,
        Query(description="how they did by it; without an indicator, by record", examples=["failed"]),
    ] = None,
    excused: Annotated[
        bool | None, Query(description="whether the record passes by an excuse alone", examples=[True])
    ] = None,
    least: Annotated[
        float | None, Query(ge=0, le=100, allow_inf_nan=False, description="lowest score", examples=[60])
    ] = None,
    below: Annotated[
        float | None,
        Query(ge=0, le=100, allow_inf_nan=False, description="more than theirs", examples=[80]),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ScoredCamera]:
    """Cameras by id, with what their records are worth: what the numbers of governance open."""
    after = cursors.decode_id(cursor) if cursor is not None else 0
    which = ScoreFilter(indicator, outcome, excused, least, below)
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        if indicator is not None and indicator not in book.indicators:
            raise InvalidInputError(f"indicator: use one of {', '.join(book.indicators)}.")
        now = context.clock.now()
        found = await list_scored(connection, book, now, scope, wanted, which, after=after, limit=limit + 1)
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[scored_camera(scored) for scored in found[:limit]], next=more)
