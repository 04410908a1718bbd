"""``dengta demo``: from nothing to an event at a consumer, again in seconds, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from running_demo import Demo

from base.settings import Settings
from dengta.store import open_store
from models.event import Event

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


async def ask(demo: Demo, query: str, *arguments: object) -> list[dict]:
    settings = Settings(data_dir=demo.data_dir)
    async with open_store(settings, pool_size=1) as store, store.database.raw() as connection:
        return [dict(row) for row in await connection.fetch(query, *arguments)]


def assert_nothing_runs(demo: Demo) -> None:
    left = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"]]
    assert [words for words in left if str(demo.data_dir) in " ".join(words)] == []


async def test_the_first_event_reaches_a_consumer_and_the_second_start_takes_seconds(demo: Demo) -> None:
    done = demo.run("--until-event", "--timeout", "120", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    event = Event.model_validate(told["event"])
    assert_nothing_runs(demo)

    # From a filmed clip, recognised by a real model …
    (row,) = await ask(
        demo,
        """select c.simulated, c.stream_url, k.name,
                  (select u.code from organisation u where u.level = 2 and ST_Covers(u.geom, c.geom)) as unit
             from camera c join credential k on k.id = c.credential_id where c.id = $1""",
        event.data.camera.id,
    )
    plan = json.loads((demo.data_dir / "sample-cameras.json").read_text())["cameras"]
    sample = next(c for c in plan if f"sample/{c['name']}" == row["name"])
    assert event.data.facts["model"].split("@")[0] in {"nanodet-g", "yolox-nano"}
    assert (sample["origin"], sample["fault"]) == ("filmed", None)
    # … with the unit that PostGIS found, and its picture on the disk.
    assert event.data.unit is not None
    assert event.data.unit.code == row["unit"]
    assert event.exercise is True
    assert row["simulated"] is True
    evidence = event.data.evidence
    assert evidence is not None
    assert (
        demo.data_dir / "evidence" / evidence.sha256[:2] / evidence.sha256[2:4] / f"{evidence.sha256}.jpg"
    ).stat().st_size > 5000
    assert set(told["stages_ms"]) >= {
        "look",
        "decode and recognise",
        "judge and record",
        "publish and receive",
    }
    assert set(told["setup_s"]) >= {"database", "queue", "city", "clips", "model", "processes", "first event"}

    began = time.monotonic()
    again = demo.run("--until-event", "--timeout", "120", "--json")
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    setup = sum(seconds for stage, seconds in second["setup_s"].items() if stage != "first event")
    assert setup < 30, (setup, time.monotonic() - began)
    assert second["event"]["id"] != told["event"]["id"]


def test_a_port_in_use_is_one_clear_line(demo: Demo) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(demo.environment["DENGTA_API_PORT"])))
        taken.listen()
        done = demo.run("--until-event")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("dengta: Port ")
    assert "DENGTA_API_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_one_clear_line(demo: Demo) -> None:
    demo.environment["DENGTA_MINIMUM_FREE_MIB"] = str(10**9)
    done = demo.run("--until-event")
    assert done.returncode == 1
    assert "MiB free" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_package_is_one_clear_line(demo: Demo, tmp_path: Path) -> None:
    sitecustomize = tmp_path / "sitecustomize.py"
    sitecustomize.write_text(
        "import base.postgres as p, pathlib\np.find_programs.__defaults__ = (pathlib.Path('/nowhere'),)\n"
    )
    demo.environment["PYTHONPATH"] = f"{tmp_path}:{Path(__file__).parent.parent.parent}"
    done = demo.run("--until-event")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "dengta: PostgreSQL with PostGIS is not installed. "
        "As root: apt-get install --no-install-recommends postgresql-15-postgis-3"
    )


LIVELY = """
update watch set cadence_s = 1, settings = case rule
       when 'crowd' then '{"open_at": 6, "close_at": 5, "votes": 1, "of": 1}'::jsonb
       else '{"open_at": 0.05, "close_at": 0.045, "votes": 1, "of": 1, "span_s": 0}'::jsonb end
"""
"""Pedestrians and cars come and go: a matter opens or closes every few seconds."""


async def test_killing_any_process_loses_no_event(demo: Demo, tmp_path: Path) -> None:
    demo.start()
    await wait_for(lambda: "api" in demo.pids(), 120)
    await ask(demo, LIVELY)
    ledger = tmp_path / "ledger.jsonl"
    words = ("events", "--follow", "--json", "--durable", "ledger", "--out", str(ledger))
    consumer = subprocess.Popen(demo.command(*words), env=demo.environment, stdout=subprocess.DEVNULL)
    try:
        await wait_for(lambda: ledger.exists() and ledger.stat().st_size > 0, 60)
        for name in (
            *("looker", "relay", "nats", "postgres", "calendar"),
            *("looker", "relay", "clerk", "api", "cameras"),
        ):
            before = demo.pids()[name]
            os.kill(before, signal.SIGKILL)
            await wait_for(lambda n=name, b=before: demo.pids().get(n) not in (None, b), 60)
            await asyncio.sleep(3)
        mark = len(ledger.read_text().splitlines())
        await wait_for(
            lambda: len(ledger.read_text().splitlines()) > mark, 90
        )  # the thread still runs through
        # No new matters now; what is in the outbox must all arrive.
        await ask(demo, "update watch set enabled = false")
        await asyncio.sleep(8)
        decided = await ask(
            demo, "select event_id::text as id, incident_id, sequence from outbox order by seq"
        )
    finally:
        consumer.terminate()
        consumer.wait(timeout=20)
    got = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert {row["id"] for row in decided} == {event["id"] for event in got}
    by_incident: dict[int, list[int]] = {}
    for event in {e["id"]: e for e in got}.values():
        by_incident.setdefault(event["data"]["incident_id"], []).append(event["sequence"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_incident.values())
    assert len(decided) >= 10


async def test_the_supervisors_own_death_ends_all_and_the_next_start_recovers(demo: Demo) -> None:
    demo.start()
    await wait_for(lambda: "api" in demo.pids(), 120)
    assert demo.running is not None
    pids = demo.pids()
    demo.running.kill()
    demo.running.wait()
    await wait_for(lambda: not any(alive(pid) for pid in pids.values()), 20)
    assert_nothing_runs(demo)
    done = demo.run("--until-event", "--timeout", "120", "--json")
    assert done.returncode == 0, done.stderr


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def wait_for(condition, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.1)
