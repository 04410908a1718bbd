"""Entering the sample cameras into the catalogue: streams, credentials and watches on records of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from base.errors import ConflictError, SetupError
from dengta.sample.names import CITY_CODE, DISTRICTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from base.seal import Sealer
    from dengta.sample.rtsp_cameras import SampleCamera

SCENES_BY_SUBJECT = {"pedestrians": (8, 1, 13), "congestion": (2, 3), "snow": (5, 3)}
"""Where a clip of a subject would plausibly have been filmed: squares and markets, junctions, snow routes."""

ANY_SCENE = (23, 22, 2)

WATCHES: tuple[tuple[str, str, int, Mapping[str, Any]], ...] = (
    # The same for every sample camera: what each shows decides what happens. The borders are those of a small
    # square and of a quiet road, and the spans are short, because a clip lasts a minute and not an evening.
    ("crowd", "objects", 4, {"open_at": 4, "close_at": 1, "votes": 3, "of": 4}),
    (
        "congestion",
        "objects",
        4,
        {"open_at": 0.08, "close_at": 0.03, "votes": 3, "of": 4, "span_s": 8, "memory_s": 120},
    ),
)

_CREDENTIAL = """
insert into credential (name, username, sealed) values ($1, $2, $3)
    on conflict (name) do update set username = excluded.username, sealed = excluded.sealed
returning id
"""

# One camera a township at most, so that the sample is spread over the city; the same ones every time.
_RECORDS = """
select distinct on (c.unit_id) c.id
  from camera_scene s join camera c on c.id = s.camera_id
 where s.scene_id = $1 and c.geom is not null and c.stream_url is null
   and c.unit_id in (select id from organisation where level = 2)
 order by c.unit_id, c.id
"""

_ASSIGN = """
update camera set stream_url = $2, credential_id = $3, simulated = true, updated_at = now(),
                  version = version + 1
 where id = $1
"""

_WATCH = """
insert into watch (camera_id, rule, recogniser, scene_id, cadence_s, priority, settings)
values ($1, $2, $3, (select scene_id from camera_scene where camera_id = $1 order by scene_id limit 1),
        $4, 1, $5::jsonb)
    on conflict (camera_id, rule) do nothing
"""


_STRANGE_UNIT = "select min(code) from organisation where code <> all($1::text[])"

# The sample city comes in one transaction, so all its cameras have one moment of creation; and only the
# sample cameras are given streams.
_OWN_CAMERA = """
select c.id from camera c left join credential k on k.id = c.credential_id
 where c.created_at <> (select min(created_at) from camera)
    or (c.stream_url is not null and coalesce(k.name, '') not like 'sample/%')
 limit 1
"""


async def require_sample_city(connection: asyncpg.Connection[Any]) -> bool:
    """Whether the catalogue holds the sample city; False when it has no camera at all.

    Raises:
        ConflictError: It holds cameras or units that are somebody's own.
    """
    if not await connection.fetchval("select exists (select from camera)"):
        return False
    strange = await connection.fetchval(_STRANGE_UNIT, sample_unit_codes())
    if strange is not None:
        _refuse(f"unit {strange}")
    if not await connection.fetchval("select exists (select from organisation where code = $1)", CITY_CODE):
        _refuse("cameras without the sample city's units")
    own = await connection.fetchval(_OWN_CAMERA)
    if own is not None:
        _refuse(f"camera {own}")
    return True


def sample_unit_codes() -> list[str]:
    """The codes of the sample city's units, whatever its seed."""
    codes = [CITY_CODE]
    for district in DISTRICTS:
        codes += [
            district.code,
            *(f"{district.code}-{rank:02d}" for rank in range(1, district.townships + 1)),
        ]
    return codes


def _refuse(what: str) -> NoReturn:
    raise ConflictError(
        f"The catalogue holds records that are not the sample city's ({what}); the demo leaves them alone.",
        remedy="Give the demo a folder of its own: DENGTA_DATA_DIR=another/folder dengta demo",
    )


async def register_cameras(
    connection: asyncpg.Connection[Any],
    cameras: Sequence[SampleCamera],
    subjects: Mapping[str, str],
    sealer: Sealer,
) -> dict[str, int]:
    """Give each sample camera a record of the catalogue; one that has its record keeps it.

    Call it inside a transaction.

    Args:
        connection: Where.
        cameras: The sample cameras.
        subjects: What each clip shows, by its name.
        sealer: Seals their passwords.

    Returns:
        The camera id of each sample camera, by its name.

    Raises:
        SetupError: The catalogue has no suitable record left.
    """
    pools: dict[int, list[int]] = {}
    registered: dict[str, int] = {}
    for number, camera in enumerate(cameras):
        name = f"sample/{camera.name}"
        sealed = sealer.seal(camera.password, name=name)
        credential_id = await connection.fetchval(_CREDENTIAL, name, camera.username, sealed)
        camera_id = await connection.fetchval("select id from camera where credential_id = $1", credential_id)
        if camera_id is None:
            scenes = SCENES_BY_SUBJECT.get(subjects.get(camera.clip, ""), ANY_SCENE)
            camera_id = await _take(connection, pools, (*scenes, *ANY_SCENE), number)
        await connection.execute(_ASSIGN, camera_id, camera.url, credential_id)
        for rule, recogniser, cadence_s, settings in WATCHES:
            await connection.execute(
                _WATCH, camera_id, rule, recogniser, cadence_s, orjson.dumps(settings).decode()
            )
        registered[camera.name] = camera_id
    return registered


async def _take(
    connection: asyncpg.Connection[Any], pools: dict[int, list[int]], scenes: Sequence[int], number: int
) -> int:
    """A record of the first of these scenes that has one left."""
    for scene in scenes:
        if scene not in pools:
            pools[scene] = [row["id"] for row in await connection.fetch(_RECORDS, scene)]
        if pools[scene]:
            taken = pools[scene].pop(number * 7919 % len(pools[scene]))
            for pool in pools.values():
                if taken in pool:
                    pool.remove(taken)
            return taken
    raise SetupError(
        "The catalogue has no camera that a sample camera could stand for.",
        remedy="Make the sample city first: dengta city --cameras 2000",
    )
