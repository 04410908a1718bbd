# ruff: noqa: S608 - statements are put together from this module's own words; values are parameters
"""The dry run: how many cameras a change means, how they stand to it, and what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from camera_registry.classification.apply import scenes_by_code
from camera_registry.classification.asked import digest
from camera_registry.classification.change import Action, Source
from camera_registry.classification.decision import Standing
from camera_registry.classification.decision_sql import (
    MARK,
    Asking,
    Statement,
    decide,
    left_alone,
    protected,
)
from camera_registry.classification.records import Conflict, Facet, Preview, Sampled
from camera_registry.classification.token import Token
from camera_registry.selection import as_sql
from models.camera import CameraState
from models.tables import camera

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.classification.change import Change
    from models.scope import Scope

SAMPLED = 8
"""Cameras shown of each standing."""

MOST_GROUPS = 50
"""Owners, and groups of conflicts, that are told one by one: those of most cameras."""

MOST_UNKNOWN = 20

_STANDING = f"""
    select m.id, m.unit_id, m.owner,
           case when {{already}} then '{Standing.ALREADY}'
                when {{differs}} then '{Standing.DIFFERS}' else '{Standing.NEW}' end as standing
      from meant m
      left join (select camera_id, count(*) filter (where named) as had,
                        count(*) filter (where not named) as other
                   from held group by camera_id) h on h.camera_id = m.id
      {{wanting}}
"""

_SAMPLE = f"""
    select id, standing
      from (select id, standing, row_number() over (partition by standing order by id) as place from judged) j
     where place <= {SAMPLED}
"""

_OF_SAMPLE = "select * from {name} where camera_id in (select id from sample)"

_UNITS = """
    select o.code as key, o.name, count(*) as cameras
      from judged j left join organisation o on o.id = j.unit_id
     group by o.id, o.code, o.name order by 3 desc, 1
"""

_STATES = """
    select coalesce(c.state, 0) as key, count(*) as cameras
      from judged j left join camera_state c on c.camera_id = j.id group by 1 order by 1
"""

_SCENES = """
    select n.code as key, n.name, count(*) as cameras
      from held h join scene n on n.id = h.scene_id group by n.id order by n.id
"""

_OWNERS = f"""
    select owner as key, count(*) as cameras from judged group by 1 order by 2 desc, 1 limit {MOST_GROUPS}
"""

_CONFLICTS = f"""
    select n.code as scene, n.name, h.source, a.username as by, count(*) as cameras
      from held h
      join judged j on j.id = h.camera_id and j.standing = '{Standing.DIFFERS}'
      join scene n on n.id = h.scene_id
      left join account a on a.id = h.assigned_by
     where not h.named
     group by n.id, h.source, a.username order by 5 desc, n.id, 3, 4 limit {MOST_GROUPS}
"""

_SHOWN = """
    select p.id, p.standing, c.code, c.name, o.code as unit, o.name as unit_name,
           array(select n.code from scene n
                  where (p.id, n.id) in (select camera_id, scene_id from sample_held)
                  order by n.id) as serves,
           array(select n.code from scene n
                  where coalesce((select bool_or(e.added) from sample_event e
                                   where e.camera_id = p.id and e.scene_id = n.id),
                                 (p.id, n.id) in (select camera_id, scene_id from sample_held))
                  order by n.id) as will_serve
      from sample p
      join camera c on c.id = p.id
      left join organisation o on o.id = c.unit_id
     order by array_position(array['differs', 'new', 'already'], p.standing), p.id
"""

_LISTED = """
select (count(*) over ())::int as unknown, listed
  from (select unnest({given}) as listed except select {column} from camera where {seen}) u
 order by listed limit {most}
