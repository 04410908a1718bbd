"""``dengta classify``: which scenes cameras serve, in bulk; what was changed, and taking it back."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from api.audit import Deed
from api.classify import classify as classify_cameras
from api.classify import take_back
from api.schemas_classification import (
    AssignmentEvent,
    BatchUndoing,
    ClassificationBatch,
    ClassificationDone,
    ClassificationPreview,
)
from base.clock import SystemClock
from base.database import driver_of
from base.errors import InvalidInputError, NotFoundError
from base.settings import get_settings
from camera_registry.classification import (
    Action,
    BatchFilter,
    Change,
    Conflicts,
    Undo,
    camera_events,
    list_batches,
    preview,
    preview_undo,
)
from camera_registry.jobs import scope_of
from camera_registry.selection import CameraFilter
from dengta.classification_wording import show_batches, show_done, show_events, show_preview, show_undoing
from dengta.options import area_of, state_named
from dengta.store import open_store
from models.scope import Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope

app = typer.Typer(
    help="Which scenes cameras serve: a lasso, a filter or a list, in one stroke that can be undone.",
    invoke_without_command=True,
    subcommand_metavar="[undo|history]",
)

Many = list[str] | None
As = Annotated[
    str,
    typer.Option("--as", help="User name under whose scope it is done; none is the whole city, by nobody."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Reason = Annotated[str, typer.Option(help="Why; it stays with every assignment.")]

NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AtTheMachine:
    """Whoever works on the command line, in an account's name or in none."""

    scope: Scope

    def deed(self, action: str, object_: str, detail: dict[str, Any] | None = None) -> Deed:
        """Something that they did."""
        return Deed(action, object_, self.scope.account_id or None, None, {**(detail or {}), "at": "machine"})


