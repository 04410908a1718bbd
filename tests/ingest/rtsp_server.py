"""A real RTSP server (GStreamer's) for the tests: plays clips of access units, never encoding anything again.

Run with the system's Python, which has the bindings: ``rtsp_server.py AUTH NAME=CODEC=FILE=live|first …``.
AUTH is none, basic or digest; a FILE holds access units, each after its length in four bytes; a ``live``
mount is one camera shared by all its viewers, a ``first`` mount begins with the key picture for each of them.
Prints the port once it listens.
"""

import itertools
import struct
import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - the versions come first

FRAME = Gst.SECOND // 25
LAUNCH = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au,framerate=25/1 ! h264parse ! rtph264pay",
    "h265": "video/x-h265,stream-format=byte-stream,alignment=au,framerate=25/1 ! h265parse ! rtph265pay",
    "jpeg": "image/jpeg,framerate=25/1 ! jpegparse ! rtpjpegpay",
}


def access_units(path):
    data, units = Path(path).read_bytes(), []
    while data:
        (length,) = struct.unpack_from(">I", data)
        units.append(data[4 : 4 + length])
        data = data[4 + length :]
    return units


class Clip(GstRtspServer.RTSPMediaFactory):
    def __init__(self, codec, units, *, shared):
        super().__init__()
        self.units = units
        caps, _, rest = LAUNCH[codec].partition(" ! ")
        interval = "" if codec == "jpeg" else " config-interval=-1"
        self.set_launch(
            f'( appsrc name=src is-live=true format=time block=false max-bytes=400000 caps="{caps}" '
            f"! {rest} name=pay0 pt={26 if codec == 'jpeg' else 96} mtu=1400{interval} )"
        )
        self.set_shared(shared)

    def begin(self, media):
        numbers = itertools.count()

        def push(source, _wanted):
            number = next(numbers)
            buffer = Gst.Buffer.new_wrapped(self.units[number % len(self.units)])
            buffer.pts = buffer.dts = number * FRAME
            buffer.duration = FRAME
            source.emit("push-buffer", buffer)

        media.get_element().get_by_name_recurse_up("src").connect("need-data", push)


def authentication(kind):
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if kind == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "s3cret"), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", "s3cret", token)
    return auth


def main(kind, *mounts):
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    server.set_backlog(512)  # the default of 5 drops connections when many come at once
    if kind != "none":
        server.set_auth(authentication(kind))
    for mount in mounts:
        name, codec, path, mode = mount.split("=")
        clip = Clip(codec, access_units(path), shared=mode == "live")
        clip.connect("media-configure", lambda factory, media: factory.begin(media))
        if kind != "none":
            role = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            clip.add_role_from_structure(Gst.Structure.new_from_string(role))
        server.get_mount_points().add_factory(f"/{name}", clip)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
