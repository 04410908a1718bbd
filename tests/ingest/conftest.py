"""A real RTSP server with freshly encoded clips, and a looker that may go to loopback."""

import contextlib
import subprocess
from pathlib import Path

import ingest_clips
import pytest

from base.clock import SystemClock
from ingest.limits import LookLimits
from ingest.look import Looker
from ingest.target import TargetPolicy

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Access units by name, a key picture first."""
    slices = {"preset": "veryfast", "bf": "0", "slices": "4"}
    open_gop = {"x264-params": "open-gop=1:bframes=2:keyint=5:scenecut=0:repeat-headers=1"}
    units = {
        "h264": ingest_clips.encode("h264"),
        "h265": ingest_clips.encode("h265"),
        "jpeg": ingest_clips.encode("jpeg", 640, 352, frames=5),
        "slices": ingest_clips.encode("h264", options=slices, frames=10),
        "opengop": ingest_clips.encode("h264", options=open_gop, frames=20),
    }
    folder = tmp_path_factory.mktemp("clips")
    for name, clip in units.items():
        # In the middle of an open GOP a camera sends no IDR, only I pictures at recovery points.
        ingest_clips.write(folder / name, clip[1:] if name == "opengop" else clip)
    return folder, units


@contextlib.contextmanager
def rtsp_server(authentication, *mounts):
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(SERVER), authentication, *mounts], stdout=subprocess.PIPE, text=True
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def camera_servers(clips):
    """Ports of GStreamer RTSP servers by kind of authentication."""
    if subprocess.run([SYSTEM_PYTHON, "-c", BINDINGS], capture_output=True, check=False).returncode:
        pytest.skip("the system's Python has no GStreamer RTSP server: gir1.2-gst-rtsp-server-1.0")
    folder, units = clips
    codecs = {name: name if name in {"h264", "h265", "jpeg"} else "h264" for name in units}
    mounts = [f"{name}={codec}={folder / name}=first" for name, codec in codecs.items()]
    mounts.append(f"live=h264={folder / 'h264'}=live")
    with (
        rtsp_server("none", *mounts) as none,
        rtsp_server("basic", *mounts) as basic,
        rtsp_server("digest", *mounts) as digest,
    ):
        yield {"none": none, "basic": basic, "digest": digest}


@pytest.fixture
async def looker():
    opened = Looker(
        TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), LookLimits(goodbye_s=0.2), decode_threads=1
    )
    yield opened
    await opened.aclose()