"""


async def preview(connection: asyncpg.Connection[Any], scope: Scope, change: Change) -> Preview:
    """What ``change`` would do now; nothing is changed, and nobody waits.

    Raises:
        InvalidInputError: A scene does not exist.
    """
    scene_ids = await scenes_by_code(connection, change.scene_codes)
    statement = Statement()
    values = {
        "account": statement.give(scope.account_id or None),
        "scenes": f"'{{{','.join(map(str, sorted(scene_ids.values())))}}}'",
        "source": f"'{change.source}'",
        "at": "now()",
        "batch": "null",
    }
    asking = Asking(change, scope, scene_ids, values)
    decide(statement, asking, columns=", camera.owner", brief=False)
    statement.where("judged", _standing(asking), kept=True)
    statement.where("sample", _SAMPLE, kept=True)
    for name in ("held", "event"):
        statement.where(f"sample_{name}", _OF_SAMPLE.format(name=name), kept=True)
    row = await connection.fetchrow(statement.ending(f"select {_answer(asking)}"), *statement.parameters)
    assert row is not None
    unknown, some = await _unknown(connection, scope, change)
    return _preview(row, change, unknown, some)


def _standing(asking: Asking) -> str:
    change = asking.change
    if change.action is Action.REMOVE:
        return _STANDING.format(already="coalesce(h.had, 0) = 0", differs="false", wanting="")
    already = "coalesce(h.had, 0) >= w.wanted" + (" and coalesce(h.other, 0) = 0" if change.exact else "")
    wanting = (
        "join (select camera_id, count(*) as wanted from want group by camera_id) w on w.camera_id = m.id"
    )
    return _STANDING.format(already=already, differs="h.other > 0", wanting=wanting)


def _answer(asking: Asking) -> str:
    groups = {
        "units": _UNITS,
        "states": _STATES,
        "scenes": _SCENES,
        "owners": _OWNERS,
        "conflicts": _CONFLICTS,
        "sample": _SHOWN,
    }
    standings = (
        f"(select count(*) from judged where standing = '{standing}') as {standing}" for standing in Standing
    )
    return ", ".join(
        (
            "(select count(*) from meant) as meant",
            *standings,
            "(select count(distinct camera_id) from event) as changed",
            "(select count(*) from event where added) as added",
            "(select count(*) from event where not added) as removed",
            f"{left_alone(asking)} as kept",
            f"{protected(asking)} as protected",
            f"{MARK} as mark",
            "(select coalesce(max(id), 0) from classification_batch) as batch",
            *(f"(select json_agg(g)::text from ({query}) g) as {name}" for name, query in groups.items()),
        )
    )


async def _unknown(
    connection: asyncpg.Connection[Any], scope: Scope, change: Change
) -> tuple[int, tuple[str, ...]]:
    """How many listed cameras there are not, and some of them."""
    given: list[int] | list[str]
    wanted = change.cameras
    if change.proposals is not None:
        given, kind, column = [p.camera_id for p in change.proposals], "bigint", "id"
    elif wanted is not None and wanted.codes is not None:
        given, kind, column = list(wanted.codes), "text", "code"
    elif wanted is not None and wanted.ids is not None:
        given, kind, column = list(wanted.ids), "bigint", "id"
    else:
        return 0, ()
    seen, parameters = as_sql([scope.sees(camera)], first=2)
    query = _LISTED.format(given=f"$1::{kind}[]", column=column, seen=seen, most=MOST_UNKNOWN)
    rows = await connection.fetch(query, given, *parameters)
    return (rows[0]["unknown"], tuple(str(row["listed"]) for row in rows)) if rows else (0, ())


def _preview(row: asyncpg.Record, change: Change, unknown: int, some: tuple[str, ...]) -> Preview:
    def groups(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(row[name] or "[]")
        return found

    def facets(name: str) -> tuple[Facet, ...]:
        return tuple(Facet(g["key"], g.get("name"), g["cameras"]) for g in groups(name))

    numbers = ("meant", "new", "already", "differs", "changed", "added", "removed", "kept", "protected")
    return Preview(
        **{name: row[name] for name in numbers},
        unknown=unknown,
        unknown_some=some,
        conflicts=tuple(Conflict(**{**g, "source": Source(g["source"])}) for g in groups("conflicts")),
        units=facets("units"),
        states={CameraState(g["key"]): g["cameras"] for g in groups("states")},
        scenes=facets("scenes"),
        owners=facets("owners"),
        sample=tuple(_sampled(g) for g in groups("sample")),
        token=Token(digest(change), row["batch"], row["meant"], row["mark"]),
    )


def _sampled(shown: dict[str, Any]) -> Sampled:
    lists = {name: tuple(shown[name]) for name in ("serves", "will_serve")}
    return Sampled(**{**shown, **lists, "standing": Standing(shown["standing"])})
