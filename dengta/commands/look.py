"""``dengta look``: one picture from any camera, and what it cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import typer

from base.clock import SystemClock
from base.errors import DengtaError, InvalidInputError, UnavailableError
from base.settings import get_settings
from ingest.look import Looker
from ingest.target import CameraAddress, TargetPolicy

if TYPE_CHECKING:
    from models.look import Frame, Look

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_PICTURE_FILES = {".jpg", ".jpeg", ".png"}


def look(
    url: Annotated[
        str,
        typer.Argument(
            help="Its address without credentials: rtsp://host/path, or http://host/path of a snapshot."
        ),
    ],
    *,
    user: Annotated[str, typer.Option(help="User name at the camera.")] = "",
    password_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable that holds the password.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the picture here, .jpg or .png.")] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, max=120, help="Seconds that everything may take in all.")
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=16, max=8192, help="Scale a wider picture down to this width, pixels.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Allow this network too, besides those set and loopback."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Take one picture from a camera and print the outcome, timings by stage, bytes and CPU.

    Raises:
        InvalidInputError: An option cannot be used.
        UnavailableError: There was no picture; the sentence says why.
    """
    settings = get_settings()
    if out is not None and out.suffix.lower() not in _PICTURE_FILES:
        raise InvalidInputError("a picture is written as .jpg or .png", remedy="Name --out accordingly.")
    address = CameraAddress(url, user, _password(password_env))
    policy = TargetPolicy.of((*settings.look_networks, *_LOOPBACK, *(allow or ())))
    taken = asyncio.run(
        _look(policy, address, timeout or settings.look_deadline_s, width or settings.look_width)
    )
    if out is not None and taken.frame is not None:
        _write(taken.frame, out)
    report = _report(taken, out)
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n" if as_json else _sentences(report))
    if taken.frame is None:
        raise UnavailableError(f"no picture: {taken.outcome}: {taken.detail}")


def _password(name: str) -> str:
    if not name:
        return ""
    try:
        return os.environ[name]
    except KeyError as err:
        raise InvalidInputError(f"the environment variable {name} is not set") from err


async def _look(policy: TargetPolicy, address: CameraAddress, deadline_s: float, width: int) -> Look:
    looker = Looker(policy, SystemClock(), decode_threads=1)
    try:
        return await looker.look(address, deadline_s=deadline_s, max_width=width)
    finally:
        await looker.aclose()


def _write(frame: Frame, out: Path) -> None:
    _, encoded = cv2.imencode(out.suffix.lower(), frame.pixels)
    try:
        out.write_bytes(encoded.tobytes())
    except OSError as err:
        raise DengtaError(
            f"the picture cannot be written: {err.strerror}", remedy="Choose another --out."
        ) from err


def _report(taken: Look, out: Path | None) -> dict[str, Any]:
    report: dict[str, Any] = {
        "outcome": str(taken.outcome),
        "stage": taken.stage,
        "detail": taken.detail,
        "stages_ms": {stage: round(ms, 2) for stage, ms in taken.stages_ms.items()},
        "bytes_received": taken.bytes_received,
        "cpu_ms": round(taken.cpu_ms, 2),
    }
    if taken.frame is not None:
        height, width = taken.frame.pixels.shape[:2]
        report |= {
            "codec": taken.frame.codec,
            "captured_at": taken.frame.captured_at.isoformat(),
            "source_size": [taken.frame.source_width, taken.frame.source_height],
            "size": [width, height],
            "file": str(out) if out else None,
        }
    return report


def _sentences(report: dict[str, Any]) -> str:
    lines = [f"outcome   {report['outcome']}"]
    if "codec" in report:
        source, size = ("×".join(map(str, report[name])) for name in ("source_size", "size"))
        lines += [
            f"picture   {report['codec']} {source}, scaled to {size}",
            f"captured  {report['captured_at']}",
        ]
        if report["file"]:
            lines.append(f"written   {report['file']}")
    stages = "  ".join(f"{stage} {ms:.1f}" for stage, ms in report["stages_ms"].items())
    lines += [
        f"wall ms   {stages or 'none'}",
        f"received  {report['bytes_received']:,} bytes",
        f"CPU ms    {report['cpu_ms']:.1f} to decode and scale",
    ]
    return "\n".join(lines) + "\n"