@app.callback()
def classify(
    context: typer.Context,
    scene: Annotated[Many, typer.Option(help="Code of a scene to be served. May be repeated.")] = None,
    action: Annotated[Action, typer.Option(help="What is done with these scenes.")] = Action.ADD,
    conflicts: Annotated[
        Conflicts | None, typer.Option(help="Cameras that serve other scenes: left, both, or the others go.")
    ] = None,
    lasso: Annotated[
        Path | None, typer.Option(help="A file with a GeoJSON polygon, WGS-84, within which they stand.")
    ] = None,
    codes: Annotated[
        Path | None, typer.Option(help="A file of device ids, one a line or the first of several columns.")
    ] = None,
    unit: Annotated[Many, typer.Option(help="Code of a unit; its subtree. May be repeated.")] = None,
    serving: Annotated[Many, typer.Option(help="Code of a scene that they serve now.")] = None,
    classified: Annotated[
        bool | None, typer.Option("--classified/--unclassified", help="Whether they serve any scene now.")
    ] = None,
    state: Annotated[
        Many, typer.Option(help="unknown, online, degraded or offline. May be repeated.")
    ] = None,
    owner: Annotated[Many, typer.Option(help="Department that owns them. May be repeated.")] = None,
    source: Annotated[Many, typer.Option(help="List that they came from. May be repeated.")] = None,
    query: Annotated[str, typer.Option("--query", "-q", help="Words of their names.")] = "",
    everywhere: Annotated[
        bool, typer.Option("--all", help="All cameras, where nothing else says which.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="What is so already becomes your own word as well.")
    ] = False,
    reason: Reason = "",
    as_: As = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Let cameras serve scenes, or cease to: by lasso, filter or list, as one batch.

    Raises:
        InvalidInputError: No scene, or nothing that says which cameras.
    """
    if context.invoked_subcommand is not None:
        return
    if not scene:
        raise InvalidInputError("--scene: name at least one.", remedy="dengta classify --help tells more.")
    wanted = CameraFilter(
        units=tuple(unit or ()),
        scenes=tuple(serving or ()),
        classified=classified,
        states=tuple(state_named(name) for name in state or ()),
        owners=tuple(owner or ()),
        sources=tuple(source or ()),
        codes=_codes_of(codes) if codes else None,
        area=area_of(lasso) if lasso else None,
        words=query or None,
    )
    if wanted == CameraFilter() and not everywhere:
        raise InvalidInputError(
            "Nothing says which cameras.", remedy="Give a filter, or --all for all of them."
        )
    change = Change(
        action=action,
        scenes=tuple(dict.fromkeys(scene)),
        cameras=wanted,
        conflicts=conflicts,
        reason=reason or None,
        confirm=confirm,
    )
    asyncio.run(_look(change, as_, json=json) if dry_run else _do(change, as_, json=json))


@app.command()
def undo(
    batch: Annotated[int, typer.Argument(min=1, help="Number of the batch; an undo's own does it again.")],
    reason: Reason = "",
    as_: As = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would come back.")] = False,
    json: AsJson = False,
) -> None:
    """Take a batch back, except where somebody decided otherwise since."""
    asyncio.run(_undo(batch, reason or None, as_, dry_run=dry_run, json=json))


@app.command()
def history(
    camera: Annotated[str, typer.Option(help="Device id or number of one camera; else all batches.")] = "",
    scene: Annotated[str, typer.Option(help="Only batches that named this scene.")] = "",
    by: Annotated[str, typer.Option(help="Only this user's batches.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most batches.")] = 20,
    as_: As = "",
    json: AsJson = False,
) -> None:
    """What was changed, newest first: of all cameras by batch, or of one."""
    asyncio.run(_history(camera, BatchFilter(by=by or None, scene=scene or None), limit, as_, json=json))


async def _look(change: Change, username: str, *, json: bool) -> None:
    async with _at_work(username) as (connection, author):
        found = await preview(await driver_of(connection), author.scope, change)
    if json:
        _print(ClassificationPreview.of(found))
    else:
        show_preview(found)


async def _do(change: Change, username: str, *, json: bool) -> None:
    async with _at_work(username) as (connection, author):
        outcome = await classify_cameras(connection, SystemClock(), author, change)
    if json:
        _print(ClassificationDone.of(outcome))
    else:
        show_done(outcome)


async def _undo(batch: int, reason: str | None, username: str, *, dry_run: bool, json: bool) -> None:
    wish = Undo(batch, days=get_settings().undo_days, reason=reason)
    async with _at_work(username) as (connection, author):
        if dry_run:
            driver = await driver_of(connection)
            undoing = await preview_undo(driver, SystemClock(), author.scope, wish)
        else:
            undoing = await take_back(connection, SystemClock(), author, wish)
    if json:
        _print(BatchUndoing.of(undoing))
    else:
        show_undoing(undoing, dry_run=dry_run)


async def _history(camera: str, wanted: BatchFilter, limit: int, username: str, *, json: bool) -> None:
    async with _at_work(username) as (connection, author):
        driver = await driver_of(connection)
        if camera:
            found = await driver.fetchval(
                "select id from camera where code = $1 or id::text = $1 order by code = $1 desc limit 1",
                camera,
            )
            if found is None:
                raise NotFoundError("There is no such camera.")
            events = await camera_events(driver, author.scope, found, before=NEWEST, limit=limit)
            if json:
                _print(*(AssignmentEvent.of(event) for event in events))
            else:
                show_events(events)
            return
        batches = await list_batches(driver, author.scope, wanted, before=NEWEST, limit=limit)
    if json:
        _print(*(ClassificationBatch.of(batch) for batch in batches))
    else:
        show_batches(batches)


@asynccontextmanager
async def _at_work(username: str) -> AsyncIterator[tuple[AsyncConnection, AtTheMachine]]:
    """One transaction, and who works in it."""
    async with open_store(get_settings(), pool_size=1) as store, store.database.begin() as connection:
        driver = await driver_of(connection)
        account_id = None
        if username:
            account_id = await driver.fetchval("select id from account where username = $1", username)
            if account_id is None:
                raise NotFoundError(f"There is no account {username}.")
        scope = await scope_of(driver, account_id)
        if username:
            scope.require(Permission.CLASSIFY_CAMERAS)
        yield connection, AtTheMachine(scope)


def _codes_of(file: Path) -> tuple[str, ...]:
    """The first column of each line that has any."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as err:
        raise InvalidInputError(f"{file} cannot be read: {err.strerror}.") from err
    except UnicodeDecodeError as err:
        raise InvalidInputError(f"{file} is not UTF-8.") from err
    if "\0" in text:
        raise InvalidInputError(f"{file} is no list of device ids.")
    cells = (line.replace(";", ",").replace("\t", ",").split(",")[0] for line in text.splitlines())
    codes = tuple(dict.fromkeys(code for cell in cells if (code := cell.strip().strip('"'))))
    if not codes:
        raise InvalidInputError(f"{file} holds no device ids.")
    return codes


def _print(*answers: BaseModel) -> None:
    for answer in answers:
        sys.stdout.buffer.write(orjson.dumps(answer.model_dump(mode="json")) + b"\n")
