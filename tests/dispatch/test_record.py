"""A batch of sightings becomes states, incidents and events in one transaction, the same however it comes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import SmallCity, make_small_city

from base.clock import ManualClock
from base.database import Database
from base.errors import InvalidInputError, UnavailableError
from dispatch.evidence import FolderEvidence, encode_jpeg
from dispatch.exercise import end_exercises
from dispatch.record import Recorder, Sighting
from models.event import Event
from models.observation import Detection, Observation

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
"""The recorder's time: after all pictures of a test."""
PICTURE = encode_jpeg(np.full((36, 64, 3), 90, np.uint8))


@pytest.fixture
async def city(database: Database) -> SmallCity:
    async with database.raw() as connection:
        return await make_small_city(connection)


@pytest.fixture
def recorder(database: Database, tmp_path: Path) -> Recorder:
    return Recorder(database, FolderEvidence(tmp_path), site="test", clock=ManualClock(LATER))


def seen(
    city: SmallCity, where: str, at_s: float, persons: float, *, abstained: str | None = None, look: int = 0
) -> Sighting:
    at = NOON + timedelta(seconds=at_s)
    observation = Observation(
        camera_id=city.cameras[where],
        look_id=UUID(int=look or int(at_s * 1000) + 1),
        captured_at=at,
        recogniser="objects",
        model="test@0",
        values={} if abstained else {"persons": persons},
        confidence=0.8,
        abstained=abstained,
        detections=(Detection("person", 0.8, (0.1, 0.2, 0.3, 0.4)),),
    )
    return Sighting(city.watches[where], observation, at, at, lambda: PICTURE)


async def incidents(database: Database) -> list[dict]:
    async with database.raw() as connection:
        rows = await connection.fetch(
            """select i.*, ST_X(i.geom) as lon, o.code as unit from incident i
                 left join organisation o on o.id = i.unit_id order by i.id"""
        )
    return [dict(row) for row in rows]


async def outbox(database: Database) -> list[Event]:
    async with database.raw() as connection:
        rows = await connection.fetch("select body::text as body from outbox order by seq")
    return [Event.model_validate_json(row["body"]) for row in rows]


