"""Lists of cameras: by id, by what somebody typed, by distance, along a line, by who sees a place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from api import cursor
from api.queries.camera_rows import COLUMNS, read_summaries, summary_of
from api.schemas import CameraSummary, Found, FoundHow, Page
from camera_registry.search.find import Question, find_rows, place_of
from camera_registry.search.highlight import Highlighter
from camera_registry.search.statements import Place, meant_by
from camera_registry.search.tiers import Closeness

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.search.vocabulary import Vocabulary
    from camera_registry.selection import CameraFilter
    from models.scope import Scope

HOW: dict[Closeness, FoundHow] = {
    Closeness.BEGINS: "begins",
    Closeness.NAME: "name",
    Closeness.ELSEWHERE: "elsewhere",
    Closeness.CODE: "code",
    Closeness.SOUND: "sound",
    Closeness.SIMILAR: "similar",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that is asked for.

    Attributes:
        cameras: Which cameras.
        after: Cursor of the page before, or None.
        limit: Cameras on the page.
        exact: Whether only what is written counts, not what sounds like it or resembles it.
    """

    cameras: CameraFilter
    after: str | None
    limit: int
    exact: bool = False


def listed(wanted: CameraFilter) -> CameraFilter:
    """The filter of a list: what is gone is left out, unless it is asked for."""
    return replace(wanted, gone=False) if wanted.gone is None else wanted


async def search_cameras(
    connection: asyncpg.Connection[Any], scope: Scope, vocabulary: Vocabulary, wanted: Wanted
) -> Page[CameraSummary]:
    """A page of the cameras within ``scope``: the closest first if there are words, else by id."""
    words = (wanted.cameras.words or "").strip()
    if words:
        return await _by_words(connection, scope, vocabulary, words, wanted)
    return await list_by_id(connection, scope, wanted)


async def list_by_id(
    connection: asyncpg.Connection[Any], scope: Scope, wanted: Wanted
) -> Page[CameraSummary]:
    """A page of the cameras within ``scope`` by id; words count as they are written."""
    meant = meant_by(scope, wanted.cameras)
    after = None if wanted.after is None else cursor.decode_id(wanted.after)
    number = len(meant.values)
    sql = f"""
select camera.id from camera where {meant.condition} and camera.id > ${number + 1}::bigint
 order by camera.id limit ${number + 2}::int"""  # noqa: S608 - compiled, values apart
    rows = await connection.fetch(sql, *meant.values, after or 0, wanted.limit + 1)
    ids = [row["id"] for row in rows]
    more = cursor.encode(ids[wanted.limit - 1]) if len(ids) > wanted.limit else None
    return Page(items=await read_summaries(connection, scope, ids[: wanted.limit]), next=more)


async def _by_words(
    connection: asyncpg.Connection[Any], scope: Scope, vocabulary: Vocabulary, words: str, wanted: Wanted
) -> Page[CameraSummary]:
    rows = await find_page(connection, scope, vocabulary, words, wanted)
    page, more = rows[: wanted.limit], None
    if len(rows) > wanted.limit:
        last = place_of(page[-1])
        more = cursor.encode(last.closeness, last.name, last.camera_id)
    highlighter = Highlighter(words, vocabulary)
    items = [
        summary_of(
            row, found=Found(how=HOW[Closeness(row["closeness"])], marks=highlighter.marks(row["name"]))
        )
        for row in page
    ]
    return Page(items=items, next=more)


async def find_page(
    connection: asyncpg.Connection[Any], scope: Scope, vocabulary: Vocabulary, words: str, wanted: Wanted
) -> list[asyncpg.Record]:
    """The rows of a page as lists show them, and one more if there is another page."""
    question = Question(
        words,
        meant_by(scope, replace(wanted.cameras, words=None)),
        after=None if wanted.after is None else Place(*cursor.decode_place(wanted.after)),
        limit=wanted.limit + 1,
        loose=not wanted.exact,
    )
    return await find_rows(connection, question, vocabulary, columns=COLUMNS)
