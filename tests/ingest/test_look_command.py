"""``dengta look`` as an operator or a program meets it."""

import json

import cv2
import pytest
import typer
from typer.testing import CliRunner

from base.errors import InvalidInputError, UnavailableError
from dengta.commands.look import look

app = typer.Typer()
app.command()(look)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_picture_is_written_and_its_cost_told(camera_servers, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "s3cret")
    url, out = f"rtsp://127.0.0.1:{camera_servers['digest']}/h264", tmp_path / "look.png"
    login = ("--user", "viewer", "--password-env", "CAMERA_PASSWORD")
    result = run(url, *login, "--out", out, "--width", 320, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["outcome"] == "picture"
    assert list(report["stages_ms"]) == ["connect", "describe", "setup", "play", "picture", "decode"]
    assert report["bytes_received"] > 0
    assert report["cpu_ms"] > 0
    assert cv2.imread(str(out)).shape == (180, 320, 3)
    text = run(url, *login)
    assert "h264 1280×720, scaled to 640×360" in text.stdout
    assert "s3cret" not in text.output


def test_without_a_picture_the_reason_is_one_line():
    result = run("rtsp://127.0.0.1:9/cam", "--json")
    assert isinstance(result.exception, UnavailableError)
    assert str(result.exception) == "no picture: unreachable: nothing accepts a connection there"
    assert json.loads(result.stdout)["outcome"] == "unreachable"


def test_an_address_outside_the_networks_needs_to_be_allowed():
    report = json.loads(run("rtsp://192.0.2.1/cam", "--json").stdout)
    assert (report["outcome"], report["stages_ms"]) == ("not-allowed", {})
    allowed = json.loads(
        run("rtsp://192.0.2.1/cam", "--allow", "192.0.2.0/24", "--timeout", 0.3, "--json").stdout
    )
    assert allowed["outcome"] in {"timed-out", "unreachable"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("rtsp://viewer:s3cret@127.0.0.1/cam",),
        ("rtsp://127.0.0.1/cam", "--out", "picture.tiff"),
        ("rtsp://127.0.0.1/cam", "--password-env", "NOT_SET_ANYWHERE"),
        ("rtsp://127.0.0.1/cam", "--allow", "everywhere"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_sent(arguments):
    result = run(*arguments)
    assert isinstance(result.exception, InvalidInputError)
    assert "s3cret" not in str(result.exception)


def test_a_camera_without_that_stream_is_told_apart_from_one_that_is_gone(camera_servers):
    result = run(f"rtsp://127.0.0.1:{camera_servers['none']}/nowhere")
    assert str(result.exception) == "no picture: not-found: the camera has no such stream"
