"""Sample cameras: a plan that hides its secrets, a real server that keeps time, and faults that behave."""

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError, SetupError
from base.runtime import free_port
from dengta.sample.clips import Clip, Origin, Source, prepare_clips
from dengta.sample.encode import prepare_pictures
from dengta.sample.faults import Fault
from dengta.sample.rtsp_cameras import (
    SERVER,
    SYSTEM_PYTHON,
    SampleCamera,
    kept_secret,
    load_plan,
    plan_cameras,
    serving,
    write_plan,
)

SECRET = b"s" * 32
SECONDS = 8  # of the grey clip; its picture k is of brightness 40 + 2k
FPS = 10


def clip(name: str, shows: str = "pedestrians", origin: Origin = Origin.FILMED) -> Clip:
    return Clip(name, f"{name}.mp4", origin, shows, "", "", f"{name}-sha", "", 64, 64, 10.0, 20.0, "h264", 1)


CLIPS = [clip("a"), clip("b"), clip("night", "black", Origin.RENDERED)]


class TestPlan:
    def test_it_is_the_same_from_the_same_seed_and_another_from_another(self):
        first, again, other = (plan_cameras(CLIPS, 24, seed, secret=SECRET) for seed in (7, 7, 8))
        assert first == again
        assert [c.fault for c in first] != [c.fault for c in other]

    def test_every_fault_comes_once_in_twenty_four_and_the_rest_is_healthy(self):
        faults = [c.fault for c in plan_cameras(CLIPS, 24, 7, secret=SECRET)]
        assert sorted(f for f in faults if f) == sorted(Fault)
        assert faults.count(None) == 18

    def test_all_healthy_clips_are_played_and_only_the_black_fault_is_black(self):
        cameras = plan_cameras(CLIPS, 24, 7, secret=SECRET)
        assert {c.clip for c in cameras if c.fault is None} == {"a", "b"}
        assert [c.fault for c in cameras if c.clip == "night"] == [Fault.BLACK]

    def test_a_renamed_clip_changes_nothing_but_what_the_camera_says_it_plays(self):
        renamed = [replace(c, name=f"z-{c.name}", file="other.mp4") for c in CLIPS]
        before, after = (plan_cameras(clips, 12, 7, secret=SECRET) for clips in (CLIPS, renamed))
        assert [replace(c, clip="") for c in before] == [replace(c, clip="") for c in after]
        assert all(c.clip not in f"{c.name} {c.url} {c.username}" for c in after)

    def test_passwords_stay_with_the_secret_and_differ_by_camera(self):
        first, other = (plan_cameras(CLIPS, 12, 7, secret=s) for s in (SECRET, b"t" * 32))
        assert len({c.password for c in first} | {c.password for c in other}) == 24

    def test_a_password_is_in_no_address_and_no_text(self):
        for camera in plan_cameras(CLIPS, 12, 7, secret=SECRET):
            assert camera.password not in f"{camera!r} {camera.public()}"
            assert urlsplit(camera.url).username is None

    @pytest.mark.parametrize("count", [-1, 0, 2001])
    def test_a_senseless_count_is_refused(self, count):
        with pytest.raises(InvalidInputError, match=str(count)):
            plan_cameras(CLIPS, count, 7, secret=SECRET)

    def test_without_a_clip_there_is_no_plan(self):
        with pytest.raises(SetupError, match="no clip"):
            plan_cameras([CLIPS[2]], 3, 7, secret=SECRET)

    @given(count=st.integers(1, 60), seed=st.integers(), port=st.integers(1, 65534))
    def test_two_thirds_are_healthy_whatever_the_count(self, count, seed, port):
        cameras = plan_cameras(CLIPS, count, seed, secret=SECRET, port=port)
        assert len({c.url for c in cameras}) == len({c.username for c in cameras}) == count
        assert sum(c.fault is None for c in cameras) >= 2 * count / 3
        for camera in cameras:
            peer = camera.fault is not None and camera.fault.by_peer
            assert urlsplit(camera.url).port == port + peer


