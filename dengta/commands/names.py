"""``dengta parse-name``: what camera names say, without touching the catalogue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from camera_registry import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camera_registry.names import CameraName

_FIELDS = {
    "city": "城市",
    "district": "区市",
    "township": "镇街",
    "roads": "道路",
    "at_junction": "路口",
    "section": "路段",
    "chainage_m": "桩号 (m)",
    "house": "门牌",
    "place": "场所",
    "place_kind": "场所类别",
    "spot": "部位",
    "side": "方位",
    "offset_m": "距离 (m)",
    "direction": "方向",
    "form": "类型",
    "ptz_type": "PTZType",
    "ordinal": "序号",
}


def parse_name(
    text: Annotated[
        list[str] | None, typer.Argument(help="Names; without any, one a line of standard input.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a name.")] = False,
) -> None:
    """Take camera names apart: roads, junction, kilometre, place, side, direction, form, number."""
    console = Console(highlight=False)
    for name in map(names.parse_name, _given(text)):
        if json:
            sys.stdout.buffer.write(orjson.dumps(told(name), option=orjson.OPT_APPEND_NEWLINE))
        else:
            console.print(f"[bold]{escape(name.given)}[/]", soft_wrap=True)
            console.print(_table(name))


def _given(text: list[str] | None) -> Iterable[str]:
    return text or (line.rstrip("\r\n") for line in sys.stdin)


def told(name: CameraName) -> dict[str, Any]:
    """What a name says, as JSON; what it does not say is left out."""
    direction = name.direction
    values: dict[str, Any] = {"name": name.given, "is_name": name.is_name, "why_not": name.why_not}
    values |= {field: getattr(name, field) for field in _FIELDS}
    values["roads"] = [road._asdict() for road in name.roads]
    values["direction"] = direction and {**direction._asdict(), "degrees": direction.degrees}
    values["parts"] = [part._asdict() for part in name.parts]
    values["rest"] = [part._asdict() for part in name.rest]
    said = {key: value for key, value in values.items() if value not in (None, "", [], False)}
    return {**said, "is_name": name.is_name}


def _table(name: CameraName) -> Table:
    table = Table(box=None, show_header=False)
    if not name.is_name:
        table.add_row("不是名称 no name", name.why_not)
    for field, zh in _FIELDS.items():
        value = getattr(name, field)
        if value in (None, (), False):
            continue
        table.add_row(f"[dim]{zh} {field}[/]", escape(_words(field, value)))
    if name.rest:
        table.add_row("[dim]未识别 rest[/]", escape(" ".join(part.text for part in name.rest)))
    return table


def _words(field: str, value: Any) -> str:
    if field == "roads":
        return " × ".join(f"{road.text} ({road.code})" if road.code else road.text for road in value)
    if field == "direction":
        to = f"{value.to} {value.degrees:.0f}°" if value.to is not None else ""
        return " ".join(str(part) for part in (value.sense, to, value.towards, value.flow) if part)
    return "yes" if value is True else str(value)
