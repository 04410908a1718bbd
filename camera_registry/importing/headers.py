"""Which column of a list is which field: recognised by its header, told, or left out and named."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

import orjson

from base.errors import InvalidInputError
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.request import Kind
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from camera_registry.importing.fields import Field

REASONS = "导入问题 import problems"
"""Heads the column of reasons in a file of refused rows; such a file comes back as a supplement."""

GEOMETRY = ("geometry: longitude", "geometry: latitude")
"""Headers of the columns that a reader makes of geometries, which are WGS-84."""

_BRACKETS = re.compile(r"[(\[{<【〔《](.*?)[)\]}>】〕》]")
_IGNORED = re.compile(r"[\W_]+")
_MARKS = re.compile(r"^(?:必填|选填|可选)|(?:必填|选填|可选|必填项)$")
_SYSTEM = re.compile(
    r"wgs-?84|wgs1984|cgcs2000|国家2000|2000|gcj-?02|火星|高德|腾讯|国测局|bd-?09|百度|gps", re.IGNORECASE
)
_COUNTERS = frozenset({"序号", "no", "id", "fid", "ogcfid", "objectid", "行号", "index", "#"})
"""Number rows of the file, not things: the numbers shift with every issue of the list."""

_EITHER = frozenset(
    {
        *(
            "编号",
            "编码",
            "设备编号",
            "设备代码",
            "摄像机编号",
            "摄像头编号",
            "监控编号",
            "监控点编号",
            "点位编号",
        ),
        *("点位编码", "视频编号", "平台编码", "资产编码", "通道号", "id"),
    }
)
"""Headers that mean either; what stands below them decides."""

_TWENTY_DIGITS = re.compile(r"\s*'?\d(?:\d{19}|\.\d+[eE]\+?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read.

    Attributes:
        index: Where it stands, from 0.
        header: Its header, as in the file.
        field: What it is.
        unit: Of its numbers, as its header names it.
    """

    index: int
    header: str
    field: Field
    unit: str = ""


@dataclass(slots=True)
class Columns:
    """How a list's columns are read.

    Attributes:
        header: All headers, as in the file.
        columns: Field → column.
        crs: The reference system that the headers of the coordinates name, if they do.
        geometry: Where the file's own geometry stands, beside coordinates that are told in columns.
        reasons: Where a file of refused rows says what was wrong with them.
        left_out: Headers of columns that nothing is taken from.
        notes: What the list's owner should know, in sentences.
    """

    header: list[str] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)
    crs: str | None = None
    geometry: tuple[int, int] | None = None
    reasons: int | None = None
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fold_header(header: str) -> tuple[str, list[str]]:
    """A header for comparison, and what stands in its brackets: 安装高度(米)* → 安装高度, [米]."""
    text = unicodedata.normalize("NFKC", header).casefold()
    inside = [part.strip() for part in _BRACKETS.findall(text)]
    bare = _IGNORED.sub("", _BRACKETS.sub("", text)) or _IGNORED.sub("", text)
    return _MARKS.sub("", bare), inside


def _synonyms(kind: Kind) -> dict[str, Field]:
    names = orjson.loads(resources.files("camera_registry.importing").joinpath("headers.json").read_bytes())
    table: dict[str, Field] = {}
    for item in FIELDS[kind].values():
        for name in (item.name, item.title, *names[kind.value].get(item.name, "").split()):
            table.setdefault(fold_header(name)[0], item)
    return table


SYNONYMS = {kind: _synonyms(kind) for kind in Kind}


def recognise(kind: Kind, header: str) -> Field | None:
    """The field that a header names, if it is known."""
    return _recognise(kind, header)[0]


def _recognise(kind: Kind, header: str) -> tuple[Field | None, str | None]:
    """The field, and the reference system that the header names beside it."""
    bare, inside = fold_header(header)
    known = SYNONYMS[kind]
    found = known.get(bare)
    system = next((s for part in inside if (s := _system(part))), None)
    if found is None:
        without = _IGNORED.sub("", _SYSTEM.sub("", bare))
        named = _SYSTEM.search(bare)
        found = known.get(without)
        if found is None or found.name not in {"longitude", "latitude"} or named is None:
            return None, None
        system = system or _system(named[0])
    return found, system if found.name in {"longitude", "latitude"} else None


def _system(text: str) -> str | None:
    try:
        return ReferenceSystem.parse(text).value
    except InvalidInputError:
        return None


def map_columns(
    kind: Kind, header: Sequence[str], sample: Sequence[Sequence[str]], told: Mapping[str, str]
) -> Columns:
    """Decide what each column is.

    Args:
        kind: What the list lists.
        header: Its headers, as in the file.
        sample: Some of its rows.
        told: Header → field, which overrules; an empty field leaves the column out.

    Raises:
        InvalidInputError: ``told`` names no such column or field, or nothing at all is recognised.
    """
    overrides = _overrides(kind, header, told)
    mapping = Columns(list(header), reasons=header.index(REASONS) if REASONS in header else None)
    candidates: dict[str, list[Column]] = {}
    systems: dict[int, str] = {}
    for index, name in enumerate(header):
        if name in {REASONS, *GEOMETRY} or not name.strip():
            continue
        if index in overrides:
            chosen = overrides[index]
        else:
            chosen, system = _recognise(kind, name)
            chosen = _by_content(kind, name, [row[index] for row in sample if index < len(row)], chosen)
            if system:
                systems[index] = system
        if chosen is None:
            mapping.left_out.append(name)
        else:
            candidates.setdefault(chosen.name, []).append(Column(index, name, chosen, _unit(chosen, name)))
    for name, columns in candidates.items():
        _choose(mapping, name, columns, overrides, systems)
    if GEOMETRY[0] in header:
        _take_geometry(mapping, kind, header)
    if not mapping.columns:
        raise InvalidInputError(
            f"No column is recognised; the file has {_listed(header)}.",
            remedy='Name them: --map "列名=field", with the fields of the documentation '
            f"({', '.join(list(FIELDS[kind])[:6])} …).",
        )
    return mapping


