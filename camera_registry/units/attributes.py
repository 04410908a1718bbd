"""What a boundary file calls a unit's code, name, level and parent: recognised, or told."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import shapely

    from camera_registry.units.features import Feature

FIELDS = ("code", "name", "name_en", "civil_code", "level", "parent")
"""What of a unit a file can say."""

_RECOGNISED = {
    "code": (
        "code unitcode orgcode organisationcode organizationcode 单位编码 机构编码 组织编码 编码 编号 代码 "
        "towncode xiangcode 乡镇代码 乡镇编码 街道代码 街道编码 乡代码 xzdm xzqdm xzqhdm qhdm xzqbm "
        "行政区代码 行政区划代码 行政区编码 行政代码 区划代码 区划编码 统计用区划代码 adcode "
        "countycode 区县代码 区县编码 县代码 gbcode pac dm bm"
    ),
    "name": (
        "name unitname orgname 单位名称 机构名称 名称 townname 乡镇名称 街道名称 乡名称 xzmc xzqmc xzqhmc "
        "行政区名称 行政区划名称 区划名称 countyname 区县名称 县名称 全称 mc 乡 镇 街道"
    ),
    "name_en": "nameen ename enname englishname 英文名称 英文名 英文",
    "civil_code": "civilcode gb2260 国标码 民政编码 行政编码",
    "level": "level lvl adminlevel unitlevel 级别 层级 等级 行政级别 行政等级 xzjb cj",
    "parent": (
        "parent parentcode parentid 上级 上级编码 上级代码 上级单位 上级单位编码 上级机构 "
        "父级 父级编码 父编码 所属单位 所属区县 pcode fcode sjdm sjbm countycode 区县代码 区县编码 县代码"
    ),
}
"""Folded by :func:`_folded`; the first that a file has is taken, so what is more precise stands first."""

_LEVEL_WORDS = {
    word: level
    for level, words in enumerate(
        (
            "0 city 市 市级 地市 地市级 地级市 城市 prefecture municipal",
            "1 district county 区 县 区县 县区 区县级 县级 县级市 市辖区 功能区",
            "2 township town street subdistrict 乡 镇 街道 乡镇 镇街 街镇 乡镇街道 镇街级 乡级 乡镇级",
        )
    )
    for word in words.split()
}

_MOST_CODE, _MOST_NAME = 64, 100


@dataclass(frozen=True, slots=True)
class Drawn:
    """A unit as a file has it.

    Attributes:
        where: Layer and number of its feature, for messages.
        code: Its code there; empty if it has none.
        name: Its name; empty if it has none.
        name_en: Its English name, or empty.
        civil_code: GB/T 2260, or empty.
        level: 0 city, 1 district, 2 township; None if the file does not say.
        parent: Code of the unit above; empty if the file does not say.
        shape: Its boundary as drawn, or None.
    """

    where: str
    code: str
    name: str
    name_en: str
    civil_code: str
    level: int | None
    parent: str
    shape: shapely.Geometry | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a layer says what: the keys are those of :data:`FIELDS`."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, headers: Sequence[str], told: Mapping[str, str]) -> Columns:
        """Recognise a layer's columns; ``told`` (field → column) counts more.

        Raises:
            InvalidInputError: A column that was told is not there, a field is unknown, or nothing says codes.
        """
        if strange := set(told) - set(FIELDS):
            raise InvalidInputError(
                f"A unit has no field {min(strange)!r}.", remedy=f"Fields are {', '.join(FIELDS)}."
            )
        names: dict[str, str] = {}
        for field, column in told.items():
            if column not in headers:
                raise InvalidInputError(f"There is no column {column!r}.", remedy=_have(headers))
            names[field] = column
        by_fold = {_folded(header): header for header in reversed(headers)}
        for field, words in _RECOGNISED.items():
            taken = set(names.values())
            found = (by_fold[word] for word in words.split() if word in by_fold)
            free = next((each for each in found if each not in taken), None)
            if field not in names and free is not None:
                names[field] = free
        for field in ("code", "name"):
            if field not in names and (cut := _cut_name(field, by_fold, names.values())):
                names[field] = cut
        if "code" not in names and "name" not in names:
            raise InvalidInputError(
                "No column holds the units' codes or names.",
                remedy=f"{_have(headers)} Name them, such as code=XZQDM name=XZQMC.",
            )
        return cls(names)

    def read(self, feature: Feature) -> Drawn:
        """The unit of a feature."""
        said = {field: feature.attributes.get(column, "") for field, column in self.names.items()}
        return Drawn(
            where=f"{feature.layer} {feature.number}",
            code=said.get("code", "")[:_MOST_CODE],
            name=said.get("name", "")[:_MOST_NAME],
            name_en=said.get("name_en", "")[:_MOST_NAME],
            civil_code=said.get("civil_code", "")[:_MOST_CODE],
            level=level_of(said.get("level", "")),
            parent=_code_in(said.get("parent", ""))[:_MOST_CODE],
            shape=feature.shape,
        )


def _cut_name(field: str, by_fold: Mapping[str, str], taken: Iterable[str]) -> str | None:
    """A column whose name a Shapefile has cut to ten bytes, which are three Chinese letters in UTF-8."""
    words = _RECOGNISED[field].split()
    for fold, header in by_fold.items():
        if len(fold) == 3 and header not in taken and any(word.startswith(fold) for word in words):
            return header
    return None


def drawn_units(features: Iterable[Feature], told: Mapping[str, str]) -> tuple[list[Drawn], dict[str, str]]:
    """The units of all layers, and which column was taken for what.

    A layer whose name says a level (``township``, ``乡镇``) gives it to units that say none.

    Raises:
        InvalidInputError: As :meth:`Columns.of`.
    """
    columns: dict[str, Columns] = {}
    units = []
    for feature in features:
        if feature.layer not in columns:
            columns[feature.layer] = Columns.of(list(feature.attributes), told)
        unit = columns[feature.layer].read(feature)
        if unit.level is None and (level := _level_of_layer(feature.layer)) is not None:
            unit = replace(unit, level=level)
        units.append(unit)
    return units, {field: name for each in columns.values() for field, name in each.names.items()}


def level_of(text: str) -> int | None:
    """The level that a cell says, or None."""
    return _LEVEL_WORDS.get(_folded(text)) if text else None


def _level_of_layer(name: str) -> int | None:
    words = re.split(r"[\W_\d]+", unicodedata.normalize("NFKC", name).casefold())
    found = {_LEVEL_WORDS[word.removesuffix("s")] for word in words if word.removesuffix("s") in _LEVEL_WORDS}
    found |= {_LEVEL_WORDS[end] for word in words for end in ("乡镇", "街道", "区县") if word.endswith(end)}
    return found.pop() if len(found) == 1 else None


def _code_in(text: str) -> str:
    """A parent's code; map services write it as ``{"adcode": 370600}``."""
    if not text.startswith("{"):
        return text
    try:
        inner = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return str(next((inner[key] for key in ("code", "adcode", "id") if inner.get(key)), ""))


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _have(headers: Sequence[str]) -> str:
    return f"It has {', '.join(headers[:20])}." if headers else "It has no columns at all."
