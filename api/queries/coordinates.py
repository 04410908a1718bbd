"""Findings of the last survey of coordinates within a scope, and the repairs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select, text

from api import cursor
from api.queries.cameras import list_cameras
from api.schemas import Declared, Page, Place
from api.schemas_coordinates import CrsFinding, CrsFindings, CrsSuspect, RepairRecord
from base.errors import NotFoundError
from camera_registry.selection import CameraFilter
from gis.crs_check import Finding, Reading, reread
from models.tables import account, camera, crs_finding, crs_repair, crs_repair_camera, crs_survey

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_coordinates import GroupingName
    from models.scope import Scope

# What the asker may not see is not counted, nor does a group of it exist for them.
_FINDINGS = text("""
select f.id, f.group_name, f.reading, f.group_size, count(*) as cameras, avg(m.likely) as confidence
  from crs_finding f
 cross join unnest(f.members, f.likely) as m (camera_id, likely)
  join camera c on c.id = m.camera_id
 where f.grouping = :grouping
   and (c.unit_tree between :left and :right or (:whole and c.unit_tree is null))
   and c.sensitivity <= :sensitivity
 group by f.id order by count(*) desc, f.id
""")


async def list_findings(connection: AsyncConnection, scope: Scope, grouping: GroupingName) -> CrsFindings:
    """The findings by one grouping, the largest first."""
    survey = (
        await connection.execute(select(crs_survey).where(crs_survey.c.grouping == grouping))
    ).one_or_none()
    rows = (
        await connection.execute(
            _FINDINGS,
            {
                "grouping": grouping,
                "left": scope.tree_left,
                "right": scope.tree_right,
                "whole": scope.whole_city,
                "sensitivity": scope.max_sensitivity,
            },
        )
    ).mappings()
    return CrsFindings(
        grouping=grouping,
        surveyed_at=survey.at if survey else None,
        checked=survey.checked if survey else 0,
        backed=survey.backed if survey else 0,
        items=[_finding(dict(row)) for row in rows],
    )


def _finding(row: dict[str, Any]) -> CrsFinding:
    reading, confidence = Reading[row["reading"]], float(row["confidence"])
    told = Finding(row["group_name"] or "—", reading, (0,) * row["cameras"], row["group_size"], confidence)
    return CrsFinding(
        id=row["id"],
        group=row["group_name"],
        reading=row["reading"],
        cameras=row["cameras"],
        group_size=row["group_size"],
        confidence=round(confidence, 4),
        sentence=str(told),
    )


async def list_suspects(
    connection: AsyncConnection, scope: Scope, finding_id: int, *, after: str | None, limit: int
) -> Page[CrsSuspect]:
    """A page of a finding's cameras within ``scope``, by id.

    Raises:
        NotFoundError: There is no such finding any more.
    """
    query = select(crs_finding.c.reading, crs_finding.c.members, crs_finding.c.likely)
    row = (await connection.execute(query.where(crs_finding.c.id == finding_id))).one_or_none()
    if row is None:
        raise NotFoundError("There is no such finding.", remedy="A later survey has replaced it; list again.")
    likely = dict(zip(row.members, row.likely, strict=True))
    first = cursor.decode_id(after) if after is not None else 0
    wanted = CameraFilter(ids=tuple(each for each in row.members if each > first))
    page = await list_cameras(connection, scope, wanted, after=after, limit=limit)
    ids = [summary.id for summary in page.items]
    columns = (camera.c.id, camera.c.longitude, camera.c.latitude, camera.c.declared_crs)
    declared = {
        each.id: each for each in await connection.execute(select(*columns).where(camera.c.id.in_(ids)))
    }
    items = [
        CrsSuspect(
            camera=summary,
            likely=round(likely[summary.id], 4),
            declared=Declared(longitude=told.longitude, latitude=told.latitude, crs=told.declared_crs),
            place_if=_place_if(told.longitude, told.latitude, Reading[row.reading]),
        )
        for summary in page.items
        if (told := declared[summary.id]).longitude is not None
    ]
    return Page(items=items, next=page.next)


def _place_if(longitude: float, latitude: float, reading: Reading) -> Place:
    east, north = reread(np.array([[longitude, latitude]]))[reading][0].tolist()
    return Place(longitude=round(east, 7), latitude=round(north, 7), accuracy_m=None)


async def list_repairs(connection: AsyncConnection, *, after: str | None, limit: int) -> Page[RepairRecord]:
    """Repairs, newest first."""
    cameras = select(func.count()).where(crs_repair_camera.c.repair_id == crs_repair.c.id).scalar_subquery()
    query = (
        select(
            *(crs_repair.c.id, crs_repair.c.at, crs_repair.c.reading, crs_repair.c.facts),
            *(crs_repair.c.undone_at, account.c.username, cameras.label("cameras")),
        )
        .select_from(crs_repair.outerjoin(account, account.c.id == crs_repair.c.account_id))
        .order_by(crs_repair.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(crs_repair.c.id < min(cursor.decode_id(after), 2**31 - 1))
    rows = (await connection.execute(query)).mappings().all()
    more = cursor.encode(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=[RepairRecord(**row) for row in rows[:limit]], next=more)