def _take_geometry(mapping: Columns, kind: Kind, header: Sequence[str]) -> None:
    """Geometries are the coordinates, unless columns tell both: then these are the geometry's original."""
    indices = header.index(GEOMETRY[0]), header.index(GEOMETRY[1])
    if {"longitude", "latitude"} <= mapping.columns.keys():
        mapping.geometry = indices
        return
    for name in ("longitude", "latitude", "declared_crs"):
        if name in mapping.columns:  # a column of the system would be that of coordinates that are not there
            mapping.left_out.append(mapping.columns.pop(name).header)
    for index, name, title in zip(indices, ("longitude", "latitude"), GEOMETRY, strict=True):
        mapping.columns[name] = Column(index, title, FIELDS[kind][name])


def _choose(
    mapping: Columns,
    name: str,
    columns: list[Column],
    overrides: Mapping[int, object],
    systems: dict[int, str],
) -> None:
    """Of several columns for one field take what was told, WGS-84 or the first, and say so."""

    def rank(column: Column) -> tuple[bool, bool, int]:
        wgs84 = systems.get(column.index) == ReferenceSystem.WGS_84.value
        return column.index not in overrides, not wgs84, column.index

    chosen, *others = sorted(columns, key=rank)
    mapping.columns[name] = chosen
    if name == "longitude":
        mapping.crs = systems.get(chosen.index)
    if others:
        mapping.left_out += [column.header for column in others]
        mapping.notes.append(
            f"Ambiguous: {_listed([column.header for column in columns])} can each be {name} "
            f"({chosen.field.title}); {chosen.header!r} is taken. Choose with --map."
        )


def _by_content(kind: Kind, header: str, cells: Sequence[str], found: Field | None) -> Field | None:
    """What an ambiguous header means, by what stands below it."""
    bare, _ = fold_header(header)
    filled = [cell for cell in cells if cell.strip()]
    if kind is Kind.CAMERAS and bare in _EITHER:
        twenty = sum(bool(_TWENTY_DIGITS.fullmatch(cell)) for cell in filled)
        if twenty * 2 > len(filled):
            return FIELDS[kind]["code"]
        return None if bare in _COUNTERS else FIELDS[kind]["source_key"]
    if bare in _COUNTERS and not (found and found.name == "code"):
        return None
    degrees = {"度", "°", "deg"} & set(fold_header(header)[1])
    if found and found.name == "direction_type" and (degrees or _are_degrees(filled)):
        return FIELDS[kind]["heading_deg"]
    return found


def _are_degrees(cells: Sequence[str]) -> bool:
    """Whether numbers beyond the eight of DirectionType stand there."""
    numbers = []
    for cell in cells:
        try:
            numbers.append(float(unicodedata.normalize("NFKC", cell).rstrip("°度 ")))
        except ValueError:
            continue
    return len(numbers) * 2 > len(cells) and any(value > 8 for value in numbers)


def _unit(chosen: Field, header: str) -> str:
    return next((part for part in fold_header(header)[1] if part in chosen.units), "")


def _overrides(kind: Kind, header: Sequence[str], told: Mapping[str, str]) -> dict[int, Field | None]:
    exact = {name: index for index, name in reversed(list(enumerate(header)))}
    folded = {fold_header(name)[0]: index for index, name in reversed(list(enumerate(header)))}
    found: dict[int, Field | None] = {}
    for name, target in told.items():
        index = exact.get(name, folded.get(fold_header(name)[0]))
        if index is None:
            raise InvalidInputError(f"The file has no column {name!r}; it has {_listed(header)}.")
        field_ = FIELDS[kind].get(target) or recognise(kind, target)
        if target and field_ is None:
            raise InvalidInputError(f"There is no field {target!r}; there are {', '.join(FIELDS[kind])}.")
        found[index] = field_ if target else None
    return found


def _listed(names: Sequence[str], most: int = 30) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def header_row(kind: Kind, rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows heads the columns: the one with most known headers, the first of equals."""
    scores = [sum(recognise(kind, cell) is not None for cell in row if cell) for row in rows]
    return max(range(len(rows)), key=lambda index: (scores[index], -index), default=0) if any(scores) else 0


def unique_headers(names: Sequence[str]) -> list[str]:
    """The headers, those that come again numbered, so that each names one column."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        bare = " ".join(name.split())
        seen[bare] += 1
        found.append(f"{bare} ({seen[bare]})" if bare and seen[bare] > 1 else bare)
    return found
