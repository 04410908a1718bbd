"""The supervisor: what dies comes back, what it leaves behind is found, its own death ends its children."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from base.database import Database
from base.errors import ConflictError, SetupError, UnavailableError
from base.nats_server import PrivateNats
from base.runtime import as_user
from base.settings import Settings
from dengta import process_log, processes
from dengta import supervisor as module
from dengta.sample.register import require_sample_city, sample_unit_codes
from dengta.store import check_queue
from dengta.supervisor import ProcessSpec, Supervisor
from dengta.system import in_thread

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]


@pytest.fixture
async def supervisor(tmp_path: Path):
    made = Supervisor(tmp_path / "state", tmp_path / "logs")
    yield made
    await made.stop()


async def until(condition, timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_killed_process_comes_back_by_itself(supervisor: Supervisor) -> None:
    await supervisor.start(ProcessSpec("sleeper", SLEEPER))
    entry = supervisor.processes["sleeper"]
    await until(lambda: entry.pid)
    first = entry.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: entry.pid not in (None, first))
    assert entry.starts == 2
    assert entry.last_exit == -signal.SIGKILL


async def test_a_process_that_ends_at_once_is_one_clear_line(supervisor: Supervisor) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    words = [sys.executable, "-c", "print('noise'); print('the port is taken'); raise SystemExit(1)"]
    with pytest.raises(SetupError, match="The process broken ended: the port is taken"):
        await supervisor.start(ProcessSpec("broken", words, ready=never), timeout_s=20)


async def test_a_process_that_is_never_ready_is_named(supervisor: Supervisor) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(SetupError, match="The process slow is not ready after 1 s"):
        await supervisor.start(ProcessSpec("slow", SLEEPER, ready=never), timeout_s=1)


async def test_a_process_that_keeps_dying_is_started_less_and_less_often(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.1)
    await supervisor.start(ProcessSpec("dies", ["/bin/false"]))
    await asyncio.sleep(1.2)
    assert 2 <= supervisor.processes["dies"].starts <= 5


async def test_stopping_asks_first_and_then_insists(supervisor: Supervisor) -> None:
    deaf = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
    ]
    await supervisor.start(ProcessSpec("deaf", deaf, grace_s=0.5))
    entry = supervisor.processes["deaf"]
    await until(lambda: entry.pid)
    pid = entry.pid
    await asyncio.sleep(0.5)
    await supervisor.stop()
    assert not psutil.pid_exists(pid)


async def test_logs_are_rotated_so_that_they_cannot_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_log, "LOG_BYTES", 100_000)
    words = [sys.executable, "-c", "import time\nfor _ in range(50000): print('x' * 60)\ntime.sleep(600)"]
    made = Supervisor(tmp_path / "state", tmp_path / "logs")
    await made.start(ProcessSpec("chatty", words))
    await asyncio.sleep(2)
    await made.stop()
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["chatty.log", "chatty.log.1", "chatty.log.2", "chatty.log.3"]
    assert sum(path.stat().st_size for path in (tmp_path / "logs").iterdir()) < 5 * (100_000 + 65_536)


PARENT = """
import asyncio, pathlib, sys
from base.runtime import as_user
from dengta.supervisor import ProcessSpec, Supervisor
import signal
async def main():
    s = Supervisor(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1]))
    child = [sys.executable, "-c", "import time; time.sleep(600)"]
    dies = sys.argv[2] == "dies"
    await s.start(ProcessSpec("child", as_user(None, child, death_signal=signal.SIGKILL) if dies else child))
    while s.processes["child"].pid is None:
        await asyncio.sleep(0.01)
    print(s.processes["child"].pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def start_parent(folder: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder), how], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def wait_gone(pid: int, timeout_s: float = 5) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_the_death_of_the_supervisor_ends_its_children(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path, "dies")
    parent.kill()
    parent.communicate()
    assert wait_gone(child)


