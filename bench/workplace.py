"""Where a benchmark keeps what it makes: a folder that goes away, and a private server in it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from base.postgres import PrivatePostgres


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder on a disk, which the database's own user may enter as well."""
    folder = Path(tempfile.mkdtemp(prefix="dengta-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(cluster: PrivatePostgres, folder: Path) -> Iterator[PrivatePostgres]:
    """A private server, ended and removed afterwards."""
    with serving(cluster, folder):
        yield cluster
    cluster.remove()


@contextmanager
def serving(cluster: PrivatePostgres, folder: Path) -> Iterator[PrivatePostgres]:
    """A private server, ended afterwards; its files stay."""
    cluster.prepare()
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(cluster.command(), stdout=log, stderr=log, cwd="/")
    try:
        yield cluster
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
