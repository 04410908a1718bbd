"""The private cluster: reachable in any folder, and root never follows what the server's user put there."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from base.database import Database
from base.errors import SetupError
from base.nats_server import PrivateNats
from base.postgres import SERVER_USER, PrivatePostgres, find_programs
from base.runtime import name_of_this_user, own_folder, read_plain, short_socket_dir, write_plain

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
ME = frozenset({os.geteuid()})


@as_root
def test_the_servers_user_owns_the_data_and_the_socket_and_nothing_else(postgres: PrivatePostgres) -> None:
    root = postgres.data.parent
    server = pwd.getpwnam(SERVER_USER).pw_uid
    assert (root.lstat().st_uid, root.lstat().st_mode & 0o7777) == (0, 0o711)
    given = {path.name for path in root.iterdir() if path.lstat().st_uid == server}
    assert given == {"data", "run"}


@as_root
def test_a_folder_given_away_as_a_whole_by_an_earlier_version_is_taken_back(scratch: Path) -> None:
    root = scratch / "earlier"
    root.mkdir()
    victim = scratch / "victim"
    victim.write_text("mine")
    (root / "access.conf").symlink_to(victim)
    (root / "ident.conf.new").symlink_to(victim)
    os.chown(root, pwd.getpwnam(SERVER_USER).pw_uid, -1)

    PrivatePostgres(root, find_programs()).prepare()

    assert root.lstat().st_uid == 0
    assert victim.read_text() == "mine"
    assert victim.lstat().st_uid == 0
    assert not (root / "access.conf").is_symlink()


@pytest.mark.parametrize("name", ["postgres", "postgres/run", "postgres/data"])
def test_a_link_in_a_folders_place_is_refused_and_its_target_untouched(scratch: Path, name: str) -> None:
    base = scratch / f"linked-{name.replace('/', '-')}"
    target = base / "target"
    target.mkdir(parents=True)
    target.chmod(0o750)
    (base / name).parent.mkdir(exist_ok=True)
    (base / name).symlink_to(target)
    with pytest.raises(SetupError, match="no folder of its own"):
        PrivatePostgres(base / "postgres", find_programs()).prepare()
    assert (target.lstat().st_uid, target.lstat().st_mode & 0o7777) == (os.geteuid(), 0o750)


@as_root
def test_a_folder_of_a_third_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, -1)
    with pytest.raises(SetupError, match="somebody else"):
        own_folder(tmp_path, owners=ME, mode=0o700)
    os.chown(tmp_path, 0, -1)


@as_root
def test_the_predictable_socket_folder_of_a_third_user_is_refused(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    folder = short_socket_dir(long, owners=ME)
    try:
        assert short_socket_dir(long, owners=ME) == folder
        os.chown(folder, 12345, -1)
        with pytest.raises(SetupError, match="somebody else"):
            short_socket_dir(long, owners=ME)
        folder.rmdir()
        folder.symlink_to(tmp_path)
        with pytest.raises(SetupError, match="somebody else"):
            short_socket_dir(long, owners=ME)
        folder.unlink()
    finally:
        if folder.is_dir():
            folder.rmdir()


def test_a_link_or_a_pipe_in_the_place_of_a_small_file_is_neither_followed_nor_waited_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    assert [read_plain(tmp_path / name) for name in ("link", "pipe", "none")] == ["", "", ""]
    write_plain(tmp_path / "link", "new", mode=0o600)
    assert (tmp_path / "secret").read_text() == "hunter2"
    assert read_plain(tmp_path / "link") == "new"


def test_who_runs_it_is_asked_of_the_kernel_and_not_of_the_environment(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "mallory")
    assert name_of_this_user() == pwd.getpwuid(os.geteuid()).pw_name
    PrivatePostgres(scratch / "named", find_programs()).prepare()
    assert "mallory" not in (scratch / "named" / "ident.conf").read_text()


@pytest.fixture
async def odd(scratch: Path) -> AsyncIterator[tuple[PrivatePostgres, Path]]:
    """A cluster in a folder with a plus and a blank in its name, and its log."""
    folder = scratch / "a+b c%"
    cluster = PrivatePostgres(folder / "postgres", find_programs())
    cluster.prepare()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(cluster.command(), stdout=log, stderr=log, cwd="/")
    try:
        yield cluster, folder / "log"
    finally:
        server.send_signal(2)
        server.wait(timeout=30)


async def test_a_data_folder_with_letters_that_urls_reserve_works_and_no_row_reaches_the_log(
    odd: tuple[PrivatePostgres, Path],
) -> None:
    cluster, log = odd
    database = Database(cluster.database_url("postgres"))
    await database.wait_ready(timeout_s=30)
    async with database.raw() as connection:
        await connection.execute("create temp table c (address text check (address = ''))")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("insert into c values ($1)", "rtsp://admin:TopSecret9@10.0.0.5/")
    await database.close()
    written = log.read_text()
    assert "violates check constraint" in written
    assert "TopSecret9" not in written


def test_the_queues_folder_may_hold_such_letters_too(tmp_path: Path) -> None:
    private = PrivateNats(tmp_path / "a+b c%")
    private.prepare()
    config = tmp_path / "a+b c%" / "nats.conf"
    subprocess.run([PrivateNats.program(), "-t", "-c", str(config)], check=True, capture_output=True)
    assert config.lstat().st_mode & 0o7777 == 0o600