class TestPlanFile:
    @given(count=st.integers(1, 30), seed=st.integers(0, 99))
    def test_it_gives_back_what_was_written(self, tmp_path_factory, count, seed):
        path = tmp_path_factory.mktemp("plan") / "plan.json"
        cameras = plan_cameras(CLIPS, count, seed, secret=SECRET)
        write_plan(path, cameras, CLIPS, path.parent, secret=SECRET)
        assert load_plan(path) == cameras
        assert kept_secret(path) == SECRET

    def test_it_is_its_owners_alone_even_where_a_looser_one_was(self, tmp_path):
        path = tmp_path / "plan.json"
        path.write_text("{}")
        path.chmod(0o644)
        write_plan(path, plan_cameras(CLIPS, 3, 7, secret=SECRET), CLIPS, tmp_path, secret=SECRET)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_the_server_knows_another_password_where_that_is_the_fault(self, tmp_path):
        cameras = plan_cameras(CLIPS, 24, 7, secret=SECRET)
        write_plan(tmp_path / "p", cameras, CLIPS, tmp_path, secret=SECRET)
        server = {
            m["path"]: m["password"] for m in json.loads((tmp_path / "p").read_text())["server"]["mounts"]
        }
        differing = [c.fault for c in cameras if c.path in server and server[c.path] != c.password]
        assert differing == [Fault.WRONG_PASSWORD]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"cameras": [{}]}', '{"cameras": 1}'])
    def test_a_spoilt_file_is_no_plan(self, tmp_path, text):
        (tmp_path / "plan.json").write_text(text)
        assert kept_secret(tmp_path / "plan.json") is None
        with pytest.raises(InvalidInputError, match="no plan"):
            load_plan(tmp_path / "plan.json")


def source(name: str, shows: str, pictures: list[np.ndarray]) -> Source:
    def make(target, progress):
        prepare_pictures(pictures, len(pictures), FPS, target, progress)

    return Source(name, Origin.RENDERED, shows, "drawn", "Apache-2.0", f"{name}-sha", make)


@pytest.fixture(scope="module")
def server_python() -> None:
    words = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if subprocess.run([SYSTEM_PYTHON, "-c", words], capture_output=True, check=False).returncode:
        if os.environ.get("CI"):
            pytest.fail("CI must have GStreamer's RTSP server")
        pytest.skip("GStreamer's RTSP server is not on this machine")


@pytest.fixture(scope="module")
def clips(tmp_path_factory, server_python) -> tuple[Path, tuple[Clip, ...]]:
    folder = tmp_path_factory.mktemp("clips")
    greys = [np.full((96, 128, 3), 40 + 2 * k, np.uint8) for k in range(SECONDS * FPS)]
    noise = np.random.default_rng(1).integers(
        0, 80, (96, 128, 3), np.uint8
    )  # a key picture of several packets
    builtin = [source("grey", "unknown", greys), source("black", "black", [np.zeros_like(greys[0])] * 20)]
    builtin.append(source("noise", "unknown", [noise] * 20))
    return folder, prepare_clips(folder, builtin=builtin).clips


def make_plan(
    path: Path, clips: tuple[Path, tuple[Clip, ...]], count: int = 24, **more
) -> list[SampleCamera]:
    folder, known = clips
    cameras = plan_cameras(known, count, 7, secret=SECRET, port=free_port())
    write_plan(path, cameras, known, folder, secret=SECRET, **more)
    return cameras


def by_fault(cameras: list[SampleCamera], fault: Fault | None, clip: str = "") -> SampleCamera:
    return next(c for c in cameras if c.fault is fault and c.clip.startswith(clip))


def grab(
    camera: SampleCamera, *, username: str = "", password: str = "", path: str = ""
) -> tuple[float, float]:
    """Brightness of the first key picture, and the moment at which it came."""
    host = urlsplit(camera.url).netloc
    user, word = username or camera.username, password or camera.password
    options = {"rtsp_transport": "tcp", "probesize": "5000", "analyzeduration": "0", "fpsprobesize": "0"}
    options["timeout"] = "5000000"
    with av.open(f"rtsp://{user}:{word}@{host}{path or camera.path}", options=options) as container:
        for packet in container.demux(video=0):
            if packet.is_keyframe and (frames := packet.decode()):
                assert frames[0].width == 128
                return float(frames[0].to_ndarray(format="gray").mean()), time.monotonic()
    raise AssertionError("the stream ended without a key picture")


