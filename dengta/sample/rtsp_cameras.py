"""The sample cameras: which there are, the plan file that names them, and the server that plays them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import random
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from base.errors import InvalidInputError, SetupError
from base.runtime import as_user, require_port
from dengta.sample.clips import Clip, Origin
from dengta.sample.encode import first_key_picture
from dengta.sample.faults import Fault, FaultPeer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

HOST = "127.0.0.1"  # sample cameras are for this machine alone
DEFAULT_PORT = 8554
MAX_CAMERAS = 2000
PLAN = "sample-cameras.json"
SYSTEM_PYTHON = Path("/usr/bin/python3")  # the one that Debian's PyGObject belongs to
SERVER = Path(__file__).with_name("rtsp_server.py")
READY_SECONDS = 60  # loading many clips on a busy machine
END_SECONDS = 5
INSTALL = (
    "apt-get install --no-install-recommends python3-gst-1.0 gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)


@dataclass(frozen=True)
class SampleCamera:
    """One sample camera as its user sees it.

    Attributes:
        name: Opaque; says nothing of the clip.
        url: Where it is, without credentials.
        username: Whom it lets in.
        password: What the catalogue believes the password to be.
        clip: Name of the clip it plays; for a camera that never shows a picture, of the one it would.
        origin: Whether its pictures are filmed, rendered or the user's.
        offset: Seconds by which its clip is ahead, so that two cameras with one clip differ.
        fault: What is wrong with it, or None.
    """

    name: str
    url: str
    username: str
    password: str = field(repr=False)
    clip: str
    origin: Origin
    offset: float
    fault: Fault | None

    @property
    def path(self) -> str:
        """The mount, e.g. ``/cam/3``."""
        return urlsplit(self.url).path

    def public(self) -> dict[str, Any]:
        """Everything but the password."""
        return {key: value for key, value in asdict(self).items() if key != "password"}


def plan_cameras(
    clips: Sequence[Clip], count: int, seed: int, *, secret: bytes, host: str = HOST, port: int = DEFAULT_PORT
) -> list[SampleCamera]:
    """Give ``count`` cameras a clip, a moment and a password each, and some of them a fault.

    A third have a fault, at most six or a tenth, whichever is more; every kind of fault comes once before any
    comes twice. The names of clips decide nothing: renaming one changes only what the camera says it plays.

    Args:
        clips: What can be played.
        count: How many cameras.
        seed: Decides which camera has which fault and moment.
        secret: What passwords are derived from, so that they are the same the next time.
        host: The server's address.
        port: The server's port; the faulty peers' is the next one.

    Raises:
        InvalidInputError: ``count`` is out of range.
        SetupError: There is no clip to play.
    """
    if not 1 <= count <= MAX_CAMERAS:
        raise InvalidInputError(f"There can be 1 to {MAX_CAMERAS} sample cameras, not {count}.")
    ordered = sorted(clips, key=lambda clip: (list(Origin).index(clip.origin), clip.source_sha256))
    black = next((clip for clip in ordered if clip.shows == Fault.BLACK), None)
    playable = [clip for clip in ordered if clip.shows != Fault.BLACK]
    if not playable:
        raise SetupError("There is no clip that a sample camera could play.")
    rng = random.Random(seed)  # noqa: S311  # plans repeat; passwords are not drawn here
    kinds = [fault for fault in Fault if fault is not Fault.BLACK or black]
    faulty = rng.sample(range(count), min(count // 3, max(len(kinds), count // 10)))
    faults = {camera: kinds[index % len(kinds)] for index, camera in enumerate(faulty)}
    cameras, healthy = [], 0
    for index in range(count):
        name, fault = f"cam-{index + 1:04d}", faults.get(index)
        clip = black if fault is Fault.BLACK and black else playable[healthy % len(playable)]
        healthy += fault is None
        at = port + 1 if fault and fault.by_peer else port
        offset = round(rng.uniform(0, clip.duration), 2)
        cameras.append(
            SampleCamera(
                name=name,
                url=f"rtsp://{host}:{at}/cam/{index + 1}",
                username=name,
                password=_password(secret, name),
                clip=clip.name,
                origin=clip.origin,
                offset=offset,
                fault=fault,
            )
        )
    return cameras


def _password(secret: bytes, name: str) -> str:
    return hmac.new(secret, name.encode(), hashlib.sha256).hexdigest()[:24]


def write_plan(
    path: Path,
    cameras: Sequence[SampleCamera],
    clips: Sequence[Clip],
    folder: Path,
    *,
    secret: bytes,
    key_first: bool = False,
) -> None:
    """Write the plan that the server and the demo read; it holds passwords and is its owner's alone.

    Args:
        path: The plan file; replaced at one stroke.
        cameras: All cameras.
        clips: The clips they play.
        folder: Where the clips are.
        secret: Kept for the next plan.
        key_first: Whether each session begins with a key picture, as many cameras do when asked to play.

    Raises:
        SetupError: The file cannot be written.
    """
    files = {clip.name: str((folder / clip.file).absolute()) for clip in clips}
    served = [camera for camera in cameras if camera.fault is None or not camera.fault.by_peer]
    mounts = [
        {
            "path": camera.path,
            "file": files[camera.clip],
            "offset": camera.offset,
            "key_first": key_first,
            "username": camera.username,
            "password": _password(secret, f"{camera.name} changed on the camera")
            if camera.fault is Fault.WRONG_PASSWORD
            else camera.password,
        }
        for camera in served
    ]
    host, port = _address(cameras)
    plan = {
        "server": {"host": host, "port": port, "mounts": mounts},
        "picture": files[cameras[0].clip],
        "secret": secret.hex(),
        "cameras": [asdict(camera) for camera in cameras],
    }
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(plan, out, ensure_ascii=False, indent=1)
        part.replace(path)
    except OSError as err:
        raise SetupError(f"The plan {path} cannot be written: {err.strerror or err}.") from err


def _address(cameras: Sequence[SampleCamera]) -> tuple[str, int]:
    """The server's address; the faulty peers are at the port after it."""
    parts = urlsplit(cameras[0].url)
    ahead = cameras[0].fault is not None and cameras[0].fault.by_peer
    return parts.hostname or HOST, (parts.port or DEFAULT_PORT) - ahead


