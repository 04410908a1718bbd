"""Play prepared clips as live cameras: a GStreamer RTSP server, run alone by the system's own Python.

Usage: ``/usr/bin/python3 rtsp_server.py PLAN``. PLAN is a JSON file that only its owner may read; its
``server`` member is ``{"host", "port", "mounts": [{"path", "file", "offset", "key_first", "username",
"password"}]}``.

One JSON line on standard output says ``{"ready": true, "port": …, "mounts": …}`` or ``{"error": "…"}``.
It needs PyGObject, which lives outside virtual environments, so it imports nothing of Dengta's.
"""

from __future__ import annotations

import json
import sys
import time
from bisect import bisect_right
from pathlib import Path
from types import SimpleNamespace
from typing import Any

GROUP_AND_OTHERS = 0o077
MTU = 1400  # bytes of an RTP packet: an Ethernet frame less IP, UDP and tunnel headers
MAX_CLIP_BYTES = 256 << 20  # clips stay in memory; a prepared one has some megabytes
LOAD_SECONDS = 5  # to wait for the next unit of a file; a broken one never says that it has ended
STREAMING_THREADS = 4
SWEEP_SECONDS = 5  # how often sessions of viewers that vanished are let go
LAUNCH = (
    "( appsrc name=src is-live=true format=time"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au"
    f" ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 mtu={MTU} )"
)
LOAD = (
    "filesrc name=file ! qtdemux ! h264parse config-interval=-1"
    " ! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=sink sync=false"
)


class CannotServeError(Exception):
    """One sentence that says why there is no server."""


def read_plan(path: Path) -> dict[str, Any]:
    """The ``server`` member of the plan; refused if others may read its passwords."""
    if path.stat().st_mode & GROUP_AND_OTHERS:
        raise CannotServeError(f"{path} holds passwords and others may read it: chmod 600 it")
    plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["server"]
    return plan


class Film:
    """A clip's access units in memory, and which of them is on air at a moment.

    Attributes:
        units: Annex B access units, in decoding order, which is also display order.
        starts: When each unit is shown, nanoseconds from the clip's beginning.
        keys: Indices of units that can be decoded by themselves.
        length: Nanoseconds after which the clip begins again.
    """

    def __init__(self, gst: Any, glib: Any, file: str) -> None:
        if not 0 < Path(file).stat().st_size <= MAX_CLIP_BYTES:
            raise CannotServeError(f"{file} is empty or larger than {MAX_CLIP_BYTES >> 20} MB")
        self.units: list[Any] = []
        self.starts: list[int] = []
        self.keys: list[int] = []
        pipeline = gst.parse_launch(LOAD)
        pipeline.get_by_name("file").set_property("location", file)
        sink = pipeline.get_by_name("sink")
        pipeline.set_state(gst.State.PLAYING)
        frame_time = gst.SECOND // 25
        while (sample := sink.emit("try-pull-sample", LOAD_SECONDS * gst.SECOND)) is not None:
            buffer = sample.get_buffer()
            if not buffer.has_flags(gst.BufferFlags.DELTA_UNIT):
                self.keys.append(len(self.units))
            self.units.append(glib.Bytes.new(buffer.extract_dup(0, buffer.get_size())))
            self.starts.append(buffer.pts)
            frame_time = buffer.duration if buffer.duration != gst.CLOCK_TIME_NONE else frame_time
        pipeline.set_state(gst.State.NULL)
        if not self.keys or self.keys[0] != 0:
            raise CannotServeError(f"{file} is no H.264 clip that begins with a key picture")
        self.starts = [start - self.starts[0] for start in self.starts]
        self.length = self.starts[-1] + frame_time

    def on_air(self, position: int, *, key_first: bool) -> int:
        """Index of the unit shown at ``position`` (ns, any size), or of the key picture it depends on."""
        index = bisect_right(self.starts, position % self.length) - 1
        return self.keys[bisect_right(self.keys, index) - 1] if key_first else index

    def parameter_sets(self) -> bytes:
        """SPS and PPS in Annex B: what a decoder must know before it meets any unit."""
        nals = self.units[0].get_data().split(b"\x00\x00\x01")[1:]
        return b"".join(b"\x00\x00\x00\x01" + nal.rstrip(b"\x00") for nal in nals if nal[0] & 31 in (7, 8))