def test_what_an_earlier_supervisor_left_is_ended_at_the_next_start(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path, "stays")
    parent.kill()
    parent.communicate()
    assert psutil.pid_exists(child)
    assert Supervisor(tmp_path, tmp_path).recover() == ["child"]
    assert wait_gone(child)


GENTLE = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(sys.argv[1]).write_text("in order")
    raise SystemExit
signal.signal(signal.SIGINT, end)
print("here", flush=True)
time.sleep(600)
"""


def test_what_was_left_is_asked_to_end_before_it_is_made_to(tmp_path: Path) -> None:
    told = tmp_path / "told"
    words = [sys.executable, "-c", GENTLE, str(told)]
    left = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert left.stdout is not None
    left.stdout.readline()
    started = psutil.Process(left.pid).create_time()
    (tmp_path / "processes.json").write_text(f'{{"postgres": [{left.pid}, {started}, 2, 10.0]}}')
    assert Supervisor(tmp_path, tmp_path).recover() == ["postgres"]
    left.communicate()
    assert told.read_text() == "in order"


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "processes.json").write_text(f'{{"child": [{other.pid}, 12345.0, 15, 1.0]}}')
        assert Supervisor(tmp_path, tmp_path).recover() == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_command_is_run_as_it_is_when_nothing_is_asked() -> None:
    assert as_user(None, ["x"]) == ["x"]


async def test_a_list_of_processes_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    made = Supervisor(tmp_path / "state", tmp_path / "logs")
    await made.start(ProcessSpec("sleeper", SLEEPER))
    entry = made.processes["sleeper"]
    await until(lambda: entry.pid)
    first = entry.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: entry.pid not in (None, first))
    (tmp_path / "state").unlink()
    await made.stop()
    assert wait_gone(entry.pid or 0)


async def test_a_program_that_is_missing_is_said_at_once(supervisor: Supervisor) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(SetupError, match="The process odd ended: /no/such cannot be started: No such file"):
        await supervisor.start(ProcessSpec("odd", ["/no/such"], ready=never), timeout_s=20)
    assert supervisor.processes["odd"].last_exit == module.NOT_STARTED


async def test_stopping_ends_all_even_when_supervision_of_one_had_failed(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await supervisor.start(ProcessSpec("sleeper", SLEEPER))
    await until(lambda: supervisor.processes["sleeper"].pid)
    pid = supervisor.processes["sleeper"].pid

    async def fails(_: object) -> int:
        raise ValueError("unforeseen")

    monkeypatch.setattr(supervisor, "_run_once", fails)
    await supervisor.start(ProcessSpec("later", SLEEPER))
    await asyncio.sleep(0.05)
    await supervisor.stop()
    assert wait_gone(pid or 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEALTH_EVERY_S", 0.02)
    monkeypatch.setattr(module, "HEALTH_ANSWER_S", 0.2)
    monkeypatch.setattr(module, "HEALTH_START_S", 30.0)


class Toy:
    """A health answer that a test decides."""

    def __init__(self) -> None:
        self.works = True
        self.asked = 0

    async def answer(self) -> None:
        self.asked += 1
        if not self.works:
            raise UnavailableError("It stores nothing.")


@pytest.mark.usefixtures("impatient")
async def test_a_process_that_lives_and_does_not_work_is_started_anew(supervisor: Supervisor) -> None:
    toy = Toy()
    await supervisor.start(ProcessSpec("toy", SLEEPER, healthy=toy.answer))
    entry = supervisor.processes["toy"]
    await until(lambda: toy.asked >= 3)
    assert entry.starts == 1
    toy.works = False
    await until(lambda: entry.starts == 2)
    toy.works = True
    asked = toy.asked
    await until(lambda: toy.asked > asked + 5)
    assert entry.starts == 2


@pytest.mark.usefixtures("impatient")
async def test_a_process_that_never_worked_yet_is_given_time(supervisor: Supervisor) -> None:
    toy = Toy()
    toy.works = False
    await supervisor.start(ProcessSpec("toy", SLEEPER, healthy=toy.answer))
    await until(lambda: toy.asked > 2 * module.HEALTH_FAILURES)
    assert supervisor.processes["toy"].starts == 1


@pytest.mark.usefixtures("impatient")
async def test_on_a_full_disk_an_unhealthy_process_is_left_as_it_is(tmp_path: Path) -> None:
    toy = Toy()
    made = Supervisor(tmp_path, tmp_path / "logs", minimum_free_mib=1 << 40)
    await made.start(ProcessSpec("toy", SLEEPER, healthy=toy.answer))
    await until(lambda: toy.asked >= 2)
    toy.works = False
    asked = toy.asked
    await until(lambda: toy.asked > asked + 3 * module.HEALTH_FAILURES)
    assert made.processes["toy"].starts == 1
    await made.stop()


async def test_the_queue_says_that_it_is_well_and_a_dead_one_says_nothing(
    nats_server: PrivateNats, tmp_path: Path
) -> None:
    await check_queue(nats_server)
    dead = PrivateNats(tmp_path / "nats")
    dead.prepare()
    with pytest.raises(UnavailableError):
        await check_queue(dead)


def test_children_work_under_the_settings_of_their_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("DENGTA_"):
            monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(
        f"DENGTA_DATA_DIR={tmp_path}/data\nDENGTA_NATS_URL=nats://dengta:Planted3@127.0.0.1:4222\n"
        'DENGTA_LOG_JSON=false\nDENGTA_LOOK_NETWORKS=["10.9.0.0/16"]\nDENGTA_LEASE_S=41.5\n'
    )
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.lease_s == 41.5
    monkeypatch.chdir("/")
    for name, value in processes.environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


ABANDON = """
import asyncio, time
from dengta.system import in_thread
async def main():
    task = asyncio.create_task(in_thread(time.sleep, 60))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.wait({task})
