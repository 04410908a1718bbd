"""Whatever is uploaded: an answer below 500, an end of its job with a reason, all of it or nothing.

The jobs are done as in production: in a clerk's child process, within its bounds.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from api_world import World
from corrupted_files import corrupted, hostile
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.clock import SystemClock
from camera_registry.import_job import KIND
from camera_registry.jobs import Job, Tell
from dengta import processes
from workers.clerk import ClerkProcess
from workers.desk import ChildDesk, Outcome

EACH = 50
"""Damaged files of each of the four forms."""

MEMORY_MIB = 1024
ADDRESS = "/api/v1/imports?kind=cameras&filename=list&source=fuzz&partial=true"
RAW = {"Content-Type": "application/octet-stream"}
HEADER = "设备编码,设备名称,经度,纬度,坐标系,安装地址\n"


class WatchedDesk(ChildDesk):
    """A child, and how much memory it ever held."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command, fat_mib=MEMORY_MIB // 2)
        self.most_mib = 0
        self.started: set[int] = set()

    async def do(self, job: Job, tell: Tell) -> Outcome:
        assert self._child is not None
        pid = self._child.pid
        self.started.add(pid)
        outcome = await super().do(job, tell)
        if psutil.pid_exists(pid):
            text = await asyncio.to_thread(Path(f"/proc/{pid}/status").read_text)
            (peak,) = [line for line in text.splitlines() if line.startswith("VmHWM")]
            self.most_mib = max(self.most_mib, int(peak.split()[1]) >> 10)
        return outcome


@pytest.fixture
async def desk(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WatchedDesk]:
    """A clerk at work, with its child, for as long as the test."""
    monkeypatch.setenv("DENGTA_DATABASE_URL", database_url)
    monkeypatch.setenv("DENGTA_DATA_DIR", str(world.settings.data_dir))
    monkeypatch.setenv("DENGTA_JOB_MEMORY_MIB", str(MEMORY_MIB))
    made = WatchedDesk(processes.command("desk"))
    clerk = ClerkProcess(world.database, SystemClock(), made, [KIND], most_s=60)
    task = asyncio.create_task(clerk.run())
    yield made
    assert not task.done(), "the clerk lives"
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
async def valid(world: World, gis_staff: AsyncClient) -> dict[str, bytes]:
    """Good lists of 30 cameras in the four forms, as our own export writes them."""
    async with world.database.raw() as connection:
        await connection.execute(
            """insert into camera (code, name, longitude, latitude, declared_crs, address, geom)
               select '3706020008132600' || (1000 + i), '红旗路' || i, 121 + i * 0.01, 37.1, 'WGS-84',
                      '安宁路' || i, ST_SetSRID(ST_MakePoint(121 + i * 0.01, 37.1), 4326)
                 from generate_series(1, 30) i"""
        )
    fields = "code,name,longitude,latitude,declared_crs,address"
    made = {}
    for form in ("csv", "xlsx", "geojson", "gpkg"):
        answer = await gis_staff.get(f"/api/v1/exports/cameras.{form}?fields={fields}&q=红旗")
        assert answer.status_code == 200
        made[form] = answer.content
    async with world.database.raw() as connection:
        await connection.execute("delete from camera where address like '安宁路%'")
    return made


async def catalogue(world: World) -> tuple[int, str]:
    """How many cameras there are, and a digest of all that is said of them."""
    async with world.database.raw() as connection:
        row = await connection.fetchrow(
            "select count(*), md5(string_agg(c::text, '|' order by id)) from camera c"
        )
    assert row is not None
    return row[0], row[1]


async def upload(client: AsyncClient, content: bytes) -> dict[str, Any] | None:
    """Upload, and the record of the import once it has ended; None if it was not taken."""
    answer = await client.post(ADDRESS, content=content, headers=RAW)
    assert answer.status_code < 500, answer.text
    if answer.status_code != 202:
        assert answer.json()["detail"]
        return None
    async with asyncio.timeout(90):
        while True:
            record: dict[str, Any] = (await client.get(answer.headers["location"])).json()
            if record["state"] not in ("queued", "running"):
                return record
            await asyncio.sleep(0.03)


def judge(name: str, record: dict[str, Any] | None, before: tuple[int, str], after: tuple[int, str]) -> str:
    """Hold what came of an upload to the promises; returns the state."""
    if record is None:
        assert after == before, name
        return "not taken"
    if record["state"] == "failed":
        problem = record["problem"]
        assert problem["code"] not in ("unforeseen", "job-died"), (name, problem)
        assert problem["detail"].endswith((".", "。")), (name, problem)
        assert after == before, f"{name}: nothing of a failed import stays"
    else:
        report = record["report"]
        assert record["state"] == "done", name
        assert report["rows"] == report["accepted"] + report["refused"], name
        assert report["accepted"] == report["new"] + report["changed"] + report["unchanged"], name
        assert after[0] == before[0] + report["new"], name
        assert sum(fault["count"] for fault in report["fault_counts"]) >= report["refused"], name
    return str(record["state"])


async def run(world: World, client: AsyncClient, files: Any) -> Counter[str]:
    states: Counter[str] = Counter()
    before = await catalogue(world)
    for name, content in files:
        record = await upload(client, content)
        after = await catalogue(world)
        states[judge(name, record, before, after)] += 1
        before = after
    return states


async def test_two_hundred_corrupted_files(
    world: World, gis_staff: AsyncClient, valid: dict[str, bytes], desk: WatchedDesk
) -> None:
    states = await run(world, gis_staff, corrupted(valid, EACH))
    assert states.total() == 4 * EACH
    assert states["failed"] > EACH, states
    assert states["done"] > EACH / 4, f"what can be read of a damaged list is read: {states}"
    assert len(desk.started) == 1, "none of them kills the child, either"
    assert desk.most_mib < MEMORY_MIB / 2
    good = await upload(gis_staff, valid["csv"])
    assert good is not None
    assert (good["state"], good["report"]["refused"]) == ("done", 0)


async def test_files_that_mean_harm(
    world: World, gis_staff: AsyncClient, valid: dict[str, bytes], desk: WatchedDesk, tmp_path: Path
) -> None:
    before = await catalogue(world)
    states = await run(world, gis_staff, hostile(valid, tmp_path))
    assert states["failed"] >= 12, states
    assert (await catalogue(world))[0] <= before[0] + 40
    assert desk.most_mib < MEMORY_MIB
    good = await upload(gis_staff, valid["xlsx"])
    assert good is not None
    assert good["state"] == "done", good["problem"]


cells = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "37060200081326000001",
        "121.05",
        "37.1",
        "-1e999",
        "nan",
        "0x1",
        "=1+1",
        "GCJ-02",
        "火星",
        '"',
        "清空",
    ]
)
lists = st.lists(st.lists(cells, max_size=8).map(",".join), max_size=6).map(
    lambda rows: (HEADER + "\n".join(rows)).encode("utf-8", "replace")
)
documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "features", "geometry", "coordinates", "properties", "code", "name", "crs", "id"]
            ),
            inner | st.sampled_from(["FeatureCollection", "Feature", "Point"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)


uploads = st.binary(min_size=1, max_size=200) | lists | documents.map(json.dumps).map(str.encode)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(min_size=1, max_size=200)
    | lists
    | documents.map(repr).map(str.encode)
    | lists.map(bytes.swapcase)
)
async def test_no_upload_breaks_anything(
    world: World, gis_staff: AsyncClient, desk: WatchedDesk, content: bytes
) -> None:
    before = await catalogue(world)
    record = await upload(gis_staff, content)
    judge("drawn", record, before, await catalogue(world))
