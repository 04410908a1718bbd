"""Uploads as jobs: received within bounds, checked by a clerk, reported, and nobody else's business."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from api_world import Session, World
from httpx import AsyncClient

from api import uploads
from api.app import create_app
from base.clock import SystemClock
from base.settings import Settings
from camera_registry.import_job import KIND, drop_surplus, import_work
from camera_registry.job_files import ABANDONED, KEPT, JobFolder
from camera_registry.jobs import OPEN_PER_ACCOUNT, Job, Tell
from models.scope import Role
from workers.clerk import ClerkProcess
from workers.desk import Outcome, perform

CSV = {"Content-Type": "text/csv"}
LIST = "设备编码,设备名称,经度,纬度\n37060200081326000001,红旗路,121.05,37.1\n".encode()
ADDRESS = "/api/v1/imports?kind=cameras&filename=list.csv"


class HereDesk:
    """Does import jobs in this process, for tests that are about other things than processes."""

    def __init__(self, world: World, sealer: Any = None) -> None:
        folder = world.app.state.context.job_folder
        self._work = import_work(world.database, SystemClock(), folder, sealer)

    async def ready(self) -> None:
        return

    async def do(self, job: Job, tell: Tell) -> Outcome:
        return await perform(self._work, job, tell)

    async def close(self) -> None:
        return


@asynccontextmanager
async def clerk_of(world: World) -> AsyncIterator[None]:
    """A clerk at work for as long as the body."""
    clerk = ClerkProcess(world.database, SystemClock(), HereDesk(world), [KIND], most_s=60)
    task = asyncio.create_task(clerk.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def ended(client: AsyncClient, address: str) -> dict[str, Any]:
    """The record of the job or import at ``address``, once it has ended."""
    async with asyncio.timeout(30):
        while (record := (await client.get(address)).json())["state"] in ("queued", "running"):
            await asyncio.sleep(0.05)
    return record


def files_of(world: World) -> list[str]:
    return sorted(path.name for path in world.settings.jobs_dir.glob("*"))


async def test_an_upload_is_received_and_asked_for_as_a_job(world: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.post(
        ADDRESS + "&source=police&dry_run=true&map=点位=name&map=a=b=", content=LIST, headers=CSV
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/api/v1/imports/{job['id']}"
    assert (job["kind"], job["state"], job["share"], job["asked_by"]) == ("import", "queued", 0, "user-0")
    assert (await gis_staff.get(f"/api/v1/jobs/{job['id']}")).json() == job
    told = (await gis_staff.get(answer.headers["location"])).json()
    assert (told["filename"], told["source"], told["dry_run"]) == ("list.csv", "police", True)
    assert (told["bytes"], told["sha256"]) == (len(LIST), hashlib.sha256(LIST).hexdigest())
    assert (told["report"], told["rejects"], told["commit"]) == (None, None, None)
    (file,) = files_of(world)
    assert (world.settings.jobs_dir / file).read_bytes() == LIST
    assert (world.settings.jobs_dir / file).stat().st_mode & 0o077 == 0
    assert await world.fetchval("select parameters->'mapping' from job") == {"点位": "name", "a=b": ""}
    deed = (await world.audit())[-1]
    assert (deed["action"], deed["object"]) == ("import.upload", f"job/{job['id']}")
    assert deed["detail"]["sha256"] == told["sha256"]


@pytest.mark.parametrize(
    ("address", "content", "headers", "status"),
    [
        (ADDRESS, b"", CSV, 422),
        (ADDRESS, LIST, {"Content-Type": "text/plain"}, 415),
        (ADDRESS, LIST, {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (ADDRESS, LIST, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (ADDRESS, LIST, {}, 415),
        (ADDRESS, LIST, {**CSV, "Origin": "https://evil.example"}, 403),
        (ADDRESS, LIST, {**CSV, "Sec-Fetch-Site": "cross-site"}, 403),
        (ADDRESS, b"x" * (1 << 20), CSV | {"Content-Length": str(2 << 20)}, 413),
        (ADDRESS + "&colour=red", LIST, CSV, 422),
        (ADDRESS + "&kind=planets", LIST, CSV, 422),
        (ADDRESS + "&map=nothing", LIST, CSV, 422),
        (ADDRESS + "&source=" + "x" * 201, LIST, CSV, 422),
        ("/api/v1/imports?kind=cameras", LIST, CSV, 422),
        ("/api/v1/imports/1/commit", LIST, CSV, 415),
        ("/api/v1/session", LIST, CSV, 415),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(  # noqa: PLR0917 - by pytest, by name
    world: World, gis_staff: AsyncClient, address: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    limited = Settings(data_dir=world.settings.data_dir, upload_mib=1, _env_file=None)
    world.app = create_app(world.database, limited, world.evidence, world.clock)
    async with world.client(cookies=gis_staff.cookies) as client:
        answer = await client.post(address, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert files_of(world) == []
    assert await world.fetchval("select count(*) from job") == 0


async def test_an_endless_upload_is_cut_off_at_the_limit(world: World, gis_staff: AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"," * (1 << 16)

    limited = Settings(data_dir=world.settings.data_dir, upload_mib=1, _env_file=None)
    world.app = create_app(world.database, limited, world.evidence, world.clock)
    async with world.client(cookies=gis_staff.cookies) as client:
        answer = await client.post(ADDRESS, content=endless(), headers=CSV)
        assert answer.status_code == 413
        whole = await client.post(ADDRESS, content=b"," * (1 << 20), headers=CSV)
        assert whole.status_code == 202
    assert len(files_of(world)) == 1


async def test_a_sender_that_stalls_is_given_up(world: World, gis_staff: AsyncClient, monkeypatch) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"a,b\n"
        await asyncio.sleep(5)

    monkeypatch.setattr(uploads, "STALLED_S", 0.2)
    answer = await gis_staff.post(ADDRESS, content=stalling(), headers=CSV)
    assert answer.status_code == 422
    assert "broken off" in answer.json()["detail"]
    assert files_of(world) == []


async def test_a_full_disk_takes_no_upload(world: World, gis_staff: AsyncClient) -> None:
    full = Settings(data_dir=world.settings.data_dir, minimum_free_mib=1 << 40, _env_file=None)
    world.app = create_app(world.database, full, world.evidence, world.clock)
    async with world.client(cookies=gis_staff.cookies) as client:
        answer = await client.post(ADDRESS, content=LIST, headers=CSV)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "disk is nearly full" in answer.json()["detail"]
    assert files_of(world) == []


async def test_sent_twice_it_is_done_once(world: World, gis_staff: AsyncClient) -> None:
    key = {**CSV, "Idempotency-Key": "k1"}
    first = await gis_staff.post(ADDRESS, content=LIST, headers=key)
    again = await gis_staff.post(ADDRESS, content=LIST, headers=key)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    other = await gis_staff.post(ADDRESS, content=LIST + b"\n", headers=key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:dengta:problem:idempotency-key-reused"
    assert len(files_of(world)) == 1


async def test_who_may_not_import_uploads_nothing(world: World, login: Session) -> None:
    operator = await login(Role.OPERATOR)
    answers = [await operator.post(ADDRESS, content=LIST, headers=CSV)]
    answers += [await operator.get(f"/api/v1/imports{rest}") for rest in ("", "/1", "/1/rejects")]
    assert [answer.status_code for answer in answers] == [403] * 4
    async with world.client() as nobody:
        assert (await nobody.post(ADDRESS, content=LIST, headers=CSV)).status_code == 401
    assert files_of(world) == []


async def test_the_import_of_somebody_else_is_not_found(world: World, login: Session) -> None:
    mine, other, engineer = [await login(role) for role in (Role.GIS, Role.GIS, Role.ENGINEER)]
    place = (await mine.post(ADDRESS, content=LIST, headers=CSV)).headers["location"]
    job = place.replace("imports", "jobs")
    for address in (place, f"{place}/rejects", job, f"{job}/events"):
        assert (await other.get(address)).status_code == 404, address
    assert (await other.post(f"{place}/commit")).status_code == 404
    assert (await other.post(f"{job}/cancel")).status_code == 404
    assert (await other.get("/api/v1/jobs")).json()["items"] == []
    assert (await other.get("/api/v1/imports")).json()["items"] == []
    assert len((await engineer.get("/api/v1/jobs")).json()["items"]) == 1
    assert (await engineer.get(place)).status_code == 200


async def test_nobody_fills_the_queue(world: World, gis_staff: AsyncClient) -> None:
    for _ in range(OPEN_PER_ACCOUNT):
        assert (await gis_staff.post(ADDRESS, content=LIST, headers=CSV)).status_code == 202
    refused = await gis_staff.post(ADDRESS, content=LIST, headers=CSV)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert len(files_of(world)) == OPEN_PER_ACCOUNT
    jobs = (await gis_staff.get("/api/v1/jobs")).json()["items"]
    await gis_staff.post(f"/api/v1/jobs/{jobs[0]['id']}/cancel")
    assert (await gis_staff.post(ADDRESS, content=LIST, headers=CSV)).status_code == 202


async def test_an_account_sends_two_at_once_at_most(world: World, gis_staff: AsyncClient) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LIST
        begun.set()
        await go_on.wait()

    slow_ones = [
        asyncio.create_task(gis_staff.post(ADDRESS, content=slow(), headers=CSV))
        for _ in range(uploads.PER_ACCOUNT)
    ]
    await begun.wait()
    await asyncio.sleep(0.2)
    third = await gis_staff.post(ADDRESS, content=LIST, headers=CSV)
    go_on.set()
    assert third.status_code == 429
    assert int(third.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in await asyncio.gather(*slow_ones)] == [202, 202]


async def test_a_waiting_job_is_cancelled(world: World, gis_staff: AsyncClient) -> None:
    place = (await gis_staff.post(ADDRESS, content=LIST, headers=CSV)).headers["location"]
    job = place.replace("imports", "jobs")
    for _ in range(2):
        cancelled = await gis_staff.post(f"{job}/cancel", headers={"Idempotency-Key": "c"})
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (await gis_staff.get(place)).json()["state"] == "cancelled"
    assert (await gis_staff.post(f"{place}/commit")).status_code == 409


async def test_jobs_page_from_the_newest_back(world: World, gis_staff: AsyncClient) -> None:
    ids = [(await gis_staff.post(ADDRESS, content=LIST, headers=CSV)).json()["id"] for _ in range(3)]
    for address in ("/api/v1/jobs", "/api/v1/imports", "/api/v1/jobs?kind=import&state=queued"):
        seen: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await gis_staff.get(address, params={**_query(address), "limit": 2, **cursor})).json()
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert seen == ids[::-1], address
    assert (await gis_staff.get("/api/v1/jobs?state=done")).json()["items"] == []
    assert (await gis_staff.get("/api/v1/jobs?state=odd")).status_code == 422


async def test_a_job_is_followed_to_its_end(world: World, gis_staff: AsyncClient) -> None:
    job = (await gis_staff.post(ADDRESS, content=b"\0" * 100, headers=CSV)).json()["id"]
    async with clerk_of(world):
        lines = (await gis_staff.get(f"/api/v1/jobs/{job}/events")).text.split("\n\n")
    assert lines[0].startswith("event: job\ndata: {")
    assert '"state":"failed"' in lines[-2]


def _query(address: str) -> dict[str, str]:
    return dict(httpx.URL(address).params)


async def test_the_oldest_uploads_make_room(world: World, gis_staff: AsyncClient) -> None:
    for _ in range(3):
        await gis_staff.post(ADDRESS, content=LIST, headers=CSV)
    account = await world.fetchval("select max(account_id) from job")
    files = await world.fetchval("select array_agg(file order by id) from job")
    async with world.database.begin() as connection:
        assert await drop_surplus(connection, account, len(LIST)) == [], "all are needed"
    await world.fetchval("update job set ended_at = now(), state = 'done'")
    async with world.database.begin() as connection:
        assert await drop_surplus(connection, account, 2 * len(LIST)) == files[:1]
        assert sorted(await drop_surplus(connection, account, 0)) == sorted(files[1:])
    assert await world.fetchval("select count(file) from job") == 0


def test_what_is_old_is_swept_and_what_is_needed_stays(world: World, tmp_path) -> None:
    folder = JobFolder(tmp_path / "jobs", world.clock)
    incoming = folder.receive()
    incoming.write(b"x")
    folder.keep(incoming)
    broken_off = folder.receive()
    broken_off.write(b"y")
    world.clock.advance((SystemClock().now() - world.clock.now() + ABANDONED).total_seconds() + 5)
    assert folder.sweep(set()) == 1
    broken_off.discard()
    assert folder.existing(incoming.name).read_bytes() == b"x"
    world.clock.advance(KEPT.total_seconds())
    assert folder.sweep({incoming.name}) == 0
    assert folder.sweep(set()) == 1


async def test_a_dry_run_changes_nothing_and_is_then_committed(world: World, gis_staff: AsyncClient) -> None:
    faulty = LIST + b"37060200081326000002,,121.06,37.1\n"
    answer = await gis_staff.post(ADDRESS + "&dry_run=true&source=police", content=faulty, headers=CSV)
    place = answer.headers["location"]
    async with clerk_of(world):
        checked = await ended(gis_staff, place)
        assert (checked["state"], checked["report"]["new"], checked["report"]["refused"]) == ("done", 1, 1)
        assert await world.fetchval("select count(*) from camera where source = 'police'") == 0
        committed = await gis_staff.post(checked["commit"], headers={"Idempotency-Key": "c"})
        again = await gis_staff.post(checked["commit"], headers={"Idempotency-Key": "c"})
        assert (committed.status_code, again.json()["id"]) == (202, committed.json()["id"])
        done = await ended(gis_staff, committed.headers["location"])
    assert (done["dry_run"], done["report"]["new"], done["commit"]) == (False, 1, None)
    assert await world.fetchval("select count(*) from camera where source = 'police'") == 1
    assert await world.fetchval("select account_id is not null from import_batch")
    deeds = [deed["action"] for deed in await world.audit()]
    assert deeds[-3:] == ["import.upload", "import.commit", "catalogue.import"]


async def test_refused_rows_are_given_back_in_the_form_of_the_list(
    world: World, gis_staff: AsyncClient
) -> None:
    faulty = LIST + "37060200081326000002,=evil(),121.06,不知道\n".encode()
    address = "/api/v1/imports?kind=cameras&source=police&filename=" + quote('a/b\\清单 "1";.csv')
    place = (await gis_staff.post(address, content=faulty, headers=CSV)).headers["location"]
    async with clerk_of(world):
        record = await ended(gis_staff, place)
    assert (record["report"]["new"], record["report"]["refused"]) == (1, 1)
    assert str(world.settings.data_dir) not in str(record)
    answer = await gis_staff.get(record["rejects"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"__ _1__-rejects.csv\"; filename*=UTF-8''"
        + quote("清单 _1_;-rejects.csv", safe="")
    )
    assert "纬度" in answer.content.decode("utf-8-sig")
    assert "'=evil()" in answer.content.decode("utf-8-sig")
    (world.settings.jobs_dir / f"{record['id']}.rejects").unlink()
    assert (await gis_staff.get(place)).json()["rejects"] is None
    assert (await gis_staff.get(f"{place}/rejects")).status_code == 404


async def test_whose_right_was_taken_away_meanwhile_imports_nothing(
    world: World, gis_staff: AsyncClient
) -> None:
    place = (await gis_staff.post(ADDRESS, content=LIST, headers=CSV)).headers["location"]
    await world.fetchval("update account set roles = '{lead}'")
    async with clerk_of(world):
        async with asyncio.timeout(20):
            while await world.fetchval("select ended_at is null from job"):
                await asyncio.sleep(0.05)
    assert await world.fetchval("select problem->>'code' from job") == "forbidden"
    assert (await gis_staff.get(place)).status_code == 403
    assert await world.fetchval("select count(*) from camera where source is not null") == 0


async def test_a_district_imports_its_own(world: World, login: Session) -> None:
    west = await login(Role.GIS, unit="west")
    both = LIST + "37060200081326000002,东区的,121.25,37.1\n".encode()
    place = (await west.post(ADDRESS, content=both, headers=CSV)).headers["location"]
    async with clerk_of(world):
        record = await ended(west, place)
    assert (record["report"]["new"], record["report"]["refused"]) == (1, 1)
