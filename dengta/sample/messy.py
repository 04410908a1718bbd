"""A list of cameras with every kind of mistake that lists have, the same each time."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from base.errors import InvalidInputError
from dengta.sample.messy_mistakes import MISTAKES, Mistake

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
    """Write the list as ``.csv`` (GB18030, as Chinese Excel does) or ``.xlsx``, and tell its mistakes.

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
        cells = []
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
