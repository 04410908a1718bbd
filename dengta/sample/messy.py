"""A list of cameras with every kind of mistake that lists have, the same each time: to see imports name them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

GOOD_ROWS = 30
TITLE = "烟台市视频监控点位清单（示例）"
HEADER = (
    *(
        "序号",
        "设备编码",
        "摄像机名称",
        "安装地址",
        "所属街道",
        "行政区划",
        "所属部门",
        "*经度(E)",
        "*纬度(N)",
        "坐标系",
    ),
    *(
        "监视方位",
        "方位角(°)",
        "安装高度(米)",
        "摄像机类型",
        "室内外",
        "补光属性",
        "IP地址",
        "MAC地址",
        "RTSP地址",
    ),
    *("安装时间", "敏感级别", "备注"),
)
_NUMBER = HEADER.index("序号")
_CODE = HEADER.index("设备编码")

LOGIN = "rtsp://admin:Admin12345@10.20.1.30:554/ch1"
"""Taken in with its login apart; what a report must never show is its password."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of mistake.

    Attributes:
        code: The kind of fault that an import reports it as.
        told: What is wrong, in words.
        change: Header → what stands there instead.
        only: The form of file that can have it; empty for every one.
    """

    code: str
    told: str
    change: dict[str, str] = field(default_factory=dict)
    only: str = ""


MISTAKES = (
    Mistake("lost-digits", "an id that a spreadsheet kept as a number", {"设备编码": "3.70602000813260E+19"}),
    Mistake("invalid-code", "an id of the older form, 18 digits", {"设备编码": "370602001326000031"}),
    Mistake("invalid-code", "a letter O in the id", {"设备编码": "3706020008132600O032"}),
    Mistake("no-camera-code", "the recorder's id instead of the channel's", {"设备编码": "37060200081186000033"}),
    Mistake("rounded-code", "an id whose last digits were rounded off", {"设备编码": "37060200081326100000"}),
    Mistake("duplicate", "an id that an earlier row has", {"设备编码": "37060200081326000001"}),
    Mistake("no-code", "no id", {"设备编码": ""}),
    Mistake("unidentified", "no id, no name, no place", {"设备编码": "", "摄像机名称": "", "安装地址": "", "*经度(E)": "", "*纬度(N)": ""}),
    Mistake("no-name", "no name", {"摄像机名称": ""}),
    Mistake("factory-name", "the device's default as its name", {"摄像机名称": "Camera 01"}),
    Mistake("coordinate-swapped", "longitude and latitude exchanged", {"*经度(E)": "37.101234", "*纬度(N)": "121.201234"}),
    Mistake("coordinate-zero", "coordinates of 0", {"*经度(E)": "0", "*纬度(N)": "0"}),
    Mistake("coordinate-half", "a longitude without a latitude", {"*纬度(N)": ""}),
    Mistake("coordinate-outside-china", "a place in Europe", {"*经度(E)": "12.496366", "*纬度(N)": "41.902782"}),
    Mistake("coordinate-outside-city", "the province's capital as the place", {"*经度(E)": "117.020000", "*纬度(N)": "36.660000"}),
    Mistake("coordinate-projected", "metres instead of degrees", {"*经度(E)": "40605123.4", "*纬度(N)": "4109876.5"}),
    Mistake("coordinate-coarse", "coordinates of two decimals", {"*经度(E)": "121.21", "*纬度(N)": "37.11"}),
    Mistake("not-degrees", "words instead of a longitude", {"*经度(E)": "见附图"}),
    Mistake("unknown-crs", "a reference system that nobody knows", {"坐标系": "地方独立坐标系"}),
    Mistake("unknown-unit", "a township of another city", {"所属街道": "浦东新区陆家嘴街道"}),
    Mistake("not-digits", "letters in the administrative code", {"行政区划": "37O602"}),
    Mistake("unknown-value", "a type that the standard does not know", {"摄像机类型": "超级球"}),
    Mistake("unknown-value", "a direction that is none", {"监视方位": "9"}),
    Mistake("out-of-range", "a heading of 400 degrees", {"方位角(°)": "400"}),
    Mistake("not-a-number", "a range instead of a height", {"安装高度(米)": "3-5"}),
    Mistake("approximate", "about six metres", {"安装高度(米)": "约6"}),
    Mistake("not-an-address", "an IP address beyond 255", {"IP地址": "10.20.30.400"}),
    Mistake("not-a-mac", "a MAC address that is too short", {"MAC地址": "00:1A:2B:3C:4D"}),
    Mistake("not-a-url", "an address without a scheme", {"RTSP地址": "10.20.1.55:554/ch1"}),
    Mistake("credentials-in-query", "a password among a URL's parameters", {"RTSP地址": "rtsp://10.20.1.56/ch1?user=admin&password=Admin12345"}),
    Mistake("credentials-in-text", "a stream with its password in the name", {"摄像机名称": "东门 rtsp://admin:Admin12345@10.20.1.57/1"}),
    Mistake("not-a-date", "30 February", {"安装时间": "2023-02-30"}),
    Mistake("too-long", "a name of 250 letters", {"摄像机名称": "路口" * 125}),
    Mistake("control-characters", "a line break in the name", {"摄像机名称": "牟平大街\n路口"}),
    Mistake("damaged-text", "letters lost in another encoding", {"摄像机名称": "牟平\ufffd\ufffd大街路口"}),
    Mistake("sheet-error", "a formula that failed", {"所属部门": "#REF!"}),
    Mistake("repeated-header", "the header again, as of a second page"),
    Mistake("total-row", "a sum"),
    Mistake("wrong-width", "a comma too many", only="csv"),
    Mistake("unclosed-quote", "a quotation mark that is never closed", only="csv"),
)  # fmt: skip


def mistakes_of(form: str) -> list[Mistake]:
    """The mistakes that a file of that form can have."""
    return [mistake for mistake in MISTAKES if mistake.only in {"", form}]


def messy_rows(form: str) -> list[list[str]]:
    """The list: a title, the header, good rows, and one row for each mistake."""
    rows = [[TITLE], [], list(HEADER)]
    rows += [_good(number) for number in range(1, GOOD_ROWS + 1)]
    rows[3 + 29][HEADER.index("RTSP地址")] = LOGIN
    for number, mistake in enumerate(mistakes_of(form), start=GOOD_ROWS + 1):
        row = _good(number)
        if mistake.code == "repeated-header":
            row = list(HEADER)
        elif mistake.code == "total-row":
            row = ["合计"] + [""] * (len(HEADER) - 2) + [f"共{GOOD_ROWS}路"]
        elif mistake.code == "wrong-width":
            row.append("多余的一列")
        for header, text in mistake.change.items():
            row[HEADER.index(header)] = text
        rows.append(row)
    return rows


def write_messy(path: Path) -> list[Mistake]:
    """Write the list as ``.csv`` (GB18030, as Chinese spreadsheets save it) or ``.xlsx``, and tell its mistakes.

    Raises:
        InvalidInputError: The file's ending is neither, or it cannot be written.
    """
    form = path.suffix.lower().lstrip(".")
    if form not in {"csv", "xlsx"}:
        raise InvalidInputError(f"{path.name} ends neither in .csv nor in .xlsx.")
    try:
        if form == "csv":
            _write_csv(path)
        else:
            _write_workbook(path)
    except OSError as err:
        raise InvalidInputError(f"{path} cannot be written: {err.strerror}.") from err
    return mistakes_of(form)


def _good(number: int) -> list[str]:
    """A row without a mistake; serial numbers, places and names are each row's own."""
    east, north = number % 7, number // 7
    return [
        *(
            str(number),
            f"37060200081326{number:06d}",
            f"牟平大街{number}号路口东南角",
            f"牟平大街{number}号",
            "",
        ),
        *("370612", "公安局", f"{121.205117 + east * 0.01:.6f}", f"{37.105223 + north * 0.01:.6f}", "WGS-84"),
        *("东", "90", "6.5", "球机" if number % 2 else "3", "室外", "红外", f"10.20.1.{number}"),
        *(f"00:1a:2b:3c:4d:{number:02x}", f"rtsp://10.20.1.{number}:554/ch1", "2023-05-01", "0", ""),
    ]


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        for row, unclosed in _marked(messy_rows("csv")):
            if unclosed:
                file.write(",".join([*row[:2], f'"{row[2]}', *row[3:]]) + "\r\n")
            else:
                writer.writerow(row)


def _marked(rows: list[list[str]]) -> list[tuple[list[str], bool]]:
    """The rows, and whether it is the one whose quotation mark is never closed: the last."""
    return [(row, index == len(rows) - 1) for index, row in enumerate(rows)]


def _write_workbook(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("点位清单")
    for index, row in enumerate(messy_rows("xlsx")):
        cells: list[WriteOnlyCell] = []
        for column, text in enumerate(row):
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = "s"
            if column == _CODE and "E+" in text:
                cell = WriteOnlyCell(sheet, float(text))  # as a spreadsheet itself keeps it
            elif column == _NUMBER and index > 2 and text.isdigit():
                cell = WriteOnlyCell(sheet, int(text))
            cells.append(cell)
        sheet.append(cells)
    book.save(path)
