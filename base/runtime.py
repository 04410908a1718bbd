"""What the private servers share: running as another user, short socket folders, free ports, room on disk."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from base.errors import SetupError

if TYPE_CHECKING:
    import signal

SOCKET_PATH_LIMIT = 100
"""Bytes; Linux holds 108 in ``sockaddr_un`` and the server appends its own file name."""

_SOCKET_NAME = "/.s.PGSQL.5432.lock"


def as_user(user: str | None, command: list[str], *, death_signal: signal.Signals | None = None) -> list[str]:
    """``command`` run as ``user``, and sent ``death_signal`` by the kernel when its parent dies."""
    if user is None and death_signal is None:
        return command
    words = ["setpriv"]
    if user:
        words += [f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs"]
    if death_signal:
        words += ["--pdeathsig", death_signal.name.removeprefix("SIG")]
    return [*words, "--", *command]


def short_socket_dir(wanted: Path) -> Path:
    """``wanted``, or, where a socket's path in it would be too long, a folder of this installation in /tmp.

    The substitute's name is derived from ``wanted`` and the user, so that it is found again.

    Raises:
        SetupError: Somebody else owns the substitute's name.
    """
    if len(os.fsencode(f"{wanted}{_SOCKET_NAME}")) < SOCKET_PATH_LIMIT:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"dengta-{os.geteuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or (os.geteuid() != 0 and status.st_uid != os.geteuid()):
        raise SetupError(f"The socket folder {folder} belongs to somebody else.", remedy="Remove it.")
    return folder


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def require_port(host: str, port: int, *, purpose: str, setting: str) -> None:
    """Make sure that ``port`` can be listened on.

    Raises:
        SetupError: Somebody listens on it already, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                raise SetupError(
                    f"Port {port} on {host}, wanted for {purpose}, is in use by another program.",
                    remedy=f"End that program, or set {setting} to another port.",
                ) from err
            raise SetupError(
                f"Port {port} on {host}, wanted for {purpose}, cannot be listened on: {err.strerror}.",
                remedy=f"Set {setting} to another port.",
            ) from err


def require_room(folder: Path, minimum_mib: int) -> None:
    """Make sure that the disk of ``folder`` has room.

    Raises:
        SetupError: Less than ``minimum_mib`` MiB are free.
    """
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_mib = shutil.disk_usage(existing).free // (1 << 20)
    if free_mib < minimum_mib:
        raise SetupError(
            f"The disk that holds {folder} has {free_mib} MiB free; {minimum_mib} MiB are needed.",
            remedy="Make room, or set DENGTA_DATA_DIR to a folder on another disk "
            "(DENGTA_MINIMUM_FREE_MIB changes the limit).",
        )
