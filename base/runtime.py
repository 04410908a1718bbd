"""What the private servers share: running as another user, short socket folders, free ports, room on disk."""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from base.errors import SetupError

if TYPE_CHECKING:
    import signal
    from collections.abc import Collection

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


def name_of_this_user() -> str:
    """The name that the kernel's user id has; the environment (``LOGNAME``) is not asked, for it can lie.

    Raises:
        SetupError: The id has no name, as in a container that runs under an arbitrary id.
    """
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as err:
        raise SetupError(
            f"The user id {os.geteuid()} has no name on this machine.",
            remedy="Run as a user that /etc/passwd lists.",
        ) from err


def own_folder(path: Path, *, owners: Collection[int], mode: int, give_to: str | None = None) -> None:
    """Set the mode and the owner of an existing folder, never through a symbolic link.

    Args:
        path: The folder.
        owners: User ids that may own it now.
        mode: What its mode becomes.
        give_to: Name of the user and the group it then belongs to; None: this process's own.

    Raises:
        SetupError: It is no folder, a symbolic link, or somebody else's.
        OSError: The system refuses.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as err:
        if err.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        raise SetupError(f"{path} is no folder of its own.", remedy="Remove it.") from err
    try:
        # From here on by descriptor: nobody can put another folder in its place.
        if os.fstat(opened).st_uid not in owners:
            raise SetupError(f"The folder {path} belongs to somebody else.", remedy="Remove it.")
        entry = pwd.getpwnam(give_to) if give_to else None
        os.fchown(opened, entry.pw_uid if entry else os.geteuid(), entry.pw_gid if entry else os.getegid())
        os.fchmod(opened, mode)
    finally:
        os.close(opened)


def read_plain(path: Path) -> str:
    """The beginning (4 KiB) of a small file in somebody else's folder; empty when there is no such file.

    Neither a symbolic link nor a pipe that was put in its place is followed or waited for.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(opened, "rb") as file:
        return file.read(4096).decode(errors="replace") if stat.S_ISREG(os.fstat(opened).st_mode) else ""


def write_plain(path: Path, text: str, *, mode: int) -> None:
    """Write a file whole or not at all, never through a link that stands in its place.

    Raises:
        OSError: It cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
    fresh.replace(path)


def short_socket_dir(wanted: Path, *, owners: Collection[int]) -> Path:
    """``wanted``, or, where a socket's path in it would be too long, a folder of this installation in /tmp.

    The substitute's name is derived from ``wanted`` and the user, so that it is found again.

    Args:
        wanted: The folder.
        owners: User ids that may own the substitute.

    Raises:
        SetupError: Somebody else owns the substitute's name.
    """
    if len(os.fsencode(f"{wanted}{_SOCKET_NAME}")) < SOCKET_PATH_LIMIT:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"dengta-{os.geteuid()}-{digest}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
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
