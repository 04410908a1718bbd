"""Exporting: guards that an import undoes, and columns that it reads as what they were."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import ForbiddenError, InvalidInputError
from camera_registry.exporting import ExportRequest, Form, columns_of
from camera_registry.exporting.columns import PRIVATE
from camera_registry.exporting.guard import guarded, is_formula
from camera_registry.importing import Kind
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.headers import recognise
from models.scope import Role, Scope

EDITOR = Scope(1, frozenset({Role.GIS}), 1, 7)
READER = Scope(1, frozenset({Role.LEAD}), 1, 7)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1楼", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@x"])
def test_what_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert is_formula(text)
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["红旗路", "1+1", "a=b", "'quoted'", "", "'"])
def test_what_it_would_not_run_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text(max_size=12) | st.text("'=+-@\t\r1", max_size=6))
def test_a_guard_can_be_told_and_taken_off(text: str) -> None:
    safe = guarded(text)
    assert not safe or safe[0] not in "=+-@\t\r"
    assert (safe[1:] if safe[:1] == "'" and is_formula(safe) else safe) == text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=5))
def test_any_text_comes_back_out_of_a_csv(cells: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerow(["x", *cells])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == ["x", *cells]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_header_is_read_as_the_field_that_it_heads(kind: Kind) -> None:
    """Those of what only the catalogue knows are left out by an import."""
    for column in columns_of(ExportRequest(Form.CSV, EDITOR, kind)):
        for header in (column.name, column.title):
            field = recognise(kind, header)
            expected = FIELDS[kind].get(column.name)
            assert (field.name if field else None) == (expected.name if expected else None), header


def test_every_field_of_a_list_is_exported_but_logins() -> None:
    names = {column.name for column in columns_of(ExportRequest(Form.CSV, EDITOR))}
    assert FIELDS[Kind.CAMERAS].keys() - names == {"username", "password", "unit"}


def test_who_may_not_edit_gets_nothing_private() -> None:
    names = {column.name for column in columns_of(ExportRequest(Form.CSV, READER))}
    assert not names & PRIVATE
    with pytest.raises(ForbiddenError):
        columns_of(ExportRequest(Form.CSV, READER, fields=("code", "mac")))
    with pytest.raises(InvalidInputError, match="password"):
        columns_of(ExportRequest(Form.CSV, EDITOR, fields=("password",)))