async def test_a_crowd_seen_twice_opens_one_suspected_incident_with_its_event(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    await recorder.record([seen(city, "west-1", 0, 6)])
    assert await incidents(database) == []

    recorded = await recorder.record([seen(city, "west-1", 60, 7)])

    (incident,) = await incidents(database)
    (event,) = await outbox(database)
    assert recorded.events == (event,)
    assert (incident["kind"], incident["state"], incident["unit"]) == ("crowd", "suspected", "west-1")
    assert incident["lon"] == pytest.approx(121.05)
    assert event.type == "cn.dengta.incident.opened.v1"
    assert event.sequence == 1
    assert event.data.unit is not None
    assert event.data.unit.path == ("烟台市", "西区", "西一街道")
    assert event.data.place is not None
    assert event.data.place.accuracy_m == 12
    assert event.data.facts["value"] == 7
    assert event.data.facts["detections"] == [["person", 0.8, 0.1, 0.2, 0.3, 0.4]]


async def test_the_event_carries_the_picture_that_decided(
    city: SmallCity, recorder: Recorder, database: Database, tmp_path: Path
) -> None:
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    (event,) = await outbox(database)
    assert event.data.evidence is not None
    assert FolderEvidence(tmp_path).get(event.data.evidence.sha256) == PICTURE


async def test_it_closes_when_the_people_have_gone_and_may_open_anew(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    for minute, persons in enumerate([6, 6, 3, 1, 0, 0, 6, 6]):
        await recorder.record([seen(city, "west-1", 60 * minute, persons)])
    first, second = await incidents(database)
    assert first["state"] == "closed"
    assert first["closed_at"] is not None
    assert second["state"] == "suspected"
    assert [(e.data.incident_id, e.sequence) for e in await outbox(database)] == [
        (first["id"], 1),
        (first["id"], 2),
        (second["id"], 1),
    ]


async def test_a_camera_moved_to_another_district_sends_its_matter_there(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute(
            "update camera set geom = ST_SetSRID(ST_MakePoint(121.35, 37.1), 4326) where id = $1",
            city.cameras["west-1"],
        )
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    (incident,) = await incidents(database)
    assert incident["unit"] == "east-2"


async def test_a_camera_without_a_place_reports_to_the_unit_of_its_record(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute("update camera set geom = null where id = $1", city.cameras["west-1"])
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    (event,) = await outbox(database)
    assert event.data.place is None
    assert event.data.unit is not None
    assert event.data.unit.code == "west-1"


async def test_a_matter_out_at_sea_is_recorded_without_a_unit(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute(
            "update camera set geom = ST_SetSRID(ST_MakePoint(125, 37.1), 4326) where id = $1",
            city.cameras["west-1"],
        )
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    (event,) = await outbox(database)
    assert event.data.unit is None
    assert event.data.place is not None


async def test_pictures_that_cannot_be_judged_have_no_vote(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    await recorder.record([seen(city, "west-1", 0, 6)])
    await recorder.record([seen(city, "west-1", 60, 0, abstained="black")])
    await recorder.record([seen(city, "west-1", 120, 6)])
    assert len(await incidents(database)) == 1


async def test_a_full_evidence_disk_does_not_lose_the_matter(city: SmallCity, database: Database) -> None:
    class Full:
        def put(self, picture: bytes) -> str:
            raise UnavailableError("The evidence disk is nearly full.")

        def get(self, digest: str) -> bytes:
            raise AssertionError

    recorder = Recorder(database, Full(), site="test", clock=ManualClock(LATER))
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    (event,) = await outbox(database)
    assert event.data.evidence is None


async def test_one_watch_set_wrongly_does_not_stop_the_others(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute(
            """update watch set settings = '{"open_at": -1}' where id = $1""", city.watches["west-1"]
        )
    await recorder.record([seen(city, where, at, 6) for where in ("west-1", "west-2") for at in (0, 60)])
    assert [i["unit"] for i in await incidents(database)] == ["west-2"]


async def test_a_deleted_watch_is_passed_over(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute("delete from watch where id = $1", city.watches["west-1"])
    recorded = await recorder.record([seen(city, "west-1", 0, 6)])
    assert (recorded.counted, recorded.events) == (0, ())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), counts=st.lists(st.integers(0, 8), min_size=4, max_size=12))
async def test_duplicated_and_late_looks_change_nothing(
    city: SmallCity, recorder: Recorder, database: Database, data: st.DataObject, counts: list[int]
) -> None:
    """What is recorded is what the newest-so-far looks alone would give, however the others come between."""
    async with database.raw() as connection:
        await connection.execute("truncate rule_state, incident, outbox restart identity cascade")
    inorder = [seen(city, "west-1", 60 * k, n) for k, n in enumerate(counts)]
    for sighting in inorder:
        await recorder.record([sighting])
    expected = [(i["state"], i["opened_at"]) for i in await incidents(database)]
    expected_events = [(e.sequence, e.type, e.data.captured_at) for e in await outbox(database)]

    async with database.raw() as connection:
        await connection.execute("truncate rule_state, incident, outbox restart identity cascade")
    arrivals: list[list[Sighting]] = []
    for k, sighting in enumerate(inorder):
        again = data.draw(st.lists(st.sampled_from(inorder[: k + 1]), max_size=3))
        arrivals += [[sighting, *again], again] if data.draw(st.booleans()) else [[sighting], again]
    for batch in itertools.filterfalse(lambda b: not b, arrivals):
        await recorder.record(batch)

    assert [(i["state"], i["opened_at"]) for i in await incidents(database)] == expected
    assert [(e.sequence, e.type, e.data.captured_at) for e in await outbox(database)] == expected_events


async def test_the_whole_batch_is_undone_when_its_transaction_fails(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute(
            """create function refuse() returns trigger language plpgsql as
               $$ begin raise exception 'refused'; end $$"""
        )
        await connection.execute("create trigger refuse before insert on outbox execute function refuse()")
    with pytest.raises(Exception, match="refused"):
        await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    async with database.raw() as connection:
        left = await connection.fetchrow(
            "select (select count(*) from rule_state), (select count(*) from incident)"
        )
    assert tuple(left) == (0, 0)


async def test_the_event_is_a_cloudevent_to_an_independent_reader(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    from cloudevents.core.bindings.http import HTTPMessage, from_http_event

    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    async with database.raw() as connection:
        body = await connection.fetchval("select body::text from outbox")
    event = from_http_event(HTTPMessage({"content-type": "application/cloudevents+json"}, body.encode()))
    assert event.get_attributes()["sequence"] == 1
    assert event.get_data() == orjson.loads(body)["data"]


def test_other_users_of_the_machine_cannot_look_at_evidence(tmp_path: Path) -> None:
    FolderEvidence(tmp_path / "evidence")
    assert (tmp_path / "evidence").stat().st_mode & 0o077 == 0


def test_evidence_is_kept_once_and_named_by_its_content(tmp_path: Path) -> None:
    store = FolderEvidence(tmp_path)
    digest = store.put(PICTURE)
    assert store.put(PICTURE) == digest
    assert [p.name for p in tmp_path.rglob("*.jpg")] == [f"{digest}.jpg"]
    assert store.get(digest) == PICTURE


def test_a_nearly_full_disk_refuses_evidence_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="nearly full"):
        FolderEvidence(tmp_path, minimum_free_mib=1 << 40).put(PICTURE)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "AB" * 32, "0" * 63, "0" * 64 + "/"])
def test_evidence_is_never_fetched_by_anything_but_a_digest(tmp_path: Path, digest: str) -> None:
    with pytest.raises(InvalidInputError):
        FolderEvidence(tmp_path).get(digest)


async def test_a_matter_is_closed_where_it_was_opened_though_its_camera_was_moved_between(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    await recorder.record([seen(city, "west-1", 0, 6), seen(city, "west-1", 60, 6)])
    async with database.raw() as connection:
        await connection.execute(
            "update camera set geom = ST_SetSRID(ST_MakePoint(121.35, 37.1), 4326) where id = $1",
            city.cameras["west-1"],
        )
    await recorder.record([seen(city, "west-1", 120, 0), seen(city, "west-1", 180, 0)])
    opened, closed = await outbox(database)
    assert closed.type == "cn.dengta.incident.closed.v1"
    assert closed.data.unit == opened.data.unit
    assert closed.data.place == opened.data.place
    assert closed.data.evidence == opened.data.evidence
    async with database.raw() as connection:
        assert await connection.fetchval("select count(distinct subject) from outbox") == 1


async def test_the_end_of_an_exercise_closes_its_matters_and_lets_them_open_anew(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    async with database.raw() as connection:
        await connection.execute("update camera set simulated = true where id = $1", city.cameras["west-1"])
    for where in ("west-1", "west-2"):
        await recorder.record([seen(city, where, 0, 6), seen(city, where, 60, 6)])
    async with database.raw() as connection, connection.transaction():
        assert await end_exercises(connection, site="test", clock=ManualClock(LATER)) == 1
    last = (await outbox(database))[-1]
    assert (last.exercise, last.sequence, last.data.state) == (True, 2, "closed")
    assert last.data.facts["closed_because"] == "the exercise has ended"
    assert [i["state"] for i in await incidents(database)] == ["closed", "suspected"]
    await recorder.record([seen(city, "west-1", 120, 6), seen(city, "west-1", 180, 6)])
    assert [i["state"] for i in await incidents(database)] == ["closed", "suspected", "suspected"]


async def test_a_state_written_by_a_clock_that_was_set_back_does_not_blind_its_watch(
    city: SmallCity, recorder: Recorder, database: Database
) -> None:
    hour = 3600.0
    await recorder.record([seen(city, "west-1", 30 * hour, 6)])  # six hours ahead of the recorder's clock
    await recorder.record([seen(city, "west-1", 0, 6)])
    await recorder.record([seen(city, "west-1", 60, 6)])
    assert len(await incidents(database)) == 1
