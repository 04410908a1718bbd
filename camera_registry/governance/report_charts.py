"""The charts of the report: bars from nought, so that no difference looks larger than it is, and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = "#C9D3DE"
ACCENTS = ("#2F6DB5", "#1E7B4F", "#C77700", "#7A4FB5", "#B3261E", "#3A8FA3", "#6B7785")

WIDTH, LINE_HEIGHT, BAR_HEIGHT, FRAME_HEIGHT = 820, 300, 24, 110
"""Pixels."""

MANY_DAYS = 15
"""From so many on a line needs no marks."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Where a series stands: rows from first to last, a column of names and one of values."""

    sheet: str
    first: int
    last: int
    names: int
    values: int


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart."""

    title: str
    cells: Cells
    colour: str


def bars(
    book: Any, series: Sequence[Series], *, form: str, most: float | None = None, labels: bool = False
) -> Any:
    """Lying bars, the first above, from nought to ``most``."""
    chart = book.add_chart({"type": "bar"})
    for each in series:
        told = {"data_labels": {"value": True, "num_format": form}} if labels else {}
        chart.add_series({**_cells(each), "fill": {"color": each.colour}, "gap": 50, **told})
    axis = {"num_format": form, "min": 0, "major_gridlines": {"visible": False}}
    chart.set_x_axis(axis if most is None else {**axis, "max": most})
    chart.set_y_axis({"reverse": True})
    _frame(chart, series)
    rows = series[0].cells.last - series[0].cells.first + 1
    chart.set_size({"width": WIDTH, "height": FRAME_HEIGHT + BAR_HEIGHT * rows})
    return chart


def lines(book: Any, series: Sequence[Series], *, form: str, most: float) -> Any:
    """Lines over days; a day without a value is a gap."""
    chart = book.add_chart({"type": "line"})
    days = series[0].cells.last - series[0].cells.first + 1
    for each in series:
        mark = {"type": "circle", "size": 5} if days < MANY_DAYS else {"type": "none"}
        chart.add_series({**_cells(each), "line": {"color": each.colour, "width": 2.25}, "marker": mark})
    chart.show_blanks_as("gap")
    chart.set_y_axis({"num_format": form, "min": 0, "max": most})
    _frame(chart, series)
    chart.set_size({"width": WIDTH, "height": LINE_HEIGHT})
    return chart


def _cells(series: Series) -> dict[str, Any]:
    where = series.cells
    return {
        "name": series.title,
        "categories": [where.sheet, where.first, where.names, where.last, where.names],
        "values": [where.sheet, where.first, where.values, where.last, where.values],
    }


def _frame(chart: Any, series: Sequence[Series]) -> None:
    """A legend for several, a title for one."""
    if len(series) > 1:
        chart.set_legend({"position": "bottom"})
    else:
        chart.set_title({"name": series[0].title, "name_font": {"size": 12}})
        chart.set_legend({"none": True})
