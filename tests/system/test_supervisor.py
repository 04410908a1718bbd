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

from base.errors import SetupError
from base.runtime import as_user
from dengta import supervisor as module
from dengta.supervisor import ProcessSpec, Supervisor

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
    monkeypatch.setattr(module, "LOG_BYTES", 100_000)
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


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "processes.json").write_text(f'{{"child": [{other.pid}, 12345.0]}}')
        assert Supervisor(tmp_path, tmp_path).recover() == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_command_is_run_as_it_is_when_nothing_is_asked() -> None:
    assert as_user(None, ["x"]) == ["x"]
