"""Clips are prepared once, found again under any name, and one bad source does not spoil the others."""

import json
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from base.errors import InvalidInputError
from dengta.sample import clips as module
from dengta.sample.clips import (
    MANIFEST,
    Origin,
    Prepared,
    Source,
    builtin_sources,
    prepare_clips,
    read_manifest,
)
from dengta.sample.encode import MAX_KEY_SECONDS, first_key_picture, prepare_file, prepare_pictures
from dengta.sample.render import Film, draw_black


def write_film(path: Path, codec: str = "mpeg4", *, seconds: int = 3, **options: str) -> Path:
    """A small moving picture such as a user might have."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = options
        for index in range(seconds * 10):
            picture = np.full((96, 128, 3), 40 + 4 * index % 200, np.uint8)
            picture[:, : 4 * index % 128] = 200
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode())
    return path


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clips"


def black_source() -> Source:
    film = Film("black", "black", 1, 0, draw_black)

    def make(target, progress):
        prepare_pictures(film.draw(film), film.pictures, 10, target, progress)

    return Source(film.name, Origin.RENDERED, "black", "drawn", "Apache-2.0", film.digest(), make)


def prepare(folder: Path, films: Path | None = None, **more) -> Prepared:
    return prepare_clips(folder, user_folder=films, builtin=[black_source()], **more)


def packets(path: Path) -> list[tuple[float, bool]]:
    with av.open(str(path)) as container:
        return [
            (float(p.pts * p.time_base), p.is_keyframe)
            for p in container.demux(video=0)
            if p.size and p.pts == p.dts
        ]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "mpeg4"), (".avi", "mpeg4"), (".mkv", "libx264"), (".MOV", "mpeg4")]
)
def test_any_film_of_the_user_becomes_h264_with_a_key_picture_every_two_seconds(films, folder, suffix, codec):
    write_film(films / f"街景{suffix}", codec, seconds=7)
    clip = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    assert (clip.codec, clip.width, clip.height, clip.fps) == ("h264", 128, 96, 10.0)
    assert clip.duration == pytest.approx(7, abs=0.2)
    assert clip.name == "街景"
    timed = packets(folder / clip.file)
    assert len(timed) == 70  # none is out of order: no B pictures
    assert [at for at, key in timed if key] == pytest.approx([0, 2, 4, 6])


def test_an_h264_film_that_suits_is_not_encoded_again(films, folder):
    source = write_film(films / "a.mp4", "libx264", bf="0", g="20")
    clip = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    assert first_key_picture(folder / clip.file) == first_key_picture(source)
    assert len(packets(folder / clip.file)) == 30


def test_an_h264_film_with_rare_key_pictures_is_encoded_again(films, folder):
    write_film(films / "a.mp4", "libx264", seconds=10, bf="0", g="500", sc_threshold="0")
    clip = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    keys = [at for at, key in packets(folder / clip.file) if key]
    assert max(np.diff([*keys, 10])) <= MAX_KEY_SECONDS


def test_the_same_source_gives_the_same_bytes(films, tmp_path):
    write_film(films / "a.avi")
    first, second = (prepare(tmp_path / name, films) for name in ("one", "two"))
    assert [c.sha256 for c in first.clips] == [c.sha256 for c in second.clips]


def test_a_prepared_clip_is_not_prepared_again(films, folder):
    write_film(films / "a.avi")
    first = prepare(folder, films)
    worked: list[str] = []
    again = prepare(folder, films, progress=lambda name, _share: worked.append(name))
    assert again == first
    assert worked == []


def test_progress_ends_at_one_and_never_goes_back(films, folder):
    write_film(films / "a.avi")
    told: list[float] = []
    prepare(folder, films, progress=lambda name, share: told.append(share) if name == "a" else None)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_a_prepared_file_that_was_renamed_is_found_again(films, folder):
    write_film(films / "a.avi")
    first = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    (folder / first.file).rename(folder / "something else.mp4")
    again = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    assert again.file == "something else.mp4"
    assert again.sha256 == first.sha256


def test_a_source_that_was_renamed_only_changes_its_name_in_the_manifest(films, folder):
    source = write_film(films / "a.avi")
    first = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    source.rename(films / "b.avi")
    again = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    assert (again.name, again.file, again.sha256) == ("b", first.file, first.sha256)


def test_a_prepared_file_that_was_cut_is_prepared_again(films, folder):
    write_film(films / "a.avi")
    first = next(c for c in prepare(folder, films).clips if c.origin is Origin.USER)
    whole = (folder / first.file).read_bytes()
    (folder / first.file).write_bytes(whole[: len(whole) // 2])
    prepare(folder, films)
    assert (folder / first.file).read_bytes() == whole


def test_bad_files_get_one_line_each_and_the_rest_is_prepared(films, folder):
    write_film(films / "good.mp4")
    (films / "empty.mkv").write_bytes(b"")
    (films / "noise.avi").write_bytes(np.random.default_rng(1).bytes(5000))
    (films / "notes.txt").write_text("not a film")
    prepared = prepare(folder, films)
    assert [c.name for c in prepared.clips] == ["black", "good"]
    assert [line.split(":")[0] for line in prepared.problems] == ["empty", "noise"]
    assert all("\n" not in line for line in prepared.problems)
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_a_playlist_in_disguise_is_not_followed(films, folder):
    """A file named .mp4 could make the decoder open other files or addresses."""
    write_film(films / "target.avi")
    (films / "list.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{films}/target.avi\n")
    (films / "cat.mov").write_text(f"ffconcat version 1.0\nfile '{films}/target.avi'\n")
    prepared = prepare(folder, films)
    assert [c.name for c in prepared.clips] == ["black", "target"]
    assert len(prepared.problems) == 2


def test_a_film_without_video_is_named(films, folder):
    with av.open(str(films / "sound.mp4"), "w") as out:
        stream = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert prepare(folder, films).problems == ("sound: sound.mp4 has no video in it.",)


def test_the_same_film_twice_is_one_clip_and_one_name_is_given_once(films, folder):
    first = write_film(films / "a.avi")
    (films / "copy.avi").write_bytes(first.read_bytes())
    write_film(films / "a.mp4", seconds=2)
    names = [c.name for c in prepare(folder, films).clips if c.origin is Origin.USER]
    assert len(names) == len(set(names)) == 2


def test_a_folder_that_is_not_there_is_refused(tmp_path, folder):
    with pytest.raises(InvalidInputError, match="is no folder"):
        prepare(folder, tmp_path / "nowhere")


def test_the_manifest_says_where_each_clip_is_from(films, folder):
    write_film(films / "a.avi")
    prepare(folder, films)
    entries = {e["name"]: e for e in json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["clips"]}
    assert entries["black"]["origin"] == "rendered"
    assert entries["a"]["origin"] == "user"
    wanted = {"source", "licence", "source_sha256", "width", "height", "fps", "duration", "codec"}
    assert all(wanted <= entry.keys() for entry in entries.values())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"clips": [{"name": 1}]}', '{"clips": 5}'])
def test_a_spoilt_manifest_is_as_none(folder, text):
    folder.mkdir()
    (folder / MANIFEST).write_text(text)
    assert read_manifest(folder) == []


def test_without_a_network_the_filmed_clip_is_missed_in_one_line(folder, monkeypatch, tmp_path):
    fake = tmp_path / "apt-get"
    fake.write_text("#!/bin/sh\nexit 100\n")
    fake.chmod(0o755)
    which = module.shutil.which
    monkeypatch.setattr(module.shutil, "which", lambda name: str(fake) if name == "apt-get" else which(name))
    monkeypatch.setattr(module, "PEDESTRIANS", "nowhere/vtest.avi")
    filmed = next(s for s in builtin_sources() if s.origin is Origin.FILMED)
    prepared = prepare_clips(folder, builtin=[filmed, black_source()])
    assert [c.name for c in prepared.clips] == ["black"]
    assert len(prepared.problems) == 1
    assert "opencv-doc" in prepared.problems[0]


def test_the_filmed_clip_comes_from_debians_package(clips):
    clip = next(c for c in clips.clips if c.origin is Origin.FILMED)
    assert (clip.width, clip.height, clip.fps) == (768, 576, 10.0)
    assert clip.duration == pytest.approx(79.5, abs=0.2)
    assert "Apache-2.0" in clip.licence


def test_a_huge_picture_is_refused(films, folder, monkeypatch):
    monkeypatch.setattr("dengta.sample.encode.MAX_PIXELS", 1000)
    write_film(films / "a.avi")
    assert "more than 1000 pixels" in prepare(folder, films).problems[0]


def test_only_the_first_minutes_of_a_long_film_are_used(films, folder, monkeypatch):
    monkeypatch.setattr("dengta.sample.encode.MAX_SECONDS", 2)
    source = write_film(films / "a.avi", seconds=5)
    folder.mkdir()
    partial(prepare_file, source)(folder / "a.mp4", lambda _share: None)
    assert len(packets(folder / "a.mp4")) == 20
