"""What the machine must have, each with how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from base.errors import DengtaError, SetupError
from base.nats_server import PrivateNats
from base.postgres import find_programs
from base.runtime import require_port, require_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from base.settings import Settings

GSTREAMER_PACKAGES = (
    "python3-gst-1.0",
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
)
_GSTREAMER_TRIAL = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert all(Gst.ElementFactory.find(n) for n in ('appsrc', 'h264parse', 'rtph264pay', 'qtdemux'))"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked for.

    Attributes:
        name: What.
        needed_for: What does not work without it; empty when everything needs it.
        problem: What is wrong, or empty.
        remedy: How to mend it.
        found: What was found when nothing is wrong.
    """

    name: str
    needed_for: str = ""
    problem: str = ""
    remedy: str = ""
    found: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look for everything; nothing is changed."""
    checks: Iterable[tuple[str, str, Callable[[Settings], str]]] = (
        ("PostgreSQL and PostGIS", "", _postgres),
        ("NATS with JetStream", "", _nats),
        ("data folder", "", _data_folder),
        ("free space", "", _room),
        ("console port", "", _console_port),
        ("console", "the map page", _console),
        ("sample cameras (GStreamer)", "the demo", _gstreamer),
        ("npm", "the embedded detector and the console", _npm),
        ("object detector", "recognition", _detector),
    )
    return [_try(settings, *check) for check in checks]


def _try(settings: Settings, name: str, needed_for: str, check: Callable[[Settings], str]) -> Finding:
    try:
        return Finding(name, needed_for, found=check(settings))
    except DengtaError as err:
        return Finding(name, needed_for, problem=err.detail, remedy=err.remedy)


def _postgres(settings: Settings) -> str:
    if settings.database_url:
        return "given by DENGTA_DATABASE_URL"
    programs = find_programs()
    return f"PostgreSQL {programs.major} in {programs.folder}"


def _nats(settings: Settings) -> str:
    if settings.nats_url:
        return "given by DENGTA_NATS_URL"
    return str(PrivateNats.program())


def _data_folder(settings: Settings) -> str:
    existing = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SetupError(
            f"The data folder {settings.data_dir} cannot be written.",
            remedy="Set DENGTA_DATA_DIR to a folder of yours.",
        )
    return str(settings.data_dir)


def _room(settings: Settings) -> str:
    require_room(settings.data_dir, settings.minimum_free_mib)
    existing = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    return f"{shutil.disk_usage(existing).free / (1 << 30):.1f} GiB"


def _console_port(settings: Settings) -> str:
    require_port(settings.api_host, settings.api_port, purpose="the console", setting="DENGTA_API_PORT")
    return f"{settings.api_host}:{settings.api_port} is free"


def _console(_settings: Settings) -> str:
    from dengta.console_files import console_dir

    folder = console_dir()
    if folder is None:
        raise SetupError("The console is not built.", remedy="Build it with: make console")
    return str(folder)


def _gstreamer(_settings: Settings) -> str:
    trial = subprocess.run(
        ["/usr/bin/python3", "-c", _GSTREAMER_TRIAL], check=False, capture_output=True, timeout=30
    )
    if trial.returncode:
        raise SetupError(
            "GStreamer's RTSP server is not installed.",
            remedy=f"As root: apt-get install --no-install-recommends {' '.join(GSTREAMER_PACKAGES)}",
        )
    return "with the system's Python"


def _npm(_settings: Settings) -> str:
    found = shutil.which("npm")
    if not found:
        raise SetupError("npm is not installed.", remedy="Install Node.js 20 or newer.")
    return found


def _detector(settings: Settings) -> str:
    from dengta.detector import stocked_detector

    return stocked_detector(settings).label