async def converse(
    camera: SampleCamera, *methods: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Send requests one by one; gives the last answer's head."""
    parts = urlsplit(camera.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    answer = b""
    for number, method in enumerate(methods):
        more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" if method == "SETUP" else ""
        target = camera.url + ("/track1" if method == "SETUP" else "")
        writer.write(f"{method} {target} RTSP/1.0\r\nCSeq: {number}\r\n{more}\r\n".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        if length := re.search(rb"(?i)content-length: *(\d+)", answer):
            await reader.readexactly(int(length[1]))
    return reader, writer, answer


@pytest.fixture(scope="module")
def live(clips, tmp_path_factory) -> Iterator[list[SampleCamera]]:
    """Twenty-four cameras, six of them faulty, played by a process of their own."""
    path = tmp_path_factory.mktemp("live") / "plan.json"
    cameras = make_plan(path, clips)
    words = (
        "import asyncio, sys; from pathlib import Path; from dengta.sample.rtsp_cameras import serving\n"
        "async def main():\n"
        "    async with serving(Path(sys.argv[1])):\n"
        "        print('ready', flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", words, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield cameras
        process.send_signal(signal.SIGINT)


def moment(brightness: float) -> float:
    """Which second of the grey clip a brightness belongs to."""
    return (brightness - 40) / 2 / FPS


class TestServer:
    def test_a_key_picture_comes_to_who_knows_the_password(self, live):
        brightness, _ = grab(by_fault(live, None, "grey"))
        assert moment(brightness) == pytest.approx(round(moment(brightness) / 2) * 2, abs=0.15)

    def test_time_flows_whether_or_not_somebody_watches(self, live):
        """The clip's moment follows the wall clock through a pause without viewers."""
        camera = by_fault(live, None, "grey")
        shown, at = grab(camera)
        time.sleep(1.5)
        shown_later, at_later = grab(camera)
        passed = (moment(shown_later) - moment(shown)) % SECONDS
        assert passed == pytest.approx((at_later - at) % SECONDS, abs=0.4)

    def test_two_cameras_with_one_clip_are_apart_by_their_offsets(self, live):
        one, two = [c for c in live if c.fault is None and c.clip == "grey"][:2]
        (shown_one, at_one), (shown_two, at_two) = grab(one), grab(two)
        apart = (moment(shown_two) - moment(shown_one)) - (at_two - at_one)
        assert np.cos((apart - (two.offset - one.offset)) * 2 * np.pi / SECONDS) > 0.9

    def test_the_black_camera_shows_black(self, live):
        brightness, _ = grab(by_fault(live, Fault.BLACK))
        assert brightness < 20

    def test_the_catalogues_password_does_not_open_the_camera_that_changed_its_own(self, live):
        with pytest.raises(av.HTTPUnauthorizedError):
            grab(by_fault(live, Fault.WRONG_PASSWORD))

    def test_a_wrong_password_or_user_is_refused(self, live):
        camera = by_fault(live, None)
        with pytest.raises(av.HTTPUnauthorizedError):
            grab(camera, password="guess")
        with pytest.raises(av.HTTPUnauthorizedError):
            grab(camera, username="admin")

    def test_one_cameras_user_cannot_see_another_camera(self, live):
        one, two = [c for c in live if c.fault is None][:2]
        with pytest.raises((av.HTTPNotFoundError, av.HTTPUnauthorizedError)):
            grab(one, path=two.path)

    def test_a_mount_that_is_not_there_is_not_found(self, live):
        with pytest.raises(av.HTTPNotFoundError):
            grab(by_fault(live, None), path="/cam/999")

    async def test_the_challenge_is_digest_alone(self, live):
        _, writer, answer = await converse(by_fault(live, None), "DESCRIBE")
        writer.close()
        assert b"401" in answer.split(b"\r\n")[0]
        assert b"Digest" in answer
        assert b"Basic" not in answer


class TestFaults:
    async def test_the_mute_camera_answers_play_and_sends_nothing(self, live):
        reader, writer, answer = await converse(
            by_fault(live, Fault.MUTE), "OPTIONS", "DESCRIBE", "SETUP", "PLAY"
        )
        assert answer.startswith(b"RTSP/1.0 200")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 1)
        writer.close()

    async def test_the_dropping_camera_ends_in_the_middle_of_a_key_picture(self, live):
        reader, writer, _ = await converse(by_fault(live, Fault.DROPPING), "DESCRIBE", "SETUP", "PLAY")
        media = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        indicator, header = media[16], media[17]
        assert (indicator & 31, header & 31) == (28, 5)  # FU-A of an IDR slice
        last = media.rindex(b"$\x00")
        assert not media[last + 17] & 0x40  # and its end never comes

    async def test_the_garbage_camera_does_not_speak_rtsp(self, live):
        camera = by_fault(live, Fault.GARBAGE)
        parts = urlsplit(camera.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"OPTIONS {camera.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert len(answer) == 4096
        assert not answer.startswith(b"RTSP")

    async def test_the_dripping_camera_answers_a_byte_now_and_then(self, live):
        camera = by_fault(live, Fault.DRIP)
        parts = urlsplit(camera.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"OPTIONS {camera.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        started = time.monotonic()
        assert await asyncio.wait_for(reader.readexactly(4), 5) == b"RTSP"
        writer.close()
        assert time.monotonic() - started > 1

    @pytest.mark.parametrize(
        "nonsense", [b"\r\n\r\n", b"x" * 20000, b"GET\r\n\r\n", b"$\x00\x00\x04abcd$", b"\xff" * 9]
    )
    async def test_a_peer_survives_nonsense(self, live, nonsense):
        camera = by_fault(live, Fault.MUTE)
        parts = urlsplit(camera.url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(nonsense)
        await writer.drain()
        writer.close()
        _, writer, answer = await converse(camera, "OPTIONS")
        writer.close()
        assert answer.startswith(b"RTSP/1.0 200")


async def test_with_key_first_every_session_begins_with_a_key_picture(clips, tmp_path):
    cameras = make_plan(tmp_path / "plan.json", clips, 2, key_first=True)
    async with serving(tmp_path / "plan.json"):
        camera = by_fault(cameras, None, "grey")
        for _ in range(3):
            started = time.monotonic()
            _, at = await asyncio.to_thread(grab, camera)
            assert at - started < 1  # without it the wait is up to two seconds
            await asyncio.sleep(0.3)


async def test_leaving_ends_the_server_and_frees_its_ports(clips, tmp_path):
    make_plan(tmp_path / "plan.json", clips, 6)
    for _ in range(2):
        async with serving(tmp_path / "plan.json") as server:
            assert server.returncode is None
        assert server.returncode is not None


async def test_a_port_in_use_is_one_clear_sentence(clips, tmp_path):
    cameras = make_plan(tmp_path / "plan.json", clips, 6)
    port = next(urlsplit(c.url).port for c in cameras if c.fault is None)
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", port)
    async with taken:
        with pytest.raises(SetupError, match=f"Port {port}"):
            async with serving(tmp_path / "plan.json"):
                pass


async def test_a_plan_that_others_may_read_is_refused(clips, tmp_path):
    make_plan(tmp_path / "plan.json", clips, 2)
    (tmp_path / "plan.json").chmod(0o644)
    with pytest.raises(SetupError, match="others may read it"):
        async with serving(tmp_path / "plan.json"):
            pass


async def test_a_clip_that_is_gone_is_one_clear_sentence(clips, tmp_path):
    make_plan(tmp_path / "plan.json", clips, 2)
    plan = json.loads((tmp_path / "plan.json").read_text())
    plan["server"]["mounts"][0]["file"] = str(tmp_path / "gone.mp4")
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(SetupError, match=r"gone\.mp4"):
        async with serving(tmp_path / "plan.json"):
            pass


COMMAND = """
import typer
from dengta.commands.cameras import cameras
from dengta.sample import clips
from dengta.sample.render import Film, draw_congestion
films = [Film("street", "congestion", 2, 1, draw_congestion)]
clips.render.FILMS = films
sources = clips.builtin_sources
clips.builtin_sources = lambda: sources()[1:]
typer.run(cameras)
"""


def test_the_command_says_when_it_is_ready_and_its_server_dies_with_it(server_python, tmp_path):
    read, write = os.pipe()
    arguments = ["--count", "3", "--port", "0", "--json", "--ready-fd", str(write)]
    environment = {**os.environ, "DENGTA_DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        pass_fds=(write,),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=tmp_path,
    ) as command:
        os.close(write)
        with os.fdopen(read) as ready:
            assert json.loads(ready.readline())["cameras"] == 3
        servers = psutil.Process(command.pid).children(recursive=True)
        assert [str(SERVER) in server.cmdline() for server in servers] == [True]
        password = load_plan(tmp_path / "sample-cameras.json")[0].password
        assert password not in " ".join(servers[0].cmdline())
        command.kill()
        said, _ = command.communicate()
        _, alive = psutil.wait_procs(servers, timeout=5)
        assert [server for server in alive if server.status() != psutil.STATUS_ZOMBIE] == []
    cameras = [json.loads(line) for line in said.splitlines()]
    assert [c["name"] for c in cameras] == ["cam-0001", "cam-0002", "cam-0003"]
    assert password.encode() not in said
