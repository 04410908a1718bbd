"""An import that is killed half way leaves nothing; the next one does all of it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from import_lists import cameras, row, take, write

SCRIPT = """
import asyncio, sys
from pathlib import Path
from base.clock import SystemClock
from base.database import Database
from camera_registry.importing import ImportRequest, import_file
from camera_registry.importing.merge import Merge

plain = Merge.write

async def write_and_wait(self, report, now):
    await plain(self, report, now)
    print("written", flush=True)
    await asyncio.sleep(60)

Merge.write = write_and_wait

async def main():
    database = Database(sys.argv[1])
    path = Path(sys.argv[2])
    await import_file(database, SystemClock(), ImportRequest(path, path.name), lambda *_: None)

asyncio.run(main())
"""


@pytest.mark.usefixtures("city")
async def test_killed_after_writing_and_before_the_commit_nothing_is_changed(
    database, database_url, tmp_path
):
    path = write(tmp_path / "a.csv", [row(number) for number in range(1, 50)])
    before = await cameras(database)
    command = [sys.executable, "-c", SCRIPT, database_url, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as importer:
        assert importer.stdout is not None
        assert importer.stdout.readline() == "written\n"
        os.kill(importer.pid, signal.SIGKILL)
    assert await cameras(database) == before
    async with database.raw() as connection:
        for _ in range(50):  # the server notices the broken connection in its own time
            if not await connection.fetchval("select count(*) from pg_locks where locktype = 'advisory'"):
                break
            time.sleep(0.1)
        assert await connection.fetchval("select count(*) from import_batch") == 0
    assert (await take(database, path)).new == 49