def load_plan(path: Path) -> list[SampleCamera]:
    """The cameras of a plan file.

    Raises:
        InvalidInputError: It is not there or is no plan.
    """
    try:
        return [
            SampleCamera(
                **{
                    **entry,
                    "origin": Origin(entry["origin"]),
                    "fault": Fault(entry["fault"]) if entry["fault"] else None,
                }
            )
            for entry in _read(path)["cameras"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InvalidInputError(f"{path} is no plan of sample cameras.") from err


def kept_secret(path: Path) -> bytes | None:
    """The secret of the plan that is there, so that passwords stay as the catalogue knows them."""
    try:
        return bytes.fromhex(_read(path)["secret"]) or None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(path: Path) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return plan


@contextlib.asynccontextmanager
async def serving(plan: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Play a plan: inside the block every camera answers. Yields the server's process, to be watched.

    Raises:
        SetupError: A port is in use, a package is missing, or a clip cannot be loaded.
    """
    cameras = load_plan(plan)
    host, port = _address(cameras)
    for wanted in (port, port + 1):
        require_port(host, wanted, purpose="the sample cameras", setting="--port")
    faults = {camera.path: camera.fault for camera in cameras if camera.fault and camera.fault.by_peer}
    picture = await asyncio.to_thread(first_key_picture, Path(_read(plan)["picture"]))
    async with FaultPeer(faults, picture).listening(host, port + 1):
        server = await _start(plan)
        try:
            yield server
        finally:
            await _end(server)


async def _start(plan: Path) -> asyncio.subprocess.Process:
    command = as_user(None, [str(SYSTEM_PYTHON), str(SERVER), str(plan)], death_signal=signal.SIGTERM)
    server = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            line = await server.stdout.readline()
        word = json.loads(line)
    except (TimeoutError, ValueError) as err:
        await _end(server)
        raise SetupError("The sample cameras' server did not start.", remedy=INSTALL) from err
    except BaseException:
        await _end(server)
        raise
    if not word.get("ready"):
        await _end(server)
        reason = str(word.get("error", "no reason given"))
        remedy = INSTALL if "GStreamer" in reason else ""
        raise SetupError(f"The sample cameras cannot be served: {reason}.", remedy=remedy)
    return server


async def _end(server: asyncio.subprocess.Process) -> None:
    """Ask, then insist."""
    with contextlib.suppress(ProcessLookupError):
        server.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await server.wait()
    except TimeoutError:
        server.kill()
        await server.wait()
