"""What records are judged by: reading and editing rules, indicators and settings."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.camera_edit import driver_of, etag
from api.context import CameraReader, Context, Ctx, RuleEditor
from api.errors import PreconditionRequiredError
from api.governance_answers import indicator_record, rule_record, setting_record
from api.governance_edit import INDICATOR, RULE, SETTING, Kind, edit_decision
from api.governance_links import Links
from api.idempotency import Write, once
from api.routes.cameras import IfMatch, Key
from api.routes.governance import CamerasQuery
from api.schemas_governance import (
    IndicatorEdit,
    IndicatorRecord,
    RuleEdit,
    RuleRecord,
    SettingEdit,
    SettingRecord,
)
from api.sessions import Asker
from base.errors import NotFoundError
from camera_registry.governance.meant import Cameras
from camera_registry.governance.rollup import EVERYTHING, tallies_of
from camera_registry.governance.rules import read_rules
from camera_registry.governance.tally import Tally
from models.scope import Scope

router = APIRouter(tags=["governance"])

Code = Annotated[
    str, Path(pattern=r"^[a-z0-9-]{1,40}$", description="stable name", examples=["source-stale"])
]


@router.get("/governance/rules", summary="The rules")
async def rules(
    request: Request, context: Ctx, scope: CameraReader, wanted: CamerasQuery
) -> list[RuleRecord]:
    """All of them, those that are switched off too, and how many faults of each are open in the scope."""
    links = Links(request)
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        now = context.clock.now()
        found = await tallies_of(connection, book, now, scope, wanted, EVERYTHING)
    counts = found.get((), Tally()).faults
    return [
        rule_record(rule, links.faults(counts.get(rule.id, 0), rule=rule.code))
        for rule in book.rules.values()
    ]


@router.get("/governance/rules/{code}", summary="One rule")
async def rule(
    request: Request, context: Ctx, scope: CameraReader, code: Code, response: Response
) -> RuleRecord:
    """The `ETag` names the version, for editing."""
    async with context.database.raw() as connection:
        found = await _rule(context, connection, scope, request, code)
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/governance/rules/{code}", summary="Edit a rule", response_model=RuleRecord)
async def edit_rule(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    code: Code,
    change: Annotated[RuleEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names; for the whole city, from the next assessment on.

    `If-Match` carries the `ETag` that was read: 412 tells who edited in between, 428 that it is missing.
    """
    return await _edit(request, context, asker, RULE, code, change, if_match, key)


@router.get("/governance/thresholds", summary="The indicators' definitions")
async def thresholds(context: Ctx, _scope: CameraReader) -> list[IndicatorRecord]:
    """Formula, threshold, and how old a check may be."""
    async with context.database.raw() as connection:
        book = await read_rules(connection)
    return [indicator_record(indicator) for indicator in book.indicators.values()]


@router.patch("/governance/thresholds/{code}", summary="Edit an indicator", response_model=IndicatorRecord)
async def edit_indicator(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    code: Code,
    change: Annotated[IndicatorEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names, for the whole city. `If-Match` carries the version, as `"3"`."""
    return await _edit(request, context, asker, INDICATOR, code, change, if_match, key)


@router.get("/governance/settings", summary="What else a city decides")
async def settings(context: Ctx, _scope: CameraReader) -> list[SettingRecord]:
    """Numbers that assessments, ranks and history go by."""
    async with context.database.raw() as connection:
        book = await read_rules(connection)
    return [setting_record(setting) for setting in book.settings.values()]


@router.patch("/governance/settings/{code}", summary="Edit a setting", response_model=SettingRecord)
async def edit_setting(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    code: Code,
    change: Annotated[SettingEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Its value, for the whole city. `If-Match` carries the version, as `"3"`."""
    return await _edit(request, context, asker, SETTING, code, change, if_match, key)


async def _edit(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Context,
    asker: Asker,
    kind: Kind,
    code: str,
    change: BaseModel,
    if_match: str | None,
    key: str | None,
) -> Response:
    if if_match is None:
        raise PreconditionRequiredError(
            "An edit says which version it is meant for.", remedy="Send the ETag you read as If-Match."
        )
    parts = (request.method.encode(), request.url.path.encode(), if_match.encode(), await request.body())
    write = Write.of(asker.scope.account_id, key, *parts)
    async with context.database.begin() as connection:

        async def work() -> Response:
            values = change.model_dump(exclude_unset=True)
            await edit_decision(connection, context.clock, asker, kind, code, values, if_match)
            driver = await driver_of(connection)
            book = await read_rules(driver)
            answer: RuleRecord | IndicatorRecord | SettingRecord
            if kind is RULE:
                answer = await _rule(context, driver, asker.scope, request, code)
            elif kind is INDICATOR:
                answer = indicator_record(book.indicators[code])
            else:
                answer = setting_record(book.settings[code])
            return JSONResponse(answer.model_dump(mode="json"), headers={"ETag": etag(answer.version)})

        return await once(connection, context.clock, write, work)


async def _rule(context: Context, connection: Any, scope: Scope, request: Request, code: str) -> RuleRecord:
    book = await read_rules(connection)
    found = book.rules.get(code)
    if found is None:
        raise NotFoundError("There is no such rule.")
    now = context.clock.now()
    counted = await tallies_of(connection, book, now, scope, Cameras(), EVERYTHING)
    open_ = counted.get((), Tally()).faults.get(found.id, 0)
    return rule_record(found, Links(request).faults(open_, rule=code))
