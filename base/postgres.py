"""A private PostgreSQL with PostGIS: the distribution's programs, our own cluster, a Unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from base.errors import SetupError
from base.runtime import (
    as_user,
    name_of_this_user,
    own_folder,
    read_plain,
    short_socket_dir,
    write_plain,
)

SERVER_USER = "postgres"
"""Whom the database runs as when Dengta runs as root: PostgreSQL refuses to be root."""

PACKAGE = "postgresql-15-postgis-3"
INSTALL = f"As root: apt-get install --no-install-recommends {PACKAGE}"
ROLE = "dengta"
PORT = 5432
"""Only names the socket file; nothing listens on TCP."""

_SERVER_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
    # Statements, and the rows that an error's DETAIL shows, hold data that has no place in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """Where one PostgreSQL version keeps its programs.

    Attributes:
        folder: The folder of ``initdb`` and ``postgres``.
        major: The version, e.g. 15.
    """

    folder: Path
    major: int


def find_programs(root: Path = Path("/usr/lib/postgresql")) -> PostgresPrograms:
    """The newest installed PostgreSQL for which PostGIS is installed as well.

    Raises:
        SetupError: There is none; the remedy names the package.
    """
    for folder in sorted(root.glob("*/bin"), key=lambda p: _version(p.parent.name), reverse=True):
        major = folder.parent.name
        control = Path(f"/usr/share/postgresql/{major}/extension/postgis.control")
        if (folder / "initdb").exists() and control.exists():
            return PostgresPrograms(folder, int(major))
    raise SetupError("PostgreSQL with PostGIS is not installed.", remedy=INSTALL)


def _version(text: str) -> int:
    return int(text) if text.isdigit() else -1


class PrivatePostgres:
    """A cluster under ``root`` that belongs to this installation alone.

    Peers on its socket are told apart by the kernel (peer authentication): only the user that runs Dengta
    and the user that runs the server get in, and no password exists.

    When Dengta runs as root, the server's user owns ``data`` and ``run`` alone. Everything else in ``root``
    is root's, so that nothing which that user does there can be followed with root's rights.

    Args:
        root: Folder of the cluster; made if absent.
        programs: What :func:`find_programs` found.
    """

    def __init__(self, root: Path, programs: PostgresPrograms) -> None:
        self._root = root
        self._programs = programs
        self._server_user = SERVER_USER if os.geteuid() == 0 else None
        self.data = root / "data"
        self.socket_dir = short_socket_dir(root / "run", owners=self._owners())

    @property
    def url(self) -> str:
        """Address of the product's database."""
        return self.database_url(ROLE)

    def database_url(self, name: str) -> str:
        """Address of the database ``name`` in this cluster."""
        return f"postgresql://{ROLE}@/{quote(name)}?host={quote(str(self.socket_dir))}&port={PORT}"

    def prepare(self) -> None:
        """Make the cluster unless it is there, and end a server that an earlier run left behind.

        Raises:
            SetupError: The cluster is of another version, cannot be made, or its folder cannot be reached.
        """
        self._make_folders()
        if found := read_plain(self.data / "PG_VERSION").strip():
            if found != str(self._programs.major):
                raise SetupError(
                    f"The database in {self.data} is of PostgreSQL {found}, and {self._programs.major} is "
                    "installed.",
                    remedy=f"Install PostgreSQL {found}, or move the folder away to start anew.",
                )
            self._end_leftover()
        else:
            self._initialise()
        self._write_access_rules()

    def command(self) -> list[str]:
        """The server as a command for the supervisor; it ends itself (fast shutdown) when its parent dies."""
        options = {
            **_SERVER_OPTIONS,
            "unix_socket_directories": str(self.socket_dir),
            "hba_file": str(self._root / "access.conf"),
            "ident_file": str(self._root / "ident.conf"),
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = [str(self._programs.folder / "postgres"), "-D", str(self.data), *flags]
        return as_user(self._server_user, server, death_signal=signal.SIGINT)

    def _owners(self) -> frozenset[int]:
        """Who may own what the server uses: this user and, when this is root, the server's."""
        if self._server_user is None:
            return frozenset({os.geteuid()})
        try:
            return frozenset({os.geteuid(), pwd.getpwnam(self._server_user).pw_uid})
        except KeyError as err:
            raise SetupError(f"There is no user {SERVER_USER} on this machine.", remedy=INSTALL) from err

    def _make_folders(self) -> None:
        owners = self._owners()
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o711)
            # An earlier version gave this folder away as a whole; it is taken back.
            own_folder(self._root, owners=owners, mode=0o711)
            for folder in (self.socket_dir, self.data):
                if folder == self.socket_dir:
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                if os.path.lexists(folder):
                    own_folder(folder, owners=owners, mode=0o700, give_to=self._server_user)
        except OSError as err:
            raise SetupError(f"The database folder {self._root} cannot be made: {err.strerror}.") from err
        probe = as_user(self._server_user, ["test", "-x", str(self._root)])
        if subprocess.run(probe, check=False, capture_output=True).returncode:  # noqa: S603 - fixed words
            raise SetupError(
                f"The user {self._server_user or name_of_this_user()} cannot reach {self._root}.",
                remedy="Choose a data folder (DENGTA_DATA_DIR) whose parents everyone may enter, such as "
                "/var/lib/dengta.",
            )

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a killed first start leaves no half."""
        fresh = self._root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir(mode=0o700)
            own_folder(fresh, owners=self._owners(), mode=0o700, give_to=self._server_user)
        except OSError as err:
            raise SetupError(f"The database folder {fresh} cannot be made: {err.strerror}.") from err
        # ICU's Chinese order sorts names by pinyin; C.UTF-8 lets pg_trgm see Chinese letters.
        words = [
            *(str(self._programs.folder / "initdb"), "-D", str(fresh), "-U", ROLE, "--auth=reject"),
            *("-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=zh-Hans-CN"),
            "--no-instructions",
        ]
        done = subprocess.run(  # noqa: S603 - fixed words
            as_user(self._server_user, words), check=False, capture_output=True, text=True, cwd="/"
        )
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()
            raise SetupError(f"The database cluster cannot be made: {reason[-1] if reason else 'no reason'}.")
        try:
            fresh.rename(self.data)
        except OSError as err:
            raise SetupError(
                f"The folder {self.data} is no database, and it is in the way.", remedy="Move it away."
            ) from err

    def _write_access_rules(self) -> None:
        users = sorted({name_of_this_user(), self._server_user or ""} - {""})
        rules = {
            "access.conf": "local all all peer map=dengta\n",
            "ident.conf": "".join(f"dengta {user} {ROLE}\n" for user in users),
        }
        try:
            for name, text in rules.items():
                write_plain(self._root / name, text, mode=0o644)
        except OSError as err:
            raise SetupError(f"The database folder {self._root} cannot be written: {err.strerror}.") from err

    def _end_leftover(self) -> None:
        """Stop a server of this very folder that outlived its supervisor, and wait for its end."""
        try:
            pid = int(read_plain(self.data / "postmaster.pid").splitlines()[0])
            process = psutil.Process(pid)
            if process.name() != "postgres" or str(self.data) not in process.cmdline():
                return
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return
        except psutil.TimeoutExpired as err:
            raise SetupError(
                f"A database server of an earlier run (process {pid}) does not end.",
                remedy=f"End it with: kill -QUIT {pid}",
            ) from err

    def remove(self) -> None:
        """Delete the cluster, for tests."""
        shutil.rmtree(self._root, ignore_errors=True)
        with suppress(OSError):
            shutil.rmtree(self.socket_dir)