asyncio.run(main())
"""


def test_the_end_does_not_wait_for_a_download() -> None:
    done = subprocess.run([sys.executable, "-c", ABANDON], check=False, timeout=30, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


async def test_work_in_a_thread_gives_its_result_and_its_error() -> None:
    assert await in_thread(sorted, [2, 1], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


PUT_UNIT = """
insert into organisation (code, name, level, tree_left, tree_right) values ($1, $1, $2, $3, $4)
"""


async def put_sample_cameras(database: Database) -> None:
    async with database.raw() as connection, connection.transaction():
        await connection.execute(PUT_UNIT, "YT", 0, 1, 4)
        await connection.execute(PUT_UNIT, "YT-ZF", 1, 2, 3)
        await connection.execute("insert into camera (name) select n::text from generate_series(1, 3) n")


async def test_the_demo_takes_an_empty_catalogue_and_the_sample_city(database: Database) -> None:
    async with database.raw() as connection:
        assert await require_sample_city(connection) is False
    await put_sample_cameras(database)
    async with database.raw() as connection:
        assert await require_sample_city(connection) is True


@pytest.mark.parametrize(
    "own",
    [
        "insert into camera (name) values ('市民之家门口')",
        "update camera set stream_url = 'rtsp://10.0.0.9/1' where name = '2'",
        "update organisation set code = 'west' where level = 1",
        "delete from organisation",
    ],
    ids=["a camera added later", "a stream", "a unit", "no units"],
)
async def test_the_demo_leaves_a_catalogue_of_ones_own_alone(database: Database, own: str) -> None:
    await put_sample_cameras(database)
    async with database.raw() as connection:
        await connection.execute(own)
        with pytest.raises(ConflictError, match="DENGTA_DATA_DIR"):
            await require_sample_city(connection)


def test_the_sample_citys_units_are_known_without_making_it() -> None:
    from dengta.sample.city import make_city

    assert sorted(unit.code for unit in make_city(1, 3).organisations) == sorted(sample_unit_codes())