class Viewing:
    """Feeds one media pipeline from the moment it was asked for; exists only while somebody watches."""

    def __init__(self, gst: Any, film: Film, position: int, *, key_first: bool) -> None:
        self.gst = gst
        self.film = film
        self.index = film.on_air(position, key_first=key_first)
        self.shift = -film.starts[self.index]  # the first unit is due at once
        # Joining between key pictures, the parser still needs the parameter sets to describe the stream.
        self.preface = b"" if self.index in film.keys else film.parameter_sets()

    def push(self, source: Any, _wanted: int) -> None:
        """Hand the next access unit to ``appsrc``, due when the clip's own timing says."""
        film, gst = self.film, self.gst
        unit = film.units[self.index]
        if self.preface:
            buffer = gst.Buffer.new_wrapped(self.preface + unit.get_data())
            self.preface = b""
        else:
            buffer = gst.Buffer.new_wrapped_bytes(unit)
        buffer.pts = buffer.dts = film.starts[self.index] + self.shift
        self.index += 1
        if self.index == len(film.units):
            self.index = 0
            self.shift += film.length
        source.emit("push-buffer", buffer)


class CameraServer:
    """The mounts of one plan behind one port, each open to its own user alone.

    Time flows whether or not somebody watches: a clip is at the server's age plus the mount's offset.
    """

    def __init__(self, bindings: Any, plan: dict[str, Any]) -> None:
        self.gst, self.glib, self.rtsp = bindings.Gst, bindings.GLib, bindings.GstRtspServer
        self.gst.init(None)
        self.plan = plan
        self.films: dict[str, Film] = {}
        self.server = self.rtsp.RTSPServer()
        self.server.set_address(plan["host"])
        self.server.set_service(str(plan["port"]))
        self.server.set_backlog(512)
        self.server.get_thread_pool().set_max_threads(STREAMING_THREADS)
        self.auth = self.rtsp.RTSPAuth()
        self.auth.set_supported_methods(bindings.GstRtsp.RTSPAuthMethod.DIGEST)
        self.server.set_auth(self.auth)
        self.began = time.monotonic_ns()

    def film(self, file: str) -> Film:
        """The clip in ``file``, loaded once however many mounts play it."""
        if file not in self.films:
            self.films[file] = Film(self.gst, self.glib, file)
        return self.films[file]

    def mount(self, camera: dict[str, Any]) -> None:
        """Offer a clip at a camera's path."""
        film, key_first = self.film(camera["file"]), bool(camera["key_first"])
        offset = int(float(camera["offset"]) * self.gst.SECOND)
        factory = self.rtsp.RTSPMediaFactory()
        factory.set_launch(LAUNCH)
        # Shared: all viewers see one moment. A session that begins with a key picture has its own pipeline.
        factory.set_shared(not key_first)
        factory.set_transport_mode(self.rtsp.RTSPTransportMode.PLAY)

        def on_media(_factory: Any, media: Any) -> None:
            position = time.monotonic_ns() - self.began + offset
            viewing = Viewing(self.gst, film, position, key_first=key_first)
            media.get_element().get_by_name_recurse_up("src").connect("need-data", viewing.push)

        factory.connect("media-configure", on_media)
        role = camera["username"]
        rights = "media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
        factory.add_role_from_structure(self.gst.Structure.new_from_string(f'"{role}", {rights}'))
        token = self.rtsp.RTSPToken()
        token.set_string("media.factory.role", role)
        self.auth.add_digest(role, camera["password"], token)
        self.server.get_mount_points().add_factory(camera["path"], factory)

    def run(self) -> None:
        """Load the clips, open the port, say so, and serve until ended."""
        for camera in self.plan["mounts"]:
            self.mount(camera)
        if not self.server.attach(None):
            raise CannotServeError(f"port {self.plan['port']} of {self.plan['host']} is in use")
        sessions = self.server.get_session_pool()
        self.glib.timeout_add_seconds(SWEEP_SECONDS, lambda: sessions.cleanup() >= 0)
        say({"ready": True, "port": self.server.get_bound_port(), "mounts": len(self.plan["mounts"])})
        self.glib.MainLoop().run()


def say(message: dict[str, Any]) -> None:
    """One JSON line to whoever started the server."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run, or say in one line why not."""
    try:
        plan = read_plan(Path(sys.argv[1]))
        import gi

        for name in ("Gst", "GstRtsp", "GstRtspServer"):
            gi.require_version(name, "1.0")
        from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

        bindings = SimpleNamespace(GLib=GLib, Gst=Gst, GstRtsp=GstRtsp, GstRtspServer=GstRtspServer)
        CameraServer(bindings, plan).run()
    except (ImportError, ValueError) as err:
        say({"error": f"GStreamer's RTSP server cannot be used ({err})"})
    except (CannotServeError, OSError, KeyError) as err:
        say({"error": str(err)})
    except KeyboardInterrupt:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
