"""The rules that suggest scenes: read by all, edited by whoever may edit rules."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from api.audit import record
from api.camera_edit import etag, matches
from api.context import CameraReader, Context, Ctx, RuleEditor
from api.errors import EditedMeanwhileError, PreconditionRequiredError
from api.idempotency import Write, once
from api.routes.cameras import IfMatch, Key
from api.schemas_suggestions import RuleConditions, SuggestionRule, SuggestionRuleEdit, SuggestionRuleNew
from api.sessions import Asker
from camera_registry.suggestion.rule_book import add_rule, edit_rule, list_rules, read_rule, remove_rule
from camera_registry.suggestion.rules import Measured

router = APIRouter(prefix="/suggestions/rules", tags=["suggestions"])

RuleId = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[19], description="number of the rule")]


@router.get("", summary="The rules")
async def rules(context: Ctx, _scope: CameraReader) -> list[SuggestionRule]:
    """All of them, those that are switched off too, and how each fared against what staff decided."""
    async with context.database.begin() as connection:
        return [_rule(row) for row in await list_rules(connection)]


@router.get("/{rule_id}", summary="One rule")
async def rule(context: Ctx, _scope: CameraReader, rule_id: RuleId, response: Response) -> SuggestionRule:
    """The `ETag` names the version, for editing."""
    async with context.database.begin() as connection:
        found = _rule(await read_rule(connection, rule_id))
    response.headers["ETag"] = etag(found.version)
    return found


@router.post("", summary="Add a rule", status_code=201, response_model=SuggestionRule)
async def add(
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    new: Annotated[SuggestionRuleNew, Body()],
    key: Key = None,
) -> Response:
    """A new rule suggests from the next run on."""

    async def work(connection: AsyncConnection) -> Response:
        values = {**new.model_dump(exclude={"conditions"}), "conditions": new.conditions.conditions()}
        rule_id = await add_rule(connection, context.clock, asker.scope.account_id, values)
        await record(
            connection, asker.deed("suggestion.rule.add", f"suggestion-rule/{rule_id}", _told(values))
        )
        return _answer(_rule(await read_rule(connection, rule_id)), status=201)

    return await _once(request, context, asker, key, work)


@router.patch("/{rule_id}", summary="Edit a rule", response_model=SuggestionRule)
async def edit(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    rule_id: RuleId,
    change: Annotated[SuggestionRuleEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names, from the next run on. `If-Match` carries the `ETag` that was read."""
    match = _required(if_match)

    async def work(connection: AsyncConnection) -> Response:
        await _require_version(connection, rule_id, match)
        values = change.model_dump(exclude_unset=True, exclude={"conditions"})
        if change.conditions is not None:
            values["conditions"] = change.conditions.conditions()
        await edit_rule(connection, context.clock, asker.scope.account_id, rule_id, values)
        await record(
            connection, asker.deed("suggestion.rule.edit", f"suggestion-rule/{rule_id}", _told(values))
        )
        return _answer(_rule(await read_rule(connection, rule_id)))

    return await _once(request, context, asker, key, work, match)


@router.delete("/{rule_id}", summary="Remove a rule", status_code=204, response_class=Response)
async def remove(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: RuleEditor,
    rule_id: RuleId,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """It suggests no more from the next run on; a preset does not come back."""
    match = _required(if_match)

    async def work(connection: AsyncConnection) -> Response:
        await _require_version(connection, rule_id, match)
        await remove_rule(connection, context.clock, asker.scope.account_id, rule_id)
        await record(connection, asker.deed("suggestion.rule.remove", f"suggestion-rule/{rule_id}"))
        return Response(status_code=204)

    return await _once(request, context, asker, key, work, match)


def _rule(row: RowMapping) -> SuggestionRule:
    fared = None if row["matched"] is None else Measured(row["matched"], row["confirmed"])
    stated = round(row["confidence"], 4)
    return SuggestionRule(
        **{
            **row,
            "conditions": RuleConditions(**row["conditions"]),
            "confidence": stated,
            "measured": None if fared is None else round(fared.confidence(stated), 4),
        }
    )


def _told(values: dict[str, object]) -> dict[str, object]:
    """What was changed, as the record of deeds keeps it."""
    return {key: value.as_json() if key == "conditions" else value for key, value in values.items()}  # type: ignore[attr-defined]


def _answer(rule: SuggestionRule, status: int = 200) -> Response:
    return JSONResponse(rule.model_dump(mode="json"), status, headers={"ETag": etag(rule.version)})


async def _require_version(connection: AsyncConnection, rule_id: int, if_match: str) -> None:
    row = await read_rule(connection, rule_id, for_update=True)
    if not matches(if_match, row["version"]):
        raise EditedMeanwhileError(version=row["version"], edited_by=None, edited_at=row["updated_at"])


def _required(if_match: str | None) -> str:
    if if_match is None:
        raise PreconditionRequiredError(
            "An edit says which version it is meant for.", remedy="Send the ETag you read as If-Match."
        )
    return if_match


async def _once(  # noqa: PLR0913, PLR0917 - what a repeatable write consists of
    request: Request,
    context: Context,
    asker: Asker,
    key: str | None,
    work: Callable[[AsyncConnection], Awaitable[Response]],
    if_match: str = "",
) -> Response:
    parts = (request.method.encode(), request.url.path.encode(), if_match.encode(), await request.body())
    write = Write.of(asker.scope.account_id, key, *parts)
    async with context.database.begin() as connection:
        return await once(connection, context.clock, write, lambda: work(connection))
